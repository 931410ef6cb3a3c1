from collections.abc import Iterator
from queue import Queue

import pytest
from django.test import Client
from playwright.sync_api import Browser

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Loan
from loans.tests.factories import make_loan
from notifications.tests.outside import SandboxProcess, receive_bounces, run_sandbox
from portal.tests.browser import run_browser
from portal.tests.people import sign_in
from portal.tests.sandboxes import Bounces


@pytest.fixture
def borrower() -> User:
    return make_borrower()


@pytest.fixture
def loan(borrower: User) -> Loan:
    return make_loan(borrower)


@pytest.fixture
def page(borrower: User) -> Client:
    """The borrower's browser, signed in."""
    return sign_in(borrower)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread, which Django takes for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch, run_browser() as browser:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield browser


@pytest.fixture(scope="session")
def _running() -> Iterator[tuple[SandboxProcess, Bounces]]:
    bounces = Bounces()
    with (
        receive_bounces(bounces.store) as port,
        run_sandbox("--unit=0.02", "--retry-seconds=0.02", f"--bounce-port={port}") as sandbox,
    ):
        yield sandbox, bounces


@pytest.fixture
def sandbox(_running: tuple[SandboxProcess, Bounces]) -> SandboxProcess:
    _running[0].reset()
    return _running[0]


@pytest.fixture
def bounces(_running: tuple[SandboxProcess, Bounces]) -> Bounces:
    _running[1].reports = Queue()
    return _running[1]
