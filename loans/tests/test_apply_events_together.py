"""Events of many messages and firms: applied as sets, one by one where they do not go together, and to whose loan."""

from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loans.intake.events import sweep
from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.handlers import HANDLERS, Notice
from loans.intake.events.sweep import apply_kept
from loans.intake.news import News, RefusedError
from loans.intake.records import Code
from loans.models import Event, Installment, Loan, Partner, Payment, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import about, make_key, push, told

pytestmark = pytest.mark.django_db
State = Installment.State
Status = Event.Status


@pytest.fixture
def bank() -> str:
    return make_key(make_bank())


@pytest.fixture
def platform() -> str:
    return make_key(make_platform())


THIRD = {"principal": "5.00", "total": "5.00", "outstanding": "5.00"}
APPLIED, UNCHANGED, KEPT = (Status.APPLIED, ""), (Status.UNCHANGED, ""), (Status.KEPT, "")


def test_a_handler_gets_the_events_of_its_type_as_a_set(bank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def handle(notices: Any) -> list[News | RefusedError]:
        seen.append([record.data["outage"] for _incoming, record in notices])
        return [News(touched=True), RefusedError("this outage is over", Code.ORDER)]

    monkeypatch.setitem(HANDLERS, "outage.declared", handle)
    said = [about("outage.declared", outage="A"), about("outage.declared", outage="B")]
    assert told("harbour", bank, *said) == [APPLIED, (Status.REFUSED, Code.ORDER)]
    assert seen == [["A", "B"]]


def count_statements(secret: str, events: list[dict[str, Any]], messages: int) -> int:
    share = len(events) // messages
    for number in range(messages):
        push("harbour", secret, *events[number * share : (number + 1) * share])
    with CaptureQueriesContext(connection) as queries:
        assert apply_kept() == messages
    assert set(Event.objects.values_list("status", flat=True)) == {Status.APPLIED}
    return len(queries)


def test_the_number_of_statements_does_not_depend_on_the_number_of_events(bank: str) -> None:
    def loans(first: int, most: int) -> list[dict[str, Any]]:
        numbers = range(first, first + most)
        return [about("loan.opened", loan=f"L-{n}", borrower={"id": f"B-{n}", "name": "A"}) for n in numbers]

    few = count_statements(bank, loans(0, 4), messages=2)
    assert count_statements(bank, loans(100, 40), messages=20) == few

    def payments(first: int, most: int) -> list[dict[str, Any]]:
        numbers = range(first, first + most)
        return [about("payment.settled", loan=f"L-{n}", payment=f"L-{n}-1") for n in numbers]

    few = count_statements(bank, payments(100, 2), messages=1)
    assert count_statements(bank, payments(110, 30), messages=30) <= few


def test_an_event_that_breaks_a_rule_of_the_database_does_not_hold_up_the_others(
    bank: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told("harbour", bank, about("loan.opened"))

    def handle(notices: list[Notice]) -> list[News | RefusedError]:
        for _incoming, record in notices:
            if record.data["outage"] == "bad":
                Partner.objects.create(code="harbour", kind="bank", name="Lin Mei")
            if record.data["outage"] == "worse":
                raise KeyError("Lin Mei")
        return [News(touched=True)] * len(notices)

    monkeypatch.setitem(HANDLERS, "outage.declared", handle)
    said = [about("outage.declared", outage=name) for name in ("bad", "good", "worse")]
    assert told("harbour", bank, *said, about("payment.settled")) == [
        (Status.REFUSED, "against_a_rule"),
        APPLIED,
        (Status.REFUSED, "not_applied"),
        APPLIED,
    ]
    assert "Lin Mei" not in caplog.text
    assert not Event.objects.filter(reason__contains="Lin Mei").exists()


def test_a_task_whose_time_is_over_refuses_no_event(bank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told("harbour", bank, about("loan.opened"))

    def handle(_notices: list[Notice]) -> list[News | RefusedError]:
        raise SoftTimeLimitExceeded

    monkeypatch.setitem(HANDLERS, "outage.declared", handle)
    push("harbour", bank, about("outage.declared", outage="B-1"))
    with pytest.raises(SoftTimeLimitExceeded):
        apply_kept()
    assert Report.objects.latest("pk").status == Report.Status.RECEIVED


def test_a_message_that_the_catalogue_no_longer_knows_is_refused_whole(
    bank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    push("harbour", bank, about("outage.ended"))
    monkeypatch.delitem(CATALOGUE, ("outage.ended", 1))
    assert apply_kept() == 1
    report = Report.objects.get()
    assert (report.status, report.refusals[0]["code"]) == (Report.Status.REFUSED, "unknown_event_type")
    assert apply_kept() == 0


def test_a_helping_is_bounded_in_messages_and_in_bytes(bank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        push("harbour", bank, about("outage.ended"))
    assert apply_kept(most=2) == 2
    monkeypatch.setattr(sweep, "MOST_BYTES", 1)
    assert apply_kept() == 1
    assert apply_kept() == 1
    assert apply_kept() == 1
    assert apply_kept() == 0


def test_with_two_banks_a_platform_speaks_of_its_own_loan_whatever_other_bank_uses_the_number(
    bank: str, platform: str
) -> None:
    other = Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    told("harbour", bank, about("loan.opened"))
    Loan.objects.update(platform=Partner.objects.get(code="lantern"))
    borrower = {"id": "B-9", "phone": "+8613800139999"}
    assert told("other", make_key(other), about("loan.opened", borrower=borrower)) == [APPLIED]
    assert told("lantern", platform, about("payment.received", installment=1)) == [APPLIED]
    assert Payment.objects.get().loan.bank.code == "harbour"


def test_what_we_know_of_a_person_from_others_is_told_to_the_desk_and_to_no_partner(bank: str) -> None:
    other = Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    told("harbour", bank, about("loan.opened"))
    borrower = {**CATALOGUE["loan.opened", 1].example["borrower"], "id": "B-9", "name": "Somebody Else"}
    assert told("other", make_key(other), about("loan.opened", loan="X-1", borrower=borrower)) == [APPLIED]
    report = Report.objects.get(partner=other)
    assert report.events.get().reason == ""
    assert "another name" in report.remarks[0]
