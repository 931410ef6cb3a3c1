"""Firms that came to be known later change nothing of what reports of before meant, when these are replayed."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from loans import tasks
from loans.intake.state import state_of
from loans.models import Loan, Partner, Report, WaitingRecord
from loans.tests.factories import make_bank, make_platform
from loans.tests.import_runs import run
from loans.tests.intake_files import booked, loan_of, seen, send_entries, send_loans
from loans.tests.pushing import about, make_key, told

pytestmark = pytest.mark.django_db(transaction=True)


def make_other_bank() -> Partner:
    return Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")


def make_other_platform() -> Partner:
    return Partner.objects.create(code="beacon", kind=Partner.Kind.PLATFORM, name="Beacon Mall")


def replayed(*order: str) -> tuple[int, str]:
    ended = run("replay_reports", *order)
    return ended.code, ended.out


def test_a_loan_that_a_platform_alone_spoke_of_is_that_of_the_only_bank_of_its_time() -> None:
    make_bank()
    make_platform()
    send_loans([loan_of(10, transactions=[seen("E-10")])], "lantern")
    make_other_bank()
    send_loans([loan_of(12)], "lantern")
    assert [loan.bank.code for loan in Loan.objects.all()] == ["harbour"]
    assert WaitingRecord.objects.count() == 1
    assert replayed() == (0, "The same state by 2 reports.\n")


def test_a_loan_that_a_bank_opened_stays_with_the_only_platform_of_its_time() -> None:
    make_bank()
    make_platform()
    send_loans([loan_of(10)])
    make_other_platform()
    send_loans([loan_of(12)])
    assert [loan.platform_id is None for loan in Loan.objects.order_by("external_id")] == [False, True]
    assert replayed() == (0, "The same state by 2 reports.\n")


@pytest.mark.parametrize("order", [[], ["--shuffled", "1"], ["--shuffled", "2"], ["--shuffled", "3"]])
def test_the_reports_of_two_banks_and_their_platform_give_the_state_that_is_on_record(order: list[str]) -> None:
    make_bank()
    make_platform()
    send_loans([loan_of(10, transactions=[seen("E-10")])], "lantern")
    send_entries([booked(1, "E-10", "LN-10")])
    make_other_bank()
    send_loans([loan_of(20)], "other")
    send_loans([loan_of(12)])
    send_loans([loan_of(14)], "lantern")
    send_entries([booked(2, text="LN-20-1"), booked(3, text="LN-14-1")], "other")
    send_loans([loan_of(14)], "other")
    before = state_of()
    assert replayed(*order) == (0, "The same state by 7 reports.\n")
    assert state_of() == before


def test_an_event_that_named_a_bank_before_that_was_known_is_refused_again() -> None:
    secret = make_key(make_platform())
    make_bank()
    told("lantern", secret, about("loan.opened", bank="other"))
    make_other_bank()
    assert not Loan.objects.exists()
    assert replayed() == (0, "The same state by 1 reports.\n")


def test_what_lay_unapplied_while_a_bank_came_to_be_known_is_read_as_when_it_came() -> None:
    make_bank()
    make_platform()
    make_other_bank()
    later = timezone.now() + timedelta(days=1)
    Partner.objects.filter(code="other").update(known_since=later)
    send_loans([loan_of(10)], "lantern")
    assert [loan.bank.code for loan in Loan.objects.all()] == ["harbour"]


def test_what_came_before_its_loan_waits_for_whichever_bank_opens_it() -> None:
    """The platform may be there before the bank is."""
    secret = make_key(make_platform())
    make_bank()
    told("lantern", secret, about("position.snapshot"))
    other = make_other_bank()
    told("other", make_key(other), about("loan.opened"))
    assert tasks.look_again_at_events() == 1
    assert [loan.bank for loan in Loan.objects.all()] == [other]
    assert replayed() == (0, "The same state by 2 reports.\n")


def test_a_partner_of_before_is_known_since_it_was_first_spoken_with_or_of() -> None:
    """What is written for those that were there before anybody noted it."""
    make_bank()
    make_platform()
    send_loans([loan_of(10)], "lantern")
    silent = make_other_bank()
    long_after = timezone.now() + timedelta(days=9)
    Partner.objects.update(known_since=long_after)
    with connection.cursor() as cursor:
        cursor.execute(import_module("loans.migrations.0025_since_when_a_partner_is_known").SINCE)
    since = dict(Partner.objects.values_list("code", "known_since"))
    report, loan = Report.objects.get(), Loan.objects.first()
    assert since == {"lantern": report.received_at, "harbour": loan and loan.created_at, silent.code: long_after}
