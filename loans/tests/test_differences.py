"""Where two firms do not say the same: since when, who has to follow, and that agreement ends it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from loans.differences import follow_differences
from loans.models import Difference, Installment, Partner, Payment, PaymentPart, Position, PositionChange
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.intake_files import booked, send_entries
from loans.tests.positions import START, differences, file_of, say, say_in_file

pytestmark = pytest.mark.django_db
HOUR, NOTHING, HALF, ALL = timedelta(hours=1), Decimal(0), Decimal(50), Decimal(100)


@pytest.fixture
def bank() -> Partner:
    return make_bank()


@pytest.fixture
def platform() -> Partner:
    return make_platform()


@pytest.fixture
def installment(bank: Partner, platform: Partner) -> Installment:
    return make_installment(make_loan(), due_on=date(2026, 12, 5))


def test_what_only_the_platform_saw_lasts_until_the_bank_shows_it(
    installment: Installment, bank: Partner, platform: Partner
) -> None:
    say(installment, bank, NOTHING, now=START)
    say(installment, platform, ALL, now=START + HOUR)
    assert differences() == [("platform_only", "bank", True)]
    assert installment.state == Installment.State.AWAITING_BANK
    say(installment, bank, ALL, now=START + 5 * HOUR)
    [ended] = Difference.objects.all()
    assert (ended.since, ended.ended_at) == (START + HOUR, START + 5 * HOUR)


def test_what_only_the_bank_shows_waits_for_the_platform(
    installment: Installment, bank: Partner, platform: Partner
) -> None:
    say(installment, platform, NOTHING, now=START)
    say(installment, bank, ALL, now=START + HOUR)
    assert differences() == [("bank_only", "platform", True)]
    say(installment, platform, ALL, now=START + 2 * HOUR)
    assert differences() == [("bank_only", "platform", False)]


def test_a_firm_that_has_said_nothing_does_not_differ(installment: Installment, bank: Partner) -> None:
    say(installment, bank, ALL, now=START)
    assert differences() == []


def test_amounts_that_differ_are_the_same_difference_of_another_kind(
    installment: Installment, bank: Partner, platform: Partner
) -> None:
    say(installment, platform, HALF, now=START)
    say(installment, bank, Decimal(30), now=START + HOUR)
    assert differences() == [("amounts", "bank", True)]
    say(installment, bank, Decimal(70), now=START + 2 * HOUR)
    assert differences() == [("amounts", "platform", True)]
    assert Difference.objects.get().since == START


def test_another_due_date_or_total_is_a_difference_of_its_own(
    installment: Installment, bank: Partner, platform: Partner
) -> None:
    say(installment, bank, NOTHING, now=START)
    say(installment, platform, ALL, now=START, due_on=date(2026, 12, 6))
    assert differences() == [("platform_only", "bank", True), ("schedule", "platform", True)]
    say(installment, bank, ALL, now=START + HOUR)
    assert differences() == [("platform_only", "bank", False), ("schedule", "platform", True)]
    say(installment, platform, ALL, now=START + 2 * HOUR)
    assert differences() == [("platform_only", "bank", False), ("schedule", "platform", False)]


def test_a_payment_that_the_platform_saw_is_its_word_and_one_that_was_returned_is_not(
    installment: Installment, bank: Partner, platform: Partner
) -> None:
    say(installment, bank, NOTHING, now=START)
    payment = Payment.objects.create(
        loan=installment.loan, installment=installment, amount=ALL, currency="CNY", status="received",
        paid_on=START.date(), received_at=START,
    )  # fmt: skip
    PaymentPart.objects.create(payment=payment, installment=installment, amount=ALL)
    follow_differences([installment.pk], now=START)
    assert differences() == [("platform_only", "bank", True)]
    Payment.objects.filter(pk=payment.pk).update(status="returned")
    follow_differences([installment.pk], now=START + HOUR)
    assert differences() == [("platform_only", "bank", False)]


def test_an_installment_that_is_withdrawn_differs_no_more(
    installment: Installment, bank: Partner, platform: Partner
) -> None:
    say(installment, platform, ALL, now=START)
    Installment.objects.update(state=Installment.State.WITHDRAWN)
    follow_differences([installment.pk], now=START + HOUR)
    assert differences() == [("platform_only", "bank", False)]


def test_the_files_of_both_firms_begin_and_end_it(bank: Partner, platform: Partner) -> None:
    say_in_file(bank, START, file_of(1))
    say_in_file(platform, START + HOUR, file_of(1, paid=True))
    assert differences() == [("platform_only", "bank", True)]
    say_in_file(bank, START + 2 * HOUR, file_of(1, paid=True))
    assert differences() == [("platform_only", "bank", False)]


def test_a_booking_of_a_statement_is_the_banks_word(bank: Partner, platform: Partner) -> None:
    say_in_file(bank, START, file_of(1))
    say_in_file(platform, START, file_of(1, paid=True))
    send_entries([booked(1, text="LN-1")])
    assert differences() == [("platform_only", "bank", False)]


def test_following_costs_the_same_however_many_installments_there_are(bank: Partner, platform: Partner) -> None:
    loan = make_loan()
    ids = [make_installment(loan, due_on=date(2026, 12, 5)).pk for _place in range(20)]
    with CaptureQueriesContext(connection) as ran:
        follow_differences(ids, now=START)
    assert len(ran) == 1


# What was said before


def said(partner: Partner) -> list[tuple[str, Decimal, object]]:
    return list(PositionChange.objects.filter(partner=partner).values_list("status", "paid", "as_of"))


def test_each_word_of_a_firm_is_kept_with_the_first_one(installment: Installment, bank: Partner) -> None:
    say(installment, bank, NOTHING, now=START)
    assert said(bank) == []
    say(installment, bank, HALF, now=START + HOUR)
    say(installment, bank, HALF, now=START + 2 * HOUR)
    say(installment, bank, ALL, now=START + 3 * HOUR)
    assert said(bank) == [("due", NOTHING, START), ("due", HALF, START + HOUR), ("paid", ALL, START + 3 * HOUR)]


def test_figures_that_were_never_said_before_are_no_change(installment: Installment, platform: Partner) -> None:
    say(installment, platform, NOTHING, now=START, due_on=None, total=None)
    say(installment, platform, NOTHING, now=START + HOUR)
    assert said(platform) == []
    say(installment, platform, NOTHING, now=START + 2 * HOUR, due_on=date(2026, 12, 9))
    days = PositionChange.objects.values_list("due_on", flat=True)
    assert list(days) == [installment.due_on, date(2026, 12, 9)]


def test_what_was_said_is_never_changed_or_deleted(installment: Installment, platform: Partner) -> None:
    say(installment, platform, ALL, now=START)
    for attempt in (lambda: PositionChange.objects.update(paid=1), lambda: PositionChange.objects.all().delete()):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            attempt()


class TestAnyOrder(TestCase):
    """Whatever the firms say and in whatever order, what is open afterwards depends on their last words alone."""

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from([0, 30, 50, 100])), min_size=1, max_size=8))
    def test_open_differences_follow_from_the_last_words(self, words: list[tuple[bool, int]]) -> None:
        bank, platform = make_bank(), make_platform()
        installment = make_installment(make_loan(), due_on=date(2026, 12, 5))
        last: dict[bool, int] = {}
        for place, (is_bank, paid) in enumerate(words):
            say(installment, bank if is_bank else platform, Decimal(paid), now=START + place * HOUR)
            last[is_bank] = paid
        differ = False in last and last[False] != last.get(True, 0)
        assert Difference.objects.open().count() == differ
        ended = Difference.objects.filter(ended_at__isnull=False)
        assert all(one.ended_at and one.ended_at >= one.since for one in ended)
        assert Position.objects.count() == len(last)
