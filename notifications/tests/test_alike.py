"""What the database writes of messages that are alike is what would have been worded one by one."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count, product
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan, Partner
from loans.tests.disputes import write_dispute
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import alike, placing
from notifications.claiming import Line
from notifications.composing import word
from notifications.models import Delivery, LeadPlan, NoticeEvent
from notifications.placing import place
from notifications.tellings import Telling
from notifications.tests.bundles import hold_by_outage
from notifications.tests.factories import NOON, make_delivery, make_prompt
from notifications.wording.source import LANGUAGES, names_in, read_wordings
from notifications.wording.values import PERSONAL

pytestmark = pytest.mark.django_db

IN_APP = Delivery.Channel.IN_APP
_places = count()
Said = dict[int, tuple[Any, str]]
"""Facts and wording by delivery."""


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The deliveries that were worded one by one, in that order."""
    seen: list[int] = []

    def watched(tellings: list[Telling], *, now: datetime) -> Any:
        seen.extend(telling.delivery_id for telling in tellings)
        return word(tellings, now=now)

    monkeypatch.setattr(placing, "word", watched)
    return seen


def place_in_blocks(monkeypatch: pytest.MonkeyPatch, first: int, clock: Callable[[], datetime] = lambda: NOON) -> int:
    """With so many looked at first, of which is learned what the others say."""
    monkeypatch.setattr(placing, "FIRST", first)
    return place(clock=clock, longest=60)


def waiting(installment: Installment | None = None, **fields: Any) -> Delivery:
    """The last in the line."""
    at = NOON - timedelta(hours=1) + timedelta(milliseconds=next(_places))
    return make_delivery(make_prompt(installment, **fields), channel=IN_APP, next_attempt_at=at)


def due(borrower: User | None = None, *, due_on: date = date(2026, 11, 25), **fields: Any) -> Installment:
    loan = {name: fields.pop(name) for name in ("currency", "platform", "product", "bank") if name in fields}
    return make_installment(make_loan(borrower or make_borrower(), **loan), due_on=due_on, **fields)


def as_worded(now: datetime = NOON) -> Said:
    """What a worker would say that knows of nothing alike; nothing is kept of it."""
    with transaction.atomic():
        worded, _not_now = word(Line(IN_APP).tellings(now=now, limit=1000), now=now)
        transaction.set_rollback(True)
    return {one.kept.delivery_id: (json.loads(one.kept.facts), one.kept.wording) for one in worded}


def as_placed() -> Said:
    rows = Delivery.objects.filter(status="sent").values_list("pk", "facts", "wording")
    return {pk: (facts, wording) for pk, facts, wording in rows}


Sort = tuple[str, str, str, str, bool]
AMOUNTS = {"CNY": "1234.5", "JPY": "1200", "KWD": "7.125"}
SORTS: list[Sort] = list(
    product(LANGUAGES, ("Asia/Shanghai", "Europe/London"), AMOUNTS, ("upcoming", "overdue"), (True, False))
)
"""Language, zone, currency, kind, and whether there is a platform."""


def one_of(sort: Sort, name: str) -> Delivery:
    language, zone, currency, kind, with_platform = sort
    firms: dict[str, Any] = {} if with_platform else {"platform": None}
    day, stage = (date(2026, 11, 25), 3) if kind == "upcoming" else (date(2026, 11, 21), 1)
    person = make_borrower(name=name, locale=language, time_zone=zone)
    owed = due(person, due_on=day, total=Decimal(AMOUNTS[currency]), currency=currency, **firms)
    return waiting(owed, kind=kind, stage=stage)


def test_the_database_writes_what_would_have_been_worded(
    monkeypatch: pytest.MonkeyPatch, one_by_one: list[int]
) -> None:
    learned = [one_of(sort, "Li One") for sort in SORTS]
    others = [one_of(sort, name) for sort in SORTS for name in ('O\'Brien "Bo" \\ <b>&amp;', "欧阳 娜娜 🙂")]
    expected = as_worded()
    assert len(expected) == len(learned) + len(others)
    assert place_in_blocks(monkeypatch, len(SORTS)) == len(expected)
    assert as_placed() == expected
    assert one_by_one == [one.pk for one in learned]
    assert NoticeEvent.objects.filter(kind="sent").count() == len(expected)
    event = NoticeEvent.objects.get(delivery_id=others[0].pk)
    assert (event.borrower_id, event.installment_id) == (others[0].prompt.borrower_id, others[0].prompt.installment_id)
    assert event.data == {"channel": IN_APP, "reason": ""}


def companions(leading: Delivery) -> Delivery:
    """A message that names a second installment of the same day."""
    other = due(leading.prompt.borrower)
    make_prompt(other, told_with=leading.prompt)
    return leading


def changed() -> Delivery:
    owed = due()
    Installment.objects.filter(pk=owed.pk).update(version=2)
    owed.refresh_from_db()
    return waiting(owed)


def finer_than_a_cent() -> Delivery:
    one = waiting()
    Installment.objects.filter(prompts=one.prompt).update(outstanding="100.001", total="100.001")
    return one


def paid_in_part() -> Delivery:
    """By its bank's figure, without a payment that anybody knows of."""
    one = waiting()
    Installment.objects.filter(prompts=one.prompt).update(outstanding="60", paid="40")
    return one


ODD: dict[str, Callable[[], Delivery]] = {
    "several installments": lambda: companions(waiting()),
    "figures that changed": changed,
    "a part that is paid": paid_in_part,
    "an amount that cannot be": finer_than_a_cent,
    "a person without a name": lambda: waiting(due(make_borrower(name=""))),
    "no reference": lambda: waiting(due(payment_reference="")),
    "a loan without a product": lambda: waiting(due(product="")),
    "a law of one's own": lambda: waiting(due(make_borrower(jurisdiction="uk"))),
    "a prior notice": lambda: waiting(kind="prior_notice", stage=30),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_needs_a_second_look_is_worded_one_by_one(
    odd: str, monkeypatch: pytest.MonkeyPatch, one_by_one: list[int]
) -> None:
    learned, other, alike_too = waiting(), ODD[odd](), waiting()
    expected = as_worded()
    assert place_in_blocks(monkeypatch, 1) == 3
    assert one_by_one == [learned.pk, other.pk]
    assert as_placed() == expected
    assert alike_too.pk in expected


@pytest.mark.parametrize("odd", sorted(ODD.keys() - {"an amount that cannot be", "a loan without a product"}))
def test_nothing_is_learned_from_what_needs_a_second_look(
    odd: str, monkeypatch: pytest.MonkeyPatch, one_by_one: list[int]
) -> None:
    first, other = ODD[odd](), waiting()
    expected = as_worded()
    assert place_in_blocks(monkeypatch, 1) == 2
    assert one_by_one == [first.pk, other.pk]
    assert as_placed() == expected


def test_a_day_that_may_be_over_is_looked_up_for_each(monkeypatch: pytest.MonkeyPatch, one_by_one: list[int]) -> None:
    over = [waiting(due(due_on=date(2026, 11, 24))) for _ in range(3)]
    expected = as_worded()
    place_in_blocks(monkeypatch, 1)
    assert one_by_one == [one.pk for one in over]
    assert as_placed() == expected


def test_what_a_firm_changes_meanwhile_is_said_from_the_next_block_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "AT_ONCE", 2)
    ids = [waiting().pk for _ in range(5)]
    numbers = iter(("1", "2", "3", "4", "5"))

    def clock() -> datetime:
        Partner.objects.update(phone=f"+86 10 0000 000{next(numbers)}")
        return NOON

    assert place_in_blocks(monkeypatch, 1, clock) == 5
    said = [facts["support_phone"][-1] for _pk, (facts, _wording) in sorted(as_placed().items())]
    assert (sorted(as_placed()), said) == (ids, ["1", "2", "2", "3", "3"])


def test_at_midnight_the_next_block_is_of_the_new_day(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        waiting(due(due_on=date(2026, 11, 29)), stage=3)
    moments = iter((NOON, NOON + timedelta(hours=12), NOON + timedelta(hours=12), NOON + timedelta(hours=12)))
    place_in_blocks(monkeypatch, 1, lambda: next(moments))
    days = [facts["today"] for _pk, (facts, _wording) in sorted(as_placed().items())]
    assert days == ["2026-11-22", "2026-11-23", "2026-11-23"]


def place_over_midnight(monkeypatch: pytest.MonkeyPatch, between: Callable[[], object] = lambda: None) -> None:
    """One before midnight, of which is learned what the others say, and those in the day after it. `between` happens
    at midnight.
    """
    moments = iter((NOON, *[NOON + timedelta(hours=12)] * 5))

    def clock() -> datetime:
        now = next(moments)
        if now > NOON:
            between()
        return now

    place_in_blocks(monkeypatch, 1, clock)


def test_at_midnight_what_was_learned_of_a_day_that_is_over_places_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was learned of is paid by then, and says by itself no more that its day is over."""
    learned, *over = [waiting(due(due_on=date(2026, 11, 22)), stage=0) for _ in range(3)]
    paid = Installment.objects.filter(prompts=learned.prompt)
    place_over_midnight(monkeypatch, lambda: paid.update(state="settled", paid=100, outstanding=0))
    assert as_placed().keys() == {learned.pk}
    reasons = Delivery.objects.filter(pk__in=[one.pk for one in over]).values_list("status", "reason")
    assert set(reasons) == {("failed", "its due day is over")}


def test_at_midnight_a_plan_of_ones_own_may_have_a_later_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    LeadPlan.objects.create(partner=make_bank(), product="Sofa", upcoming="7,3,2,0")
    learned, sofa, usual = [waiting(due(product=name)) for name in ("Phone plan", "Sofa", "Phone plan")]
    place_over_midnight(monkeypatch)
    assert as_placed().keys() == {learned.pk, usual.pk}
    sofa.refresh_from_db()
    assert (sofa.status, sofa.reason) == ("failed", "overtaken by a later stage")


def test_what_is_paid_disputed_or_held_is_not_placed_with_those_that_are_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = date(2026, 11, 21)
    learned, paid, disputed, held, alike_too = (waiting(due(due_on=day), kind="overdue", stage=1) for _ in range(5))
    Installment.objects.filter(prompts=paid.prompt).update(state="settled", paid=100, outstanding=0)
    write_dispute(Installment.objects.get(prompts=disputed.prompt))
    hold_by_outage(Installment.objects.get(prompts=held.prompt))
    assert place_in_blocks(monkeypatch, 1) == 2
    assert as_placed().keys() == {learned.pk, alike_too.pk}


def test_no_more_sorts_are_kept_than_each_message_can_be_compared_with(
    monkeypatch: pytest.MonkeyPatch, one_by_one: list[int]
) -> None:
    monkeypatch.setattr(alike, "MOST", 1)
    first, second = SORTS[0], SORTS[-1]
    made = [one_of(sort, "Li").pk for sort in (first, second, first, second)]
    expected = as_worded()
    assert place_in_blocks(monkeypatch, 2) == 4
    assert (one_by_one, as_placed()) == ([made[0], made[1], made[3]], expected)


def test_of_what_is_one_borrowers_own_a_wording_cannot_do_without_the_amount_alone() -> None:
    """The database looks at the amount, and does not ask whether anything can be read of a name."""
    for kind, language in product(("upcoming", "overdue"), LANGUAGES):
        for wording in read_wordings(kind, language).values():
            needed = names_in(wording.subject + wording.preview + wording.heading + wording.button)
            assert needed & PERSONAL.keys() <= {"amount", "to_pay"}


def test_all_that_is_told_alike_is_about_loans_of_the_same_firms(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Partner.objects.create(code="other", name="Other Bank", kind=Partner.Kind.BANK)
    for bank in (make_bank(), other, make_bank(), other):
        waiting(due(bank=bank))
    expected = as_worded()
    assert place_in_blocks(monkeypatch, 2) == 4
    assert as_placed() == expected
    assert Loan.objects.count() == 4
