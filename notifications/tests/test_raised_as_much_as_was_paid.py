"""A part was paid and the bank raised the whole by as much: what is left is what was told, and is news all the same."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from loans.models import Installment
from loans.tests.factories import make_bank, make_installment, make_loan
from loans.tests.test_apply_loans import loan as reported
from loans.tests.test_apply_loans import paid_loan, period
from loans.tests.test_apply_loans import send as report
from notifications.models import Prompt
from notifications.planning_changes import plan_changes
from notifications.rendering import render
from notifications.tests.bundles import make_pair
from notifications.tests.factories import TODAY, clock, make_delivery, make_prompt
from notifications.tests.test_withdrawn import said
from notifications.wording.facts import Facts, FactsError

pytestmark = pytest.mark.django_db
DUE, TOMORROW, ANOTHER_DAY = TODAY + timedelta(days=25), TODAY + timedelta(days=1), TODAY + timedelta(days=30)
CHANGED: Final = Prompt.Kind.SCHEDULE_CHANGED


@pytest.fixture
def row() -> Installment:
    """100, due in 25 days, of which nobody was told yet."""
    return make_installment(make_loan(product="Sofa"), due_on=DUE)


def say(row: Installment, *, total: int, paid: int = 0, due_on: date | None = None, version: int | None = None) -> int:
    """What is so of it from now on; returns how many prompts are planned for it."""
    state = "settled" if total == paid else "open"
    figures: dict[str, Any] = {"total": total, "paid": paid, "outstanding": total - paid, "state": state}
    figures |= {"due_on": due_on or row.due_on, "version": version or row.version}
    Installment.objects.filter(pk=row.pk).update(**figures)
    row.refresh_from_db()
    return plan_changes([row.pk], clock())


def tell(row: Installment, **prompt: Any) -> Facts:
    """Remind of it by a mail, which is handed over."""
    made = make_prompt(row, status=Prompt.Status.TOLD, **prompt)
    make_delivery(made, "email", facts=None)
    return said(made)


def words_of_news(row: Installment) -> str:
    prompt = Prompt.objects.get(kind=CHANGED, installment=row, version=row.version)
    return render(CHANGED, 0, "email", said(prompt), "https://x.example.test/m/1").text


def test_it_is_told_with_the_whole_what_is_paid_and_what_is_left(row: Installment) -> None:
    tell(row)
    assert say(row, total=100, paid=40) == 0
    assert say(row, total=140, paid=40, version=2) == 1
    told = words_of_news(row)
    assert "We told you that ¥100.00 was to be paid, due Thu 17 December." in told
    assert "From now on it is ¥140.00 in all, due" in told
    assert "Of that, ¥40.00 has been paid already, which leaves ¥100.00." in told


def test_two_reports_of_a_bank_plan_it() -> None:
    report(make_bank(), reported())
    last = Installment.objects.get(number=3)
    tell(last)
    report(make_bank(), paid_loan(3, 40))
    assert not Prompt.objects.filter(kind=CHANGED).exists()
    raised = reported()
    raised["repaymentSchedule"]["periods"][2] = period(3, [2027, 1, 3], paid=40, total=140)
    report(make_bank(), raised)
    last.refresh_from_db()
    assert (last.version, last.outstanding) == (2, Decimal(100))
    assert "现在总共是¥140.00" in words_of_news(last)


def test_it_is_told_once_and_again_when_it_happens_again(row: Installment) -> None:
    tell(row)
    say(row, total=100, paid=40)
    say(row, total=140, paid=40, version=2)
    words_of_news(row)
    assert say(row, total=140, paid=40) == 0
    assert say(row, total=140, paid=90) == 0
    assert say(row, total=190, paid=90, version=3) == 1
    told = words_of_news(row)
    assert "From now on it is ¥190.00 in all" in told
    assert "¥90.00 has been paid already, which leaves ¥100.00" in told


def test_a_payment_and_figures_that_come_again_are_no_news(row: Installment) -> None:
    say(row, total=100, paid=40)
    tell(row)
    say(row, total=100, paid=40, due_on=ANOTHER_DAY, version=2)
    Prompt.objects.filter(kind=CHANGED).update(status=Prompt.Status.CANCELLED)
    assert say(row, total=100, paid=40, due_on=DUE, version=3) == 0


def test_what_is_owed_again_as_it_was_told_is_no_news(row: Installment) -> None:
    say(row, total=100, paid=60)
    tell(row)
    say(row, total=100, paid=100)
    assert say(row, total=100, paid=60, version=2) == 0


def test_what_falls_due_at_once_is_told_too_since_its_reminder_would_name_the_same_figure(row: Installment) -> None:
    Installment.objects.update(due_on=TOMORROW)
    row.refresh_from_db()
    tell(row, stage=1)
    say(row, total=100, paid=40)
    assert say(row, total=140, paid=40, version=2) == 1
    assert say(row, total=150, paid=40, version=3) == 0
    reminder = tell(row, stage=1)
    assert (reminder.amount, reminder.previous_amount) == (Decimal(110), Decimal(100))


def test_a_reminder_does_not_name_the_same_figure_twice(row: Installment) -> None:
    tell(row)
    say(row, total=100, paid=40)
    say(row, total=140, paid=40, version=2)
    reminder = tell(row, stage=7)
    assert (reminder.amount, reminder.previous_amount, reminder.part_paid) == (Decimal(100), None, None)


def test_of_several_each_that_was_raised_says_so() -> None:
    rows = make_pair(due_on=DUE)
    leading = make_prompt(rows[0], status=Prompt.Status.TOLD)
    make_prompt(rows[1], status=Prompt.Status.TOLD, told_with=leading)
    make_delivery(leading, "email", facts=None)
    assert said(leading).paid_then == ()
    for row, total in zip(rows, (140, 290), strict=True):
        say(row, total=total - 40, paid=40)
        assert say(row, total=total, paid=40, version=2) == 1
    first, second = Prompt.objects.filter(kind=CHANGED).order_by("pk")
    Prompt.objects.filter(pk=second.pk).update(told_with=first)
    facts = said(first)
    assert facts.paid_then == tuple((row.pk, Decimal(40)) for row in rows)
    told = render(CHANGED, 0, "email", facts, "https://x.example.test/m/1").text
    assert "of ¥140.00 in all; we told you before: ¥100.00, due" in told
    assert "of ¥290.00 in all; we told you before: ¥250.00, due" in told
    for row, total in zip(rows, (140, 290), strict=True):
        assert say(row, total=total, paid=40) == 0


def test_how_much_was_paid_is_kept_with_the_facts_of_each_message(row: Installment) -> None:
    assert tell(row).as_json().keys().isdisjoint({"paid_then", "part_paid"})
    say(row, total=100, paid=40)
    facts = tell(row, stage=7)
    assert (facts.paid_then, facts.part_paid) == (((row.pk, Decimal(40)),), None)
    assert Facts.from_json(facts.as_json()) == facts
    with pytest.raises(FactsError, match=r"paid_then .* a list of \[installment, amount\]"):
        Facts.from_json({**facts.as_json(), "paid_then": [["x"]]})
