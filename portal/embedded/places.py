"""Where the servers keep their files, and which user may reach them."""

import contextlib
import hashlib
import os
import pwd
import subprocess
from pathlib import Path

from portal.processes import Identity, ProcessError

STATE = Path("/var/lib/dueproof")  # for root only: when the clone lies where no other user may enter


def find_nobody() -> Identity:
    """Return whom root's database runs as. It must be in the list of users: initdb looks its name up."""
    with contextlib.suppress(KeyError):
        nobody = pwd.getpwnam("nobody")
        return Identity(nobody.pw_uid, nobody.pw_gid)
    return Identity(65534, 65534)


NOBODY = find_nobody()


def make_data_folder(folder: Path) -> None:
    """Make the data folder, traversable but not listable for others: as root, PostgreSQL runs as another user.

    Raises ProcessError if it cannot be written.
    """
    try:
        for step in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            step.mkdir()
            step.chmod(0o711)
        make_private(folder / "logs")
        ours = os.access(folder, os.W_OK | os.X_OK) and os.access(folder / "logs", os.W_OK | os.X_OK)
    except PermissionError as error:
        raise ProcessError(
            f"The data folder {folder} cannot be made or entered by user {os.geteuid()} ({error}). Run as the user who "
            f"made it, or set DUEPROOF_DATA to another folder."
        ) from error
    except OSError as error:
        raise ProcessError(f"The data folder {folder} cannot be made: {error}") from error
    if not ours:
        raise ProcessError(
            f"The data folder {folder} belongs to user {folder.stat().st_uid}, and this is user {os.geteuid()}. "
            f"Run as the user who made it, or set DUEPROOF_DATA to another folder."
        )


def make_private(folder: Path, owner: Identity | None = None) -> Path:
    """Make a folder that only its owner may enter, whatever the umask."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)
        if owner:
            os.chown(folder, owner.uid, owner.gid)
    return folder


def digest(path: Path) -> str:
    """Name a path in 12 characters, the same at every start and different for each user."""
    return hashlib.sha256(f"{os.geteuid()}:{path.resolve()}".encode()).hexdigest()[:12]


def reaches(identity: Identity | None, folder: Path, *programs: Path) -> bool:
    """Say whether a process of `identity` can enter the folder and run the programs: tried by such a process."""
    script = 'cd "$1" && shift && for program; do "$program" --version >/dev/null || exit 1; done'
    command = ["/bin/sh", "-c", script, "sh", os.fspath(folder), *map(os.fspath, programs)]
    try:
        outcome = subprocess.run(  # noqa: S603 - a fixed script
            command,
            cwd="/",
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=identity.uid if identity else None,
            group=identity.gid if identity else None,
            extra_groups=[] if identity else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ProcessError(
            f"PostgreSQL does not run as root, and this machine does not let root run a process as user "
            f"{identity and identity.uid} ({error}). Run as a normal user, or set DATABASE_URL to a server of yours."
        ) from error
    return outcome.returncode == 0


def state_folder(path: Path) -> Path:
    """Make root's own folder, open for passing through, for what cannot lie at `path`."""
    folder = STATE / digest(path)
    try:
        for step in (STATE, folder):
            step.mkdir(exist_ok=True)
            step.chmod(0o755)
    except OSError as error:
        raise ProcessError(
            f"PostgreSQL runs as user {NOBODY.uid} here, who cannot reach {path}; and {folder} cannot be made instead "
            f"({error}). Set DUEPROOF_DATA to a folder that every user may enter, or DATABASE_URL to a server."
        ) from error
    return folder
