"""Which of several rules holds, what rules the database refuses, and until when a firm has time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts.tests.factories import make_borrower
from loans.models import Loan, Partner
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications import calendar
from notifications.models import Duty, Prompt, Responsibility
from notifications.planning import plan_overdue, plan_upcoming
from notifications.responsibility import Rules, most_specific, times_of
from notifications.slots import Place, Plan, Slot
from notifications.tests.factories import NOON, TODAY, clock
from notifications.tests.firms import make_rule
from notifications.timing import ContactHours

DAY = timedelta(days=1)
PRODUCTS = ("Phone plan", "Sofa")
KINDS = ("upcoming", "overdue")


@st.composite
def scopes(draw: st.DrawFn) -> dict[str, Any]:
    """Places in the lists of firms and loans, as `_rule` reads them."""
    loan = draw(st.sampled_from([None, None, 0, 1]))
    firms = st.sampled_from([(0, None), (None, 0), (0, 0), (1, None), (None, 1), (1, 0)])
    bank, platform = (None, None) if loan is not None else draw(firms)
    responsible = draw(st.sampled_from(["portal", "bank", "platform"]))
    other = {"portal": "portal", "bank": "platform", "platform": "bank"}[responsible]
    backup = draw(st.sampled_from(["portal", other]))
    return {
        "loan": loan,
        "bank": bank,
        "platform": platform,
        "product": "" if loan is not None else draw(st.sampled_from(["", *PRODUCTS])),
        "kind": draw(st.sampled_from(["", *KINDS])),
        "responsible": responsible,
        "hours": 0 if responsible == "portal" else draw(st.integers(1, 12)),
        "backup": backup,
        "backup_hours": 0 if backup == "portal" else draw(st.integers(1, 12)),
        "valid_from": NOON + draw(st.integers(-3, 1)) * DAY,
    }


def _rule(scope: dict[str, Any], firms: dict[str, list[Partner]], loans: list[Loan]) -> Responsibility:
    named = {name: None if scope[name] is None else firms[name][scope[name]] for name in ("bank", "platform")}
    loan = None if scope["loan"] is None else loans[scope["loan"]]
    return Responsibility.objects.create(**{**scope, **named, "loan": loan})


@pytest.mark.django_db
@settings(max_examples=40)
@given(st.lists(scopes(), max_size=7))
def test_the_plan_follows_the_most_specific_rule(drawn: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        bank, other_bank = make_bank(), Partner.objects.create(code="pier", kind="bank", name="Pier Bank")
        platform = make_platform()
        other_platform = Partner.objects.create(code="mall", kind="platform", name="Other Mall")
        loans = [
            make_loan(make_borrower(), bank=one, platform=two, product=product)
            for one, two, product in [
                (bank, platform, "Phone plan"),
                (bank, other_platform, "Sofa"),
                (other_bank, platform, "Sofa"),
                (bank, None, "Phone plan"),
            ]
        ]
        rules = [_rule(scope, {"bank": [bank, other_bank], "platform": [platform, other_platform]}, loans)
                 for scope in drawn]  # fmt: skip
        for loan in loans:
            make_installment(loan, due_on=TODAY + 3 * DAY)
            make_installment(loan, due_on=TODAY - DAY)
        plan_upcoming(clock())
        plan_overdue(clock())
        held, told = Rules.at(NOON), {(one.prompt.installment_id, one.prompt.kind): one for one in _duties()}
        for prompt in Prompt.objects.select_related("installment__loan__bank", "installment__loan__platform"):
            assigned, duty = held.of(prompt.loan, prompt.kind), told.get((prompt.installment_id, prompt.kind))
            if assigned is None:
                assert duty is None
                assert prompt.tell_at == NOON
            else:
                assert duty is not None
                firms = (assigned.rule.pk, assigned.responsible, assigned.backup)
                assert (duty.rule_id, duty.responsible, duty.backup) == firms
                assert NOON < duty.report_by <= duty.portal_at == prompt.tell_at
            expected = most_specific([rule for rule in rules if rule.valid_from <= NOON], prompt.loan, prompt.kind)
            assert (assigned.rule if assigned else None) in {None, expected}
        transaction.set_rollback(True)


def _duties() -> Any:
    return Duty.objects.select_related("prompt", "responsible", "backup")


@pytest.mark.django_db
def test_each_step_towards_the_loan_comes_before_the_one_before_it() -> None:
    loan = make_loan()
    bank, platform = loan.bank, loan.platform
    steps = [
        make_rule(),
        make_rule("platform", platform=platform),
        make_rule(platform=platform, bank=bank),
        make_rule("platform", kind="upcoming"),
        make_rule(product="Phone plan"),
        make_rule("platform", loan=loan),
    ]
    for known in range(1, len(steps) + 1):
        assert most_specific(steps[:known], loan, "upcoming") == steps[known - 1]
    assert most_specific(steps[:4], loan, "overdue") == steps[2]


@pytest.mark.django_db
def test_a_later_rule_takes_the_place_of_one_for_the_same_from_its_day_on() -> None:
    loan = make_loan()
    make_rule(valid_from=NOON - 3 * DAY)
    make_rule("portal", valid_from=NOON)
    assert Rules.at(NOON - DAY).of(loan, "upcoming") is not None
    assert Rules.at(NOON).of(loan, "upcoming") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"bank": None},
        {"hours": 0},
        {"hours": 13},
        {"backup": "bank"},
        {"backup": "platform"},
        {"backup_hours": 3},
        {"kind": "payment_settled"},
        {"responsible": "portal"},
        {"responsible": "portal", "hours": 0, "backup": "bank", "backup_hours": 2},
        {"responsible": "nobody"},
    ],
)
def test_the_database_refuses_a_rule_that_cannot_be_followed(fields: dict[str, Any]) -> None:
    usual = {"responsible": "bank", "hours": 4, "bank": make_bank()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Responsibility.objects.create(**usual | fields)


@pytest.mark.django_db
def test_a_rule_names_a_loan_or_firms_never_both() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_rule(loan=make_loan(), bank=make_bank())


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_rule_is_never_changed_or_removed(change: str) -> None:
    make_rule()
    rules = Responsibility.objects.all()
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        rules.update(hours=5) if change == "update" else rules.delete()


def slot(kind: str, days: int, now: datetime, hours: ContactHours, zone: str = "Asia/Shanghai") -> Slot:
    """The slot of what is due in so many days at `now`, Shanghai's."""
    place = Place("cn", zone, ZoneInfo(zone))
    here = [(zone, place.zone)]
    due_on = now.astimezone(place.zone).date() + timedelta(days=days)
    found = calendar.upcoming(here, now, hours) if kind == "upcoming" else calendar.overdue(here, now, hours)
    return next(Slot(place, Plan(), one, "") for one in found if one.due_on == due_on)


@given(
    kind=st.sampled_from(KINDS),
    days=st.integers(0, 7),
    minute=st.integers(0, 24 * 60 - 1),
    hours=st.integers(1, 12),
    backup_hours=st.integers(0, 12),
)
@example(kind="upcoming", days=0, minute=23 * 60 + 59, hours=12, backup_hours=12)
def test_the_portal_has_time_left_within_the_stage(
    kind: str, days: int, minute: int, hours: int, backup_hours: int
) -> None:
    now = datetime.combine(date(2026, 11, 21), time(16), UTC) + timedelta(minutes=minute)
    open_hours = ContactHours()
    found = slot(kind, days if kind == "upcoming" else -days - 1, now, open_hours)
    times = times_of(kind, found, hours, backup_hours, clock(now))
    moment, deadline = found.at.moment, found.at.deadline
    assert moment <= times.report_by <= times.portal_at
    assert times.portal_at < deadline or moment == deadline
    assert times.counts_from < times.stands_until
    if moment < times.stands_until:
        assert times.portal_at <= times.stands_until
    if open_hours.next_open(moment, found.place.zone) == moment:
        assert open_hours.next_open(times.portal_at, found.place.zone) == times.portal_at


def test_what_is_asked_for_at_eight_gets_its_hours_in_full() -> None:
    morning = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    times = times_of("upcoming", slot("upcoming", 3, morning, ContactHours()), 3, 2, clock(morning))
    assert (times.report_by, times.portal_at) == (morning + timedelta(hours=3), morning + timedelta(hours=5))
    assert not times.needs_proof


@pytest.mark.parametrize(
    ("kind", "days", "needs"),
    [
        ("upcoming", 7, False), ("upcoming", 3, False), ("upcoming", 1, True), ("upcoming", 0, True),
        ("overdue", -1, False), ("overdue", -3, False), ("overdue", -7, True),
    ],
)  # fmt: skip
def test_proof_is_needed_where_no_later_stage_makes_it_good(kind: str, days: int, needs: bool) -> None:
    assert times_of(kind, slot(kind, days, NOON, ContactHours()), 4, 0, clock()).needs_proof is needs
