"""What people write, brought by a real Kannel that is set up in the words of docs/operations.md."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus, unquote_to_bytes

import pytest
from django.db import OperationalError
from django.utils import translation
from django.utils.translation import gettext
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.tests.factories import make_borrower
from notifications import inbound_texts
from notifications.models import AgentTask, InboundText
from notifications.preferences import is_on
from notifications.tests.kannel import Gateway, fetch, run_gateway
from notifications.tests.outside import ROOT
from notifications.tests.peers import contains, wait_until
from notifications.tests.written import TOKEN, first_phone

pytestmark = [pytest.mark.peers, pytest.mark.django_db(transaction=True)]
STOPPED = "You get no more SMS from us. We use your other channels."


def groups(portal: str) -> str:
    """As operators read them, but for addresses, ports and the pause between two tries."""
    told = (ROOT / "docs/operations.md").read_text()
    block = told[told.index("group = smsbox\n") :].partition("```")[0]
    values = {
        "https://portal.example.com": portal,
        "KANNEL_CALLBACK_TOKEN": TOKEN,
        "sendsms-port = 13013": "sendsms-port = {sendsms}",
        "http-queue-delay = 10": "http-queue-delay = 1",
    }
    for written, ours in values.items():
        assert written in block
        block = block.replace(written, ours)
    return block


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, live_server: LiveServer) -> Iterator[Gateway]:
    with run_gateway(tmp_path_factory.mktemp("kannel"), groups(live_server.url)) as running:
        yield running


@pytest.fixture
def borrower(settings: Settings) -> User:
    settings.SMS_CALLBACK_TOKEN = TOKEN
    return make_borrower()


def write(gateway: Gateway, sender: str, text: str, *, until: Callable[[Path], bool]) -> str:
    """What the message centre was given by the time that `until` is so of its log, after `sender` wrote this."""
    wait_until("the message centre of before is gone", lambda: "online" not in fetch(gateway.status))
    with gateway.message_centre("centre", "-m", "1", f"{sender} 10690 {text}") as log:
        wait_until("it was answered", lambda: until(log))
        return log.read_text()


def test_stop_is_obeyed_and_answered(gateway: Gateway, borrower: User) -> None:
    phone = first_phone(borrower)
    told = write(gateway, phone, "text STOP", until=lambda log: contains(log, "Got message 1"))
    assert f"<10690 {phone} text {STOPPED}>" in told
    assert not is_on(borrower, "sms")


def test_stop_in_chinese_is_understood_and_the_answer_keeps_its_letters(gateway: Gateway, borrower: User) -> None:
    User.objects.update(locale="zh-hans")
    phone, word = first_phone(borrower), quote_plus("退订".encode("utf-16-be"))
    told = write(gateway, phone, f"ucs2 {word}", until=lambda log: contains(log, "Got message 1"))
    given = told.partition(f"<10690 {phone} ucs-2 ")[2].partition(">")[0]
    with translation.override("zh-hans"):
        assert unquote_to_bytes(given).decode("utf-16-be") == gettext(STOPPED) != STOPPED
    assert not is_on(borrower, "sms")


def test_an_empty_answer_is_no_message(gateway: Gateway, borrower: User) -> None:
    """So that two machines do not answer each other without end. What the second text is answered would come before
    what the third is.
    """
    write(gateway, first_phone(borrower), "text hello", until=lambda log: contains(log, "Got message 1"))
    assert AgentTask.objects.get().borrower == borrower
    write(gateway, first_phone(borrower), "text hello", until=lambda _log: InboundText.objects.count() == 2)
    told = write(gateway, first_phone(borrower), "text 0000", until=lambda log: contains(log, "not known here"))
    assert told.count("Got message") == 1


def test_what_met_a_fault_of_ours_is_brought_again(
    gateway: Gateway, borrower: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, faults = inbound_texts.receive, [OperationalError("gone")] * 2

    def fail_twice(*texts: object, **named: object) -> str:
        if faults:
            raise faults.pop()
        return receive(*texts, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(inbound_texts, "receive", fail_twice)
    told = write(gateway, first_phone(borrower), "text STOP", until=lambda log: contains(log, "Got message 1"))
    assert STOPPED in told
    assert not is_on(borrower, "sms")
