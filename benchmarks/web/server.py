"""The portal's web server as production runs it, and the cookies of people who are signed in."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from urllib.request import urlopen

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.middleware.csrf import CSRF_SECRET_LENGTH
from django.utils.crypto import get_random_string

from accounts.models import User
from benchmarks.web.client import ask_all, write_request
from portal.processes import Child, ProcessError

SETTINGS = "benchmarks.web.settings"
READY_SECONDS = 60.0
HELLO = "/benchmarks/hello"
WARM_UP = 64
"""Requests before anything is timed: each process loads its addresses with the first."""


@contextmanager
def web_server(logs: Path, name: str = "web", application: str = "portal.wsgi", **more: str) -> Iterator[int]:
    """Serve `application` until the block ends; gives the port. Raises ProcessError with the last lines of
    `<logs>/<name>.log`.
    """
    env = {**os.environ, **more, "DJANGO_SETTINGS_MODULE": SETTINGS}
    collect_static()
    # Handed over as it is: a port that was only looked for may be somebody else's by the time that the server starts.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, file = listener.getsockname()[1], listener.fileno()
        options = ["-c", "python:portal.gunicorn_conf", "--bind", f"fd://{file}", "--backlog", "1024"]
        command = [sys.executable, "-m", "gunicorn", *options, application]
        child = Child(name, command, logs / f"{name}.log", env=env, stop_signal=signal.SIGTERM, inherits=(file,))
        child.start()
    try:
        await_answer(port, child)
        ask_all(port, [write_request(HELLO)] * WARM_UP, connections=8)
        yield port
    finally:
        child.stop()


@cache
def collect_static() -> None:
    """Once a run: pages name their files by what is in them, as in production."""
    command = [sys.executable, "-m", "django", "collectstatic", "--no-input", "--verbosity=0"]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS}
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)


def await_answer(port: int, child: Child) -> None:
    """Raises ProcessError where the server ends, or is not there in time."""
    try:
        urlopen(f"http://127.0.0.1:{port}{HELLO}", timeout=READY_SECONDS).close()
    except OSError as fault:
        ended = child.returncode is not None
        raise (child.failure() if ended else ProcessError("The web server does not answer.")) from fault


def sign_in(borrower_ids: Sequence[int]) -> dict[int, str]:
    """Give each of them a session and a secret for forms, as signing in does; returns their cookies."""
    engine: ModuleType = import_module(settings.SESSION_ENGINE)
    cookies = {}
    for user in User.objects.filter(pk__in=list(borrower_ids)):
        session = engine.SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        secret = get_random_string(CSRF_SECRET_LENGTH)
        cookies[user.pk] = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={secret}"
    return cookies
