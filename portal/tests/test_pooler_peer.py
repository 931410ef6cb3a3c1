"""Behind a real PgBouncer: one that shares sessions is found out and no worker starts; one that does not is let be."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from loans.own_sessions import SharedSessionError, check_sessions, connect_alone
from notifications.tests.outside import find_free_port
from notifications.tests.peers import accepts_connections, require, wait_until

pytestmark = [pytest.mark.peers, pytest.mark.django_db(transaction=True)]

CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {round_robin}
query_wait_timeout = 10
ignore_startup_parameters = extra_float_digits, options
{user}
"""


@contextmanager
def run_pooler(folder: Path, mode: str, *, size: int = 5, round_robin: int = 0) -> Iterator[int]:
    """A PgBouncer before the test's own database; yields its port."""
    program, port = require("pgbouncer", "pgbouncer"), find_free_port()
    said = connection.get_connection_params()
    server = {name: said.get(name) for name in ("host", "port", "user", "password")}
    text = CONFIGURATION.format(
        server=" ".join(f"{name}={value}" for name, value in server.items() if value),
        port=port,
        mode=mode,
        size=size,
        round_robin=round_robin,
        user="user = nobody" if os.geteuid() == 0 else "",  # it refuses to run for root
    )
    file = folder / "pgbouncer.ini"
    file.write_text(text)
    with subprocess.Popen([program, str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            wait_until("PgBouncer listened", lambda: accepts_connections(port))
            yield port
        finally:
            running.terminate()


def through(port: int) -> Any:
    """How a process connects whose DATABASE_URL leads to the pooler."""
    parameters = {**connection.get_connection_params(), "host": "127.0.0.1", "port": port}
    return lambda: psycopg.connect(**parameters, autocommit=True)


@pytest.mark.parametrize(("size", "round_robin"), [(5, 0), (5, 1), (1, 0)])
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_shares_sessions_is_found_out(tmp_path: Path, mode: str, size: int, round_robin: int) -> None:
    pooler = run_pooler(tmp_path, mode, size=size, round_robin=round_robin)
    with pooler as port, pytest.raises(SharedSessionError, match="pool_mode = session"):
        check_sessions(through(port))


def test_a_pooler_that_keeps_sessions_apart_is_let_be(tmp_path: Path) -> None:
    with run_pooler(tmp_path, "session") as port:
        check_sessions(through(port))


def test_a_worker_behind_a_pooler_that_shares_sessions_does_not_start_and_says_why(tmp_path: Path) -> None:
    said = connection.get_connection_params()
    with run_pooler(tmp_path, "transaction") as port:
        url = f"postgres://{quote(said['user'])}@127.0.0.1:{port}/{said['dbname']}"
        ran = subprocess.run(
            [sys.executable, "-m", "celery", "-A", "portal", "worker", "--pool", "solo"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 1
    assert "give them a DATABASE_URL that leads to PostgreSQL itself" in ran.stderr


def test_connections_that_lead_to_the_server_itself_are_let_be() -> None:
    check_sessions(connect_alone)
