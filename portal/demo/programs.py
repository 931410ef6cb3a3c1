"""The programs of the demonstration: the ones that production runs, and the sandbox that stands in for the world."""

import contextlib
import http.client
import signal
import socket
import sys
from collections.abc import Callable, Mapping

from portal.demo.addresses import HOST, Addresses
from portal.processes import Child
from portal.supervisor import Program

CELERY = [sys.executable, "-m", "celery", "-A", "portal"]
TABLES_ARE_THERE = "The tables are there."


def manage(*words: str) -> list[str]:
    """Return the command line of a management command, to be run in the working tree."""
    return [sys.executable, "manage.py", *words]


def book(patience: float) -> list[str]:
    """Return the command that makes the tables, says so, and loads the book: one start of Django for both.

    It may boot while the database is made: for so many seconds it waits for it.
    """
    return manage("load_book", "--migrate", "--patience", str(patience))


def receivers(addresses: Addresses, env: Mapping[str, str]) -> list[Program]:
    """Return what others send to; it boots beside the making of the database, of which it asks nothing before."""
    return [make_sandbox(addresses, env), make_bounces(addresses)]


def callers(addresses: Addresses) -> list[Program]:
    """Return what sends to the receivers, when somebody asks it to; it boots beside the making of the tables."""
    return [make_web(addresses), make_worker()]


def make_sandbox(addresses: Addresses, env: Mapping[str, str]) -> Program:
    options = {
        "--http-port": addresses.sandbox,
        "--smtp-port": addresses.mail,
        "--bounce-port": addresses.bounces,
        "--username": env["KANNEL_USERNAME"],
    }
    command = manage("sandbox", *(str(word) for option in options.items() for word in option))
    return Program("sandbox", command, lambda _child: answers(addresses.sandbox) and listens(addresses.mail))


def make_bounces(addresses: Addresses) -> Program:
    command = manage("receive_bounces", "--skip-checks", "--port", str(addresses.bounces))
    return Program("bounces", command, lambda _child: listens(addresses.bounces), stop_signal=signal.SIGINT)


def make_web(addresses: Addresses) -> Program:
    options = ["-c", "python:portal.gunicorn_conf", "--bind", f"{HOST}:{addresses.web}"]
    command = [sys.executable, "-m", "gunicorn", *options, "portal.wsgi"]
    return Program("web", command, lambda _child: answers(addresses.web))


def make_worker() -> Program:
    options = ["--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    return Program("worker", [*CELERY, "worker", *options], has_written(" ready."))


def make_beat() -> Program:
    return Program("beat", [*CELERY, "beat", "--loglevel", "INFO"], has_written("beat: Starting"))


def has_written(text: str) -> Callable[[Child], bool]:
    return lambda child: text in child.output()


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def answers(port: int, path: str = "/") -> bool:
    """Say whether a page comes, or at least a redirection to one."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status < 400
    return False
