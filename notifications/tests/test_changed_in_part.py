"""Where a part was paid before the bank changed the plan, the news says both: what it is in all, and what is left."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from loans.models import Installment
from loans.tests.factories import make_bank, make_installment, make_loan
from loans.tests.test_apply_loans import loan as reported
from loans.tests.test_apply_loans import paid_loan, period
from loans.tests.test_apply_loans import send as report
from notifications.models import Prompt
from notifications.rendering import render
from notifications.tests.bundles import deliver, make_pair
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt
from notifications.tests.test_left_to_pay import said, see
from notifications.wording.facts import FactItem, Facts
from notifications.wording.samples import sample_facts

pytestmark = pytest.mark.django_db
TOLD_DUE, DUE = TODAY + timedelta(days=3), TODAY + timedelta(days=20)
CHANGED: Final = Prompt.Kind.SCHEDULE_CHANGED


@pytest.fixture
def row() -> Installment:
    """Told: 100, due in three days."""
    row = make_installment(make_loan(product="Sofa"), due_on=TOLD_DUE)
    make_prompt(row)
    deliver_all()
    return row


def deliver_all() -> None:
    make_delivery(Prompt.objects.get(), "sms", facts=None)
    deliver("sms")


def change(row: Installment, *, total: int, paid: int) -> Prompt:
    """Of the figures that hold from now on, so much has been paid."""
    figures = {"total": total, "paid": paid, "outstanding": total - paid, "due_on": DUE, "version": 2}
    Installment.objects.filter(pk=row.pk).update(**figures)
    row.refresh_from_db()
    return make_prompt(row, kind=CHANGED, stage=0, version=2)


def words(facts: Facts, language: str = "en") -> str:
    told = render(CHANGED, 0, "email", facts._replace(language=language), "https://x.example.test/m/1")
    return told.text


def test_a_bank_that_raises_what_is_paid_in_part_has_its_borrower_told_both() -> None:
    """Told 100 of its last rate; a file says that 40 is paid, the next one 120 in all and another day."""
    report(make_bank(), reported())
    last = Installment.objects.get(number=3)
    sent = {"status": "sent", "sent_at": NOON, "handed_at": NOON}
    make_delivery(make_prompt(last, status=Prompt.Status.TOLD), "sms", **sent)
    report(make_bank(), paid_loan(3, 40))
    raised = reported()
    raised["repaymentSchedule"]["periods"][2] = period(3, [2027, 3, 20], paid=40, total=120)
    report(make_bank(), raised)
    facts = said(Prompt.objects.get(kind=CHANGED))
    assert (facts.previous_amount, facts.amount, facts.part_paid) == (Decimal(100), Decimal(80), Decimal(40))
    assert "¥120.00 in all, due Sat 20 March" in words(facts)


IN_WORDS: Final = [
    (
        "en",
        "We told you that ¥100.00 was to be paid, due Wed 25 November. From now on it is ¥120.00 in all, due",
        "Of that, ¥40.00 has been paid already, which leaves ¥80.00.",
    ),
    (
        "zh-hans",
        "此前告诉您要付¥100.00，付款日11月25日（周三）；现在总共是¥120.00，付款日是",
        "总数当中，¥40.00已经付了，还剩¥80.00。",
    ),
    (
        "zh-hant",
        "先前告訴您要付¥100.00，付款日11月25日（週三）；現在總共是¥120.00，付款日是",
        "總數當中，¥40.00已經付了，還剩¥80.00。",
    ),
]


@pytest.mark.parametrize(("language", "change_told", "left"), IN_WORDS)
def test_what_the_bank_has_raised_is_not_told_as_lowered(
    row: Installment, language: str, change_told: str, left: str
) -> None:
    facts = said(change(row, total=120, paid=40))
    assert (facts.amount, facts.part_paid, facts.previous_amount) == (Decimal(80), Decimal(40), Decimal(100))
    told = words(facts, language)
    assert change_told in told
    assert left in told
    assert Facts.from_json(facts.as_json()) == facts


def test_what_asks_for_it_later_asks_for_what_is_left(row: Installment) -> None:
    change(row, total=120, paid=40)
    facts = said(make_prompt(row, stage=7, version=2))
    assert (facts.amount, facts.part_paid) == (Decimal(80), None)


def test_what_is_on_its_way_is_a_part_of_what_is_left(row: Installment) -> None:
    prompt = change(row, total=120, paid=40)
    see(row, 30)
    told = words(said(prompt))
    assert "¥50.00 is due" in told
    assert "Of that, ¥40.00 has been paid already, which leaves ¥80.00." in told
    assert "Of the ¥80.00, ¥30.00 has been seen and is on its way to Harbour Bank: ¥50.00 is left to pay." in told


def test_where_nothing_was_paid_the_words_are_as_ever(row: Installment) -> None:
    facts = said(change(row, total=120, paid=0))
    assert facts.part_paid is None
    told = words(facts)
    assert "We told you ¥100.00, due Wed 25 November. From now on it is ¥120.00, due" in told
    assert "paid already" not in told


def test_where_no_earlier_figures_are_on_record_it_says_the_whole_as_well() -> None:
    row = make_installment(make_loan(product="Sofa"), due_on=TOLD_DUE)
    told = words(said(change(row, total=120, paid=40)))
    assert "From now on it is ¥120.00 in all, due" in told
    assert "which leaves ¥80.00." in told


def test_of_several_each_says_what_is_paid_of_it() -> None:
    rows = make_pair()
    leading, other = (
        change(row, total=total, paid=paid) for row, total, paid in zip(rows, (120, 250), (40, 0), strict=True)
    )
    Prompt.objects.filter(pk=other.pk).update(told_with=leading)
    facts = said(leading)
    assert (facts.amount, facts.part_paid) == (Decimal(330), None)
    assert [item.part_paid for item in facts.items] == [Decimal(40), None]
    assert Facts.from_json(facts.as_json()) == facts
    assert "; ¥40.00 has been paid already, of ¥120.00 in all" in words(facts)


def test_of_several_each_says_what_was_told_before_beside_it() -> None:
    item = FactItem("Sofa", Decimal(80), "R-1", 1, Decimal(100), TOLD_DUE, Decimal(40))
    assert [FactItem.from_json(*one.as_json()) for one in (item, item._replace(part_paid=None))] == [
        item,
        item._replace(part_paid=None),
    ]
    facts = sample_facts(amount=Decimal(160), items=(item, item))
    assert "¥40.00 has been paid already, of ¥120.00 in all; we told you before: ¥100.00, due" in words(facts)


def test_of_what_is_paid_in_full_meanwhile_no_part_is_named(row: Installment) -> None:
    prompt = change(row, total=120, paid=120)
    assert said(prompt).part_paid is None
