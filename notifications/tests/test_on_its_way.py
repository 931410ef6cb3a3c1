"""What asks for a payment says how much of it is on its way to the bank, and asks for the rest."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment, PaymentPart
from loans.tests.factories import make_installment, make_loan
from notifications.models import Delivery, Prompt
from notifications.placing import place
from notifications.rendering import render
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt
from notifications.tests.test_left_to_pay import said, see
from notifications.wording.facts import Facts
from notifications.wording.source import LANGUAGES, read_wordings

pytestmark = pytest.mark.django_db
DUE = TODAY + timedelta(days=3)


@pytest.fixture
def row() -> Installment:
    return make_installment(make_loan(), due_on=DUE)


def words(kind: str, stage: int, facts: Facts) -> str:
    return render(kind, stage, "email", facts, "https://x.example.test/m/1").text


def test_a_reminder_asks_for_what_is_not_on_its_way(row: Installment) -> None:
    see(row, 40)
    see(row, 25)
    facts = said(make_prompt(row))
    assert (facts.amount, facts.on_way) == (Decimal(100), Decimal(65))
    told = words("upcoming", 3, facts)
    assert "¥35.00 is due Wed 25 November" in told
    assert "A payment of ¥100.00 for Phone plan" in told
    assert "Of that, ¥65.00 has been seen and is on its way to Harbour Bank: ¥35.00 is left to pay." in told


@pytest.mark.parametrize(("kind", "stage"), [("overdue", 1), ("overdue", 7), ("prior_notice", 30)])
def test_nobody_is_told_that_all_is_missing_of_what_was_seen_in_part(row: Installment, kind: str, stage: int) -> None:
    see(row, 40)
    Installment.objects.update(due_on=TODAY - timedelta(days=stage))
    facts = said(make_prompt(row, kind=kind, stage=stage))
    told = words(kind, stage, facts)
    assert "Of that, ¥40.00 is on its way to Harbour Bank; the rest, ¥60.00, we do not see yet." in told
    assert "We have not seen your payment of ¥100.00" not in told


def test_on_the_last_days_nobody_who_has_paid_a_part_is_told_that_nothing_is_left_to_do(row: Installment) -> None:
    see(row, 40)
    facts = said(make_prompt(row))
    for stage in (1, 0):
        told = words("upcoming", stage, facts)
        assert "Thank you for the ¥40.00. If you have not paid the rest yet, please" in told
        assert "nothing more" not in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["upcoming", "overdue", "prior_notice"])
def test_how_much_is_on_its_way_stands_beside_the_amount_that_it_is_a_part_of(kind: str, language: str) -> None:
    """Or is thanked for, where it stands alone."""
    for wording in read_wordings(kind, language).values():
        told = [way for ways in wording.body for way in ways if "{on_way}" in way]
        assert told
        assert all("{amount}" in way or "{to_pay}" not in way for way in told)


CHANGED: Final = [
    (
        "en",
        "¥65.00 is due",
        "Of the ¥100.00, ¥35.00 has been seen and is on its way to Harbour Bank: ¥65.00 is left to pay.",
    ),
    ("zh-hans", "应付¥65.00", "这¥100.00当中，¥35.00已经看到，正在转到Harbour Bank的路上，还要付¥65.00。"),
    ("zh-hant", "應付¥65.00", "這¥100.00當中，¥35.00已經看到，正在轉到Harbour Bank的途中，還要付¥65.00。"),
]


@pytest.mark.parametrize(("language", "heading", "line"), CHANGED)
def test_news_of_changed_figures_say_how_much_of_them_is_on_its_way(
    row: Installment, language: str, heading: str, line: str
) -> None:
    see(row, 35)
    facts = said(make_prompt(row, kind="schedule_changed", stage=0))._replace(language=language)
    told = words("schedule_changed", 0, facts)
    assert heading in told
    assert line in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_nothing_is_on_its_way_changed_figures_are_told_as_ever(row: Installment, language: str) -> None:
    facts = said(make_prompt(row, kind="schedule_changed", stage=0))._replace(language=language)
    assert facts.on_way is None
    told = words("schedule_changed", 0, facts)
    assert "¥100.00" in told
    assert not any(part in told for part in ("on its way", "正在转", "正在轉"))


def test_of_what_is_no_longer_to_be_paid_nothing_is_on_its_way(row: Installment) -> None:
    see(row, 35)
    Installment.objects.update(state="withdrawn")
    assert said(make_prompt(row, kind="schedule_changed", stage=Prompt.WITHDRAWN)).on_way is None


def test_where_nothing_is_on_its_way_the_words_are_as_ever(row: Installment) -> None:
    facts = said(make_prompt(row))
    assert facts.on_way is None
    assert "¥100.00 is due Wed 25 November" in words("upcoming", 3, facts)
    assert "on its way" not in words("upcoming", 3, facts)


def test_where_the_banks_figure_may_hold_some_of_it_nobody_says_what_is_left(row: Installment) -> None:
    see(row, 40)
    see(row, 20)
    PaymentPart.objects.filter(amount=20).update(since=Decimal(10))
    assert said(make_prompt(row)).on_way is None


def test_what_has_gone_back_is_on_no_way(row: Installment) -> None:
    payment = see(row, 40).payment
    assert payment is not None
    type(payment).objects.filter(pk=payment.pk).update(status="returned")
    assert said(make_prompt(row)).on_way is None


@pytest.fixture
def prompt_of_two(row: Installment) -> Prompt:
    """It names two installments, of which 40 and 30 are on their way."""
    other = make_installment(row.loan, due_on=DUE)
    prompt = make_prompt(row)
    make_prompt(other, told_with=prompt)
    see(row, 40)
    see(other, 30)
    return prompt


def test_of_several_installments_it_is_the_sum(prompt_of_two: Prompt) -> None:
    facts = said(prompt_of_two)
    assert (facts.amount, facts.on_way) == (Decimal(200), Decimal(70))
    assert "Of that, ¥70.00 has been seen and is on its way to Harbour Bank: ¥130.00 is left" in words(
        "upcoming", 3, facts
    )


def test_of_several_nothing_is_said_where_it_is_unsure_of_one(prompt_of_two: Prompt) -> None:
    PaymentPart.objects.filter(amount=30).update(since=Decimal(0))
    assert said(prompt_of_two).on_way is None


def test_what_was_told_is_the_whole_amount_whatever_is_on_its_way(row: Installment) -> None:
    """So that it is not taken for a change when the rest has come."""
    see(row, 40)
    facts = said(make_prompt(row))
    assert Facts.from_json(facts.as_json()) == facts
    assert facts.as_json()["amount"] == "100.000"


def test_in_the_portal_it_is_said_too_among_others_of_which_nothing_is_on_its_way(
    row: Installment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.placing.FIRST", 1)
    see(row, 40)
    loans = [make_loan(make_borrower(), product="Phone plan") for _ in range(2)]
    plain = [make_installment(loan, due_on=DUE) for loan in loans]
    places = enumerate([plain[0], row, plain[1]])
    for place_in_line, one in places:
        at = NOON - timedelta(minutes=5 - place_in_line)
        make_delivery(make_prompt(one), Delivery.Channel.IN_APP, next_attempt_at=at, facts=None)
    assert place(clock=lambda: NOON, longest=60) == 3
    found = Prompt.objects.filter(kind="upcoming").values_list("installment", "deliveries__facts")
    assert {pk: (facts or {}).get("on_way") for pk, facts in found} == {
        plain[0].pk: None,
        row.pk: "40.000",
        plain[1].pk: None,
    }
