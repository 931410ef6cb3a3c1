"""The short private folder of the sockets."""

import os
import shutil
import tempfile
from pathlib import Path

from portal.embedded.places import digest, make_private, reaches
from portal.processes import Identity, ProcessError

SOCKET_PATH_LIMIT = 103  # bytes; sockaddr_un holds 108 on Linux, 104 on macOS, with the final zero
LONGEST_NAME = "/pg/.s.PGSQL.5432.lock"


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
