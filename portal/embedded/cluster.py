"""The cluster: PostgreSQL's folder on disk, made once. Its owner is whoever the server runs as."""

import locale
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.places import NOBODY, make_private, reaches, state_folder
from portal.embedded.sockets import RunFolder
from portal.embedded.waiting import wait_until
from portal.processes import Child, Identity, ProcessError, open_private

SUPERUSER = "dueproof"
ENV = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True)
class Cluster:
    """What is at `<data folder>/postgres`: the cluster, or a link to it where its owner cannot reach that folder."""

    data_folder: Path
    identity: Identity | None
    binaries: Path

    @property
    def link(self) -> Path:
        return self.data_folder / "postgres"

    def password(self) -> str:
        """Return the password of the only role, made up at the first call."""
        path = self.data_folder / "postgres.password"
        if not path.exists():
            with open_private(path) as file:
                file.write(secrets.token_hex(24).encode())
        return path.read_text().strip()

    def ensure(self, run: RunFolder, *, fast: bool) -> Path:
        """Make the cluster if there is none and return its real path.

        Raises ProcessError if initdb fails, or if another major version of PostgreSQL wrote the cluster.
        """
        if (self.link / "PG_VERSION").exists():
            self._check_version()
        else:
            self._make(run, fast=fast)
        return self.link.resolve()

    def _make(self, run: RunFolder, *, fast: bool) -> None:
        home = self.link
        if not reaches(self.identity, self.data_folder):
            home = state_folder(self.data_folder) / "postgres"
            set_aside(home)
            self.link.unlink(missing_ok=True)
        new = home.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)  # of an initdb that was killed
        make_private(new, self.identity)
        self._run_initdb(new, run, ["--no-sync"] if fast else [])
        new.rename(home)
        if home != self.link:
            self.link.symlink_to(home)

    def _run_initdb(self, home: Path, run: RunFolder, more: list[str]) -> None:
        folder = run.make("initdb", self.identity)
        secret = folder / "password"
        with open_private(secret) as file:
            file.write(self.password().encode())
        if self.identity:
            os.chown(secret, self.identity.uid, self.identity.gid)
        options = ["-D", str(home), "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
        command = [str(self.binaries / "initdb"), *options, "--no-instructions", *locale_options(), *more]
        log = self.data_folder / "logs" / "initdb.log"
        child = Child("initdb", command, log, env=ENV, identity=self.identity, cwd=Path("/"))
        try:
            child.start()
            wait_until(lambda: child.returncode == 0, child)
        finally:
            child.stop()
            shutil.rmtree(folder, ignore_errors=True)

    def _check_version(self) -> None:
        theirs = (self.link / "PG_VERSION").read_text().strip()
        command = [str(self.binaries / "postgres"), "--version"]
        ours = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[2]  # noqa: S603
        if ours.split(".")[0] != theirs:
            raise ProcessError(
                f"The data in {self.link} was written by PostgreSQL {theirs}, and the installed one is {ours}. Dump it "
                f"with the old one, or start over with bin/demo --fresh."
            )


def choose_identity(cluster: Path) -> Identity | None:
    """Return whom the server runs as: the user itself, and for root the cluster's owner or nobody.

    Raises ProcessError when the cluster belongs to somebody else.
    """
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() == 0:
        return Identity(owner.st_uid, owner.st_gid) if owner and owner.st_uid else NOBODY
    if owner and owner.st_uid != os.geteuid():
        raise ProcessError(
            f"The database in {cluster} was made by another user ({owner.st_uid}; {NOBODY.uid} stands for root). "
            f"Run as that user, or set DUEPROOF_DATA to another folder."
        )
    return None


def set_aside(cluster: Path) -> None:
    """Keep one cluster whose data folder was removed, under another name."""
    if cluster.exists():
        kept = cluster.with_name("postgres.replaced")
        shutil.rmtree(kept, ignore_errors=True)
        cluster.rename(kept)


def locale_options() -> list[str]:
    """Sort and compare the same on every machine; the C library only classifies letters, for trigram search."""
    ctype = next((name for name in ("C.UTF-8", "en_US.UTF-8") if has_locale(name)), "C")
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={ctype}"]


def has_locale(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return True
