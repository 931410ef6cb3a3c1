"""The world of this suite, and the table at its end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import DatabaseError
from pytest_django import DjangoDbBlocker

from notifications.tests.peers import wait_until
from portal.supervisor import Program
from portal.tests.faults import book
from portal.tests.faults.run import Run
from portal.tests.faults.table import Row, draw
from portal.tests.faults.twilio import Twilio, run_twilio
from portal.tests.faults.world import World, looking_into

QUICK, FULL = 200, 2000
"""Borrowers a fault."""
ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash[ROWS]:
        terminalreporter.section("what was counted at the provider's side and in the database")
        for line in draw(rows):
            terminalreporter.write_line(line)


def size_of(config: pytest.Config) -> int:
    return QUICK if config.getoption("quick") else FULL


@pytest.fixture(scope="session")
def standing_world(pytestconfig: pytest.Config) -> Iterator[World]:
    """Started once; between tests it is mended and not started anew."""
    quick = pytestconfig.getoption("quick")
    world = World(settings.DATA_DIR / "faults", pace=1 / 7200 if quick else 1 / 3600)
    try:
        world.migrate()
        yield world
    finally:
        world.stop()


@contextmanager
def opened(world: World, blocker: DjangoDbBlocker, workers: Sequence[Program]) -> Iterator[None]:
    """Everything runs, nothing is known of any borrower, and the models of this process are those of the world."""
    world.restore(workers)
    with blocker.unblock(), looking_into(world.database_url):
        # Of thousands, what the workers of the test before are still at takes its time.
        wait_until("the tables were empty", _are_emptied, seconds=60)
        yield
    if not world.settled:
        world.crew.stop()  # what a failed test left under way is not the next one's


def _are_emptied() -> bool:
    """A sweep may be in the way."""
    try:
        book.empty()
    except DatabaseError:
        return False
    return True


@pytest.fixture
def run(standing_world: World, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest) -> Iterator[Run]:
    with opened(standing_world, django_db_blocker, standing_world.workers):
        yield _run(standing_world, request)


@pytest.fixture
def shifted_run(
    standing_world: World, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest
) -> Iterator[Run]:
    """With workers whose clock can be set."""
    with opened(standing_world, django_db_blocker, standing_world.shifted_workers):
        yield _run(standing_world, request)


@pytest.fixture(scope="session")
def standing_twilio() -> Iterator[Twilio]:
    """Under one address, since workers that know it go on from test to test."""
    with run_twilio() as twilio:
        yield twilio


@pytest.fixture
def twilio_run(
    standing_world: World,
    standing_twilio: Twilio,
    django_db_blocker: DjangoDbBlocker,
    request: pytest.FixtureRequest,
) -> Iterator[Run]:
    """With Twilio for text messages that Kannel does not take, and for calls."""
    with opened(standing_world, django_db_blocker, standing_world.spared_workers(standing_twilio.env)):
        run = _run(standing_world, request)
        run.twilio = standing_twilio
        run.twilio.forget()
        yield run


def _run(world: World, request: pytest.FixtureRequest) -> Run:
    title = request.node.name.removeprefix("test_").replace("_", " ")
    return Run(world, title, size_of(request.config), request.config.stash[ROWS])
