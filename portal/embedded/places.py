"""Where the servers keep files and sockets, and which user may reach them."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from portal.processes import Identity, ProcessError

STATE = Path("/var/lib/dueproof")  # for root only: when the clone lies where no other user may enter
SOCKET_PATH_LIMIT = 103  # bytes; sockaddr_un holds 108 on Linux, 104 on macOS, with the final zero
LONGEST_NAME = "/pg/.s.PGSQL.5432.lock"
NOBODY = Identity(65534, 65534)


def make_data_folder(folder: Path) -> None:
    """Make the data folder, traversable but not listable for others: as root, PostgreSQL runs as another user.

    Raises ProcessError if it cannot be written.
    """
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o711)
        make_private(folder / "logs")
    except OSError as error:
        raise ProcessError(f"The data folder {folder} cannot be made or entered: {error}") from error
    if not os.access(folder, os.W_OK | os.X_OK) or not os.access(folder / "logs", os.W_OK | os.X_OK):
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
            user=identity and identity.uid,
            group=identity and identity.gid,
            extra_groups=[] if identity else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ProcessError(
            f"PostgreSQL does not run as root, and this machine does not let root run a process as user "
            f"{identity and identity.uid} ({error}). Run as a normal user, or set DATABASE_URL to a server of yours."
        ) from error
    return outcome.returncode == 0


class RunFolder:
    """The short private folder of the sockets, made anew at each start: a socket's path may have only ~104 bytes."""

    def __init__(self, data_folder: Path) -> None:
        self.name = f"dueproof-{digest(data_folder)}"
        self.made: set[Path] = set()

    def make(self, server: str, identity: Identity | None) -> Path:
        """Make the folder of one server's socket, for `identity` if given.

        Raises ProcessError if a folder of that name is there and is not ours.
        """
        folder = self._base(identity) / self.name
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            self._check_ours(folder)
        self.made.add(folder)
        if identity:
            # The other user may pass through to its own folder inside, but neither list nor write here.
            os.chown(folder, -1, identity.gid)
            folder.chmod(0o710)
        else:
            folder.chmod(folder.stat().st_mode & 0o710 | 0o700)
        shutil.rmtree(folder / server, ignore_errors=True)
        return make_private(folder / server, identity)

    def remove(self) -> None:
        """Remove what make() made, once its servers have stopped."""
        while self.made:
            shutil.rmtree(self.made.pop(), ignore_errors=True)

    def _base(self, identity: Identity | None) -> Path:
        for base in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108 - checked before use
            path = Path(base).resolve()
            fits = len(os.fsencode(path / self.name)) + len(LONGEST_NAME) <= SOCKET_PATH_LIMIT
            if fits and os.access(path, os.W_OK | os.X_OK) and reaches(identity, path):
                return path
        raise ProcessError("No temporary folder with a short path is writable. Set TMPDIR to one.")

    @staticmethod
    def _check_ours(folder: Path) -> None:
        status = folder.lstat()
        if not folder.is_dir() or folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o027:
            raise ProcessError(
                f"{folder} is there already and is not a private folder of user {os.geteuid()}. The database's socket "
                f"belongs in it, so it is not used: look at who made it, then remove it, or set TMPDIR."
            )
