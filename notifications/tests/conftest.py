"""Fixtures of several test files of this app."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_borrower
from notifications.evidence import checking, sealing
from notifications.models import Delivery, Seal
from notifications.tests.cases import Told, dispute, make_case, pay
from notifications.tests.events import make_events
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.outside import SandboxProcess, run_sandbox
from notifications.tests.written import TOKEN


@pytest.fixture
def borrower() -> User:
    return make_borrower()


@pytest.fixture
def open_to_texts(settings: Settings) -> None:
    """Kannel may bring what people write."""
    settings.SMS_CALLBACK_TOKEN = TOKEN


@pytest.fixture
def asked() -> Delivery:
    """An SMS that asks for "I know", handed over."""
    return make_delivery(status=Delivery.Status.DELIVERED, sent_at=NOON, handed_at=NOON)


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[SandboxProcess]:
    """Receipts come after a hundredth of the usual delay; nobody waits for bounces on port 1."""
    with run_sandbox("--unit=0.01", "--retry-seconds=0.05", "--bounce-port=1") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox_process: SandboxProcess) -> SandboxProcess:
    """The sandbox, without what earlier tests sent to it."""
    _sandbox_process.reset()
    return _sandbox_process


@pytest.fixture
def sealed_ids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Twelve events under four seals, which are read two at a time."""
    monkeypatch.setattr(sealing, "BATCH", 3)
    monkeypatch.setattr(checking, "PAGE", 2)
    made = make_events(12)
    sealing.seal_events(NOON)
    assert Seal.objects.count() == 4
    return made


@pytest.fixture
def case() -> Told:
    """Told by SMS and email, and acknowledged."""
    return make_case()


@pytest.fixture
def whole_case(case: Told) -> Told:
    """And paid, and disputed."""
    pay(case)
    dispute(case)
    return case
