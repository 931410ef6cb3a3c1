"""An installment that goes out of the schedule after its borrower was told of it: they are told that, once."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from loans import signals
from loans.models import Installment, Partner
from loans.tests.factories import make_bank, make_installment
from loans.tests.test_apply_loans import loan as reported
from loans.tests.test_apply_loans import send as report
from notifications.bundles import still_needed
from notifications.evidence.case import read_case
from notifications.evidence.timeline import lines_of
from notifications.models import Delivery, Prompt
from notifications.named import named
from notifications.needed import look
from notifications.rendering import render
from notifications.tests.bundles import make_pair
from notifications.tests.factories import NOON, TODAY, claim, make_delivery, make_prompt, word_these
from notifications.wording.facts import Facts

pytestmark = pytest.mark.django_db
State = Installment.State
DUE = TODAY + timedelta(days=25)


def told(row: Installment, channel: str = "sms", **fields: Any) -> Delivery:
    """The borrower was told of it at noon, by an upcoming prompt."""
    prompt = make_prompt(row, status=fields.pop("prompt_status", Prompt.Status.TOLD))
    sent = {"status": "sent", "sent_at": NOON, "handed_at": NOON}
    return make_delivery(prompt, channel, **{**sent, **fields})


def withdraw(*rows: Installment) -> None:
    ids = [row.pk for row in rows]
    Installment.objects.filter(pk__in=ids).update(state=State.WITHDRAWN)
    signals.installments_changed.send(sender=None, installment_ids=ids)


def bring_back(row: Installment, **changes: Any) -> None:
    Installment.objects.filter(pk=row.pk).update(state=State.OPEN, version=row.version + 1, **changes)
    row.refresh_from_db()
    signals.installments_changed.send(sender=None, installment_ids=[row.pk])


def news() -> list[Prompt]:
    return list(Prompt.objects.filter(kind=Prompt.Kind.SCHEDULE_CHANGED).order_by("pk"))


def said(prompt: Prompt) -> Facts:
    """What its mail says now, which is kept as handed over."""
    delivery = prompt.deliveries.get(channel="email")
    [worded], faults = word_these([delivery.pk], now=NOON)
    assert faults == []
    facts = json.loads(worded.kept.facts)
    Delivery.objects.filter(pk=delivery.pk).update(
        facts=facts, wording=worded.kept.wording, status="sent", sent_at=NOON, handed_at=NOON
    )
    return Facts.from_json(facts)


def words_of(prompt: Prompt, channel: str = "email") -> str:
    return render(prompt.kind, prompt.stage, channel, said(prompt), "https://x.example.test/m/1").text


@pytest.fixture
def row() -> Installment:
    return make_installment(due_on=DUE, known_at=NOON - timedelta(days=9))


def test_who_was_told_of_it_is_told_that_it_is_no_longer_to_be_paid(row: Installment) -> None:
    told(row)
    withdraw(row)
    [prompt] = news()
    assert (prompt.stage, prompt.status, prompt.says_withdrawn) == (Prompt.WITHDRAWN, "active", True)
    assert set(prompt.deliveries.values_list("channel", flat=True)) == {"email", "in_app"}
    assert "¥100.00 is no longer to be paid" in words_of(prompt)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "queued", "sent_at": None, "handed_at": None, "facts": None},
        {"status": "cancelled", "sent_at": None},
        {"status": "failed", "sent_at": None},
        {"facts": {"language": "en", "today": "2026-11-22", "bank_name": "B"}},
    ],
)
def test_who_was_told_nothing_of_it_is_told_nothing(row: Installment, fields: dict[str, Any]) -> None:
    told(row, **fields, prompt_status=Prompt.Status.ACTIVE)
    withdraw(row)
    assert news() == []


@pytest.mark.parametrize("status", ["sending", "unconfirmed"])
def test_what_is_just_being_handed_over_or_may_have_arrived_counts_as_told(row: Installment, status: str) -> None:
    told(row, status=status, sent_at=None, prompt_status=Prompt.Status.ACTIVE)
    withdraw(row)
    assert len(news()) == 1


@pytest.mark.parametrize("status", ["told", "firm_told"])
def test_so_does_what_a_person_or_a_firm_told(row: Installment, status: str) -> None:
    make_prompt(row, status=status)
    withdraw(row)
    [prompt] = news()
    assert said(prompt).amount == Decimal(100)


def test_what_was_paid_before_it_went_is_not_spoken_of(row: Installment) -> None:
    told(row)
    Installment.objects.filter(pk=row.pk).update(paid=100, outstanding=0)
    withdraw(row)
    assert news() == []


def test_a_message_for_several_told_of_those_that_it_named() -> None:
    first, second = make_pair()
    leading = make_prompt(first, status=Prompt.Status.TOLD)
    make_prompt(second, told_with=leading, status=Prompt.Status.TOLD)
    items = [["A ··1", "100", "R-1", first.pk], ["B ··2", "250", "R-2", second.pk]]
    facts = {"language": "en", "today": "2026-11-22", "bank_name": "B", "currency": "CNY"}
    make_delivery(leading, status="sent", sent_at=NOON,
                  facts={**facts, "amount": "350", "due_on": str(first.due_on), "items": items})  # fmt: skip
    withdraw(second)
    [prompt] = news()
    assert prompt.installment == second
    assert said(prompt).amount == Decimal(250)


def test_it_is_told_once_however_often_the_schedule_comes(row: Installment) -> None:
    told(row)
    for _ in range(3):
        withdraw(row)
    assert len(news()) == 1


def test_the_figures_are_those_that_were_told(row: Installment) -> None:
    told(row)
    Installment.objects.filter(pk=row.pk).update(total=140, outstanding=140, version=2, due_on=DUE + timedelta(days=2))
    withdraw(row)
    facts = said(news()[0])
    assert (facts.amount, facts.due_on) == (Decimal(100), DUE)
    assert named(news()[0].deliveries.get(channel="email")) == {row.pk: (Decimal(100), DUE)}


def test_it_is_claimed_climbed_and_proved_while_it_is_withdrawn(row: Installment) -> None:
    told(row)
    withdraw(row)
    [prompt] = news()
    assert still_needed(Prompt.objects.select_related("installment").get(pk=prompt.pk))
    assert look([prompt.pk], now=NOON).over == set()
    Delivery.objects.filter(prompt=prompt).update(next_attempt_at=NOON)
    assert claim("email") == [prompt.deliveries.get(channel="email").pk]


def test_one_that_comes_back_before_it_goes_out_is_not_spoken_of(row: Installment) -> None:
    told(row)
    withdraw(row)
    bring_back(row)
    [prompt] = news()
    assert (prompt.status, prompt.deliveries.exclude(status="cancelled").exists()) == ("cancelled", False)


def test_one_that_comes_back_otherwise_before_it_goes_out_has_changed(row: Installment) -> None:
    told(row)
    withdraw(row)
    bring_back(row, total=130, outstanding=130)
    facts = said(news()[1])
    assert (facts.previous_amount, facts.amount) == (Decimal(100), Decimal(130))


def test_one_that_comes_back_afterwards_is_to_be_paid_all_the_same(row: Installment) -> None:
    told(row)
    withdraw(row)
    said(news()[0])
    bring_back(row)
    facts = said(news()[1])
    assert (facts.withdrawn_amount, facts.previous_due_on, facts.previous_amount) == (Decimal(100), DUE, None)
    assert "That holds no more" in render("schedule_changed", 0, "email", facts, "https://x.example.test/").text


def test_one_that_is_withdrawn_anew_before_it_was_said_to_be_back_needs_no_word(row: Installment) -> None:
    told(row)
    withdraw(row)
    said(news()[0])
    bring_back(row)
    withdraw(row)
    assert [(prompt.stage, prompt.status) for prompt in news()] == [(1, "cancelled"), (0, "cancelled")]


def test_what_takes_its_place_on_the_same_day_is_said_in_the_same_message(row: Installment) -> None:
    told(row)
    make_installment(row.loan, due_on=DUE, total=Decimal(80), known_at=NOON - timedelta(days=5))
    make_installment(row.loan, due_on=DUE + timedelta(days=30), total=Decimal(70), known_at=NOON + timedelta(hours=1))
    withdraw(row)
    assert said(news()[0]).instead_amount is None
    make_installment(row.loan, due_on=DUE, total=Decimal(120), known_at=NOON + timedelta(hours=1))
    assert said(news()[0]).instead_amount == Decimal(120)
    assert "In its place ¥120.00 is due on the same day: please pay that, and not both." in words_of(news()[0])


def test_several_that_are_withdrawn_together_are_one_message() -> None:
    first, second = make_pair(due_on=DUE, products=("Phone plan", "Fridge plan"))
    for row in (first, second):
        told(row)
    withdraw(first, second)
    leading, companion = news()
    assert companion.told_with == leading
    assert "¥350.00 in all" in words_of(leading)
    assert "Fridge plan" in words_of(leading)


def test_a_borrower_reads_it_in_the_portal_and_it_asks_for_nothing(row: Installment, client: Client) -> None:
    told(row)
    withdraw(row)
    [prompt] = news()
    prompt.deliveries.filter(channel="in_app").update(facts=said(prompt).as_json(), status="sent", sent_at=NOON)
    client.force_login(row.loan.borrower)
    page = client.get(reverse("message", args=[prompt.pk])).content.decode()
    assert "¥100.00 is no longer to be paid" in page
    assert "This is paid meanwhile" not in page
    assert "No longer to be paid" in client.get(reverse("messages")).content.decode()


def test_the_record_says_what_it_was(row: Installment) -> None:
    told(row)
    withdraw(row)
    lines = lines_of(read_case(row.loan.borrower_id, installment_id=row.pk))
    assert any("no longer to be paid" in line.words for line in lines)


def test_a_bank_that_leaves_a_period_out_has_its_borrower_told() -> None:
    bank: Partner = make_bank()
    report(bank, reported())
    last = Installment.objects.get(number=3)
    told(last)
    shorter = reported()
    shorter["repaymentSchedule"]["periods"].pop()
    report(bank, shorter)
    [prompt] = news()
    assert (prompt.installment, prompt.says_withdrawn) == (last, True)


def test_who_reads_it_after_it_came_back_is_told_that_it_is_out_of_date(row: Installment, client: Client) -> None:
    told(row)
    withdraw(row)
    [prompt] = news()
    prompt.deliveries.filter(channel="in_app").update(facts=said(prompt).as_json(), status="sent", sent_at=NOON)
    bring_back(row)
    client.force_login(row.loan.borrower)
    page = client.get(reverse("message", args=[prompt.pk])).content.decode()
    assert "A later message has taken its place, or it no longer applies." in page
