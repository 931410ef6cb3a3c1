"""The operator's kill switch."""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Partner
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.claiming import Line
from notifications.escalation import climb
from notifications.halting import AlreadyLiftedError, halt, lift, still_halting
from notifications.models import AgentTask, Delivery, Halt, Prompt
from notifications.planning import plan_upcoming
from notifications.tests.factories import NOON, TODAY, claim, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fits", "sms_goes", "email_goes"),
    [
        ({}, False, False),
        ({"channel": "sms"}, False, True),
        ({"kind": "upcoming"}, False, False),
        ({"kind": "overdue"}, True, True),
        ({"channel": "email", "kind": "upcoming"}, True, False),
    ],
)
def test_it_stops_what_fits_and_nothing_else(fits: dict[str, str], sms_goes: bool, email_goes: bool) -> None:
    sms, email = make_delivery(), make_delivery(channel=Delivery.Channel.EMAIL)
    halt(reason="wrong wording", by=make_agent(), now=NOON, channel=fits.get("channel", ""), kind=fits.get("kind", ""))
    assert claim("sms") == ([sms.pk] if sms_goes else [])
    assert claim("email") == ([email.pk] if email_goes else [])


def test_it_stops_the_loans_of_one_partner() -> None:
    delivery = make_delivery()
    other = make_platform()
    standing = halt(reason="their book is wrong", by=None, now=NOON, partner=make_bank())
    assert claim("sms") == []
    lift(standing.pk, by=None, now=NOON)
    Halt.objects.create(partner=other, kind=Prompt.Kind.OVERDUE, reason="theirs too", since=NOON)
    assert claim("sms") == [delivery.pk]


def test_what_is_halted_twice_is_halted_once() -> None:
    first = halt(reason="wrong wording", by=make_agent(), now=NOON, channel="sms")
    assert halt(reason="the same", by=make_agent(), now=NOON + timedelta(seconds=1), channel="sms") == first
    assert Halt.objects.get().since == NOON
    wider = halt(reason="all of it", by=None, now=NOON)
    assert wider != first
    lift(first.pk, by=None, now=NOON)
    assert halt(reason="once more", by=None, now=NOON, channel="sms") not in {first, wider}


@pytest.mark.parametrize(
    ("other", "holds"),
    [
        ({}, True),
        ({"kind": "overdue"}, True),
        ({"channel": "sms", "kind": "overdue"}, True),
        ({"channel": "email"}, False),
        ({"partner": "harbour"}, True),
        ({"partner": "lantern"}, True),
        ({"partner": "elsewhere"}, False),
    ],
)
def test_whoever_lifts_one_learns_of_others_that_hold_the_same(other: dict[str, str], holds: bool) -> None:
    Partner.objects.create(code="elsewhere", kind=Partner.Kind.BANK, name="Elsewhere Bank")
    bank, _platform = make_bank(), make_platform()
    lifted = halt(reason="x", by=None, now=NOON, channel="sms", partner=bank)
    partner = Partner.objects.get(code=other["partner"]) if "partner" in other else None
    still = Halt.objects.create(
        channel=other.get("channel", ""), kind=other.get("kind", ""), partner=partner, reason="y", since=NOON
    )
    lift(lifted.pk, by=None, now=NOON)
    assert still_halting([lifted.pk]) == ([still] if holds else [])


def test_what_waited_goes_out_when_it_is_lifted() -> None:
    delivery = make_delivery(make_prompt())
    standing = halt(reason="provider sends twice", by=None, now=NOON)
    assert claim("sms") == []
    lift(standing.pk, by=make_agent(), now=NOON)
    assert claim("sms") == [delivery.pk]
    with pytest.raises(AlreadyLiftedError):
        lift(standing.pk, by=None, now=NOON)


class TestWalkingPast:
    """A worker asks for one block after the other; what is halted stands in front of all that may go out."""

    @pytest.fixture
    def line(self) -> Line:
        for place, kind in enumerate(["upcoming"] * 4 + ["overdue"] * 4):
            make_delivery(make_prompt(kind=kind), next_attempt_at=NOON - timedelta(seconds=8 - place))
        halt(reason="wrong wording", by=None, now=NOON, kind="upcoming")
        return Line("sms")

    def test_a_walk_goes_on_where_the_last_block_ended(self, line: Line) -> None:
        upcoming, overdue = ids_of("upcoming"), ids_of("overdue")
        assert take(line) + take(line) == overdue[:2]
        lift(Halt.objects.get().pk, by=None, now=NOON)
        assert take(line) + take(line) + take(line) == [*overdue[2:], upcoming[0]]

    def test_what_becomes_free_behind_it_is_taken_before_it_ends(self, line: Line) -> None:
        taken = {*take(line), *take(line)}
        lift(Halt.objects.get().pk, by=None, now=NOON)
        taken |= {*take(line), *take(line), *take(line), *take(line), *take(line), *take(line)}
        assert taken == set(Delivery.objects.values_list("pk", flat=True))
        assert take(line) == []


def ids_of(kind: str) -> list[int]:
    return list(Delivery.objects.filter(prompt__kind=kind).order_by("pk").values_list("pk", flat=True))


def take(line: Line) -> list[int]:
    """One delivery that is next, sent."""
    with transaction.atomic():
        ids = line.next(now=NOON, limit=1)
    Delivery.objects.filter(pk__in=ids).update(status="sent")
    return ids


class TestLadders:
    """What a halt leaves no channel waits with one message, and with a person in time."""

    HOUR = timedelta(hours=1)

    def planned(self, days: int = 7, **borrower: bool) -> None:
        """A reminder of what is due in so many days, planned at noon."""
        make_installment(make_loan(make_borrower(**borrower)), due_on=TODAY + timedelta(days=days))
        assert plan_upcoming(clock()) == 1

    def climb(self, *hours: int) -> None:
        for hour in hours:
            climb(clock(NOON + hour * self.HOUR))

    def waiting(self) -> list[str]:
        outside = Delivery.objects.exclude(channel="in_app").filter(status="queued")
        return list(outside.order_by("pk").values_list("channel", flat=True))

    @pytest.mark.parametrize("fits", [{"kind": "upcoming"}, {}, {"kind": "upcoming", "partner": "harbour"}])
    def test_one_message_leaves_when_the_halt_is_lifted(self, fits: dict[str, str]) -> None:
        self.planned()
        bank = make_bank() if "partner" in fits else None
        standing = halt(reason="wrong wording", by=None, now=NOON, kind=fits.get("kind", ""), partner=bank)
        self.climb(*range(1, 6))
        lift(standing.pk, by=None, now=NOON + 6 * self.HOUR)
        self.climb(6)
        assert self.waiting() == ["sms"]
        assert len(claim("sms", NOON + 6 * self.HOUR)) == 1
        assert not AgentTask.objects.exists()

    def test_one_message_leaves_though_the_channels_were_halted_one_by_one(self) -> None:
        self.planned()
        standing = [halt(reason="-", by=None, now=NOON, channel=channel) for channel in ("sms", "email")]
        self.climb(*range(1, 40))
        assert self.waiting() == ["sms"]
        assert not AgentTask.objects.exists()
        for one in standing:
            lift(one.pk, by=None, now=NOON + 40 * self.HOUR)
        assert len(claim("sms", NOON + 40 * self.HOUR)) == 1

    def test_who_has_one_channel_waits_for_it_with_a_person_in_time(self) -> None:
        self.planned(email=False)
        halt(reason="-", by=None, now=NOON, channel="sms")
        self.climb(*range(1, 40))
        assert (self.waiting(), AgentTask.objects.exists()) == (["sms"], False)

    def test_what_went_out_before_it_is_followed_by_one_that_waits(self) -> None:
        self.planned()
        Delivery.objects.filter(channel="sms").update(status="sent", sent_at=NOON)
        standing = halt(reason="wrong wording", by=None, now=NOON + self.HOUR, kind="upcoming")
        self.climb(*range(1, 21))
        assert self.waiting() == ["email"]
        assert not AgentTask.objects.exists()
        lift(standing.pk, by=None, now=NOON + 20 * self.HOUR)
        assert len(claim("email", NOON + 20 * self.HOUR)) == 1

    def test_whom_it_has_reached_is_followed_by_one_that_waits_also_after_the_deadline(self) -> None:
        self.planned(days=1)
        Delivery.objects.filter(channel="sms").update(status="delivered", sent_at=NOON, delivered_at=NOON)
        halt(reason="wrong wording", by=None, now=NOON, kind="upcoming")
        Prompt.objects.update(deadline=NOON + 5 * self.HOUR)
        self.climb(*range(1, 12))
        assert self.waiting() == ["email"]
        assert not AgentTask.objects.exists()

    def test_a_person_has_it_at_the_deadline(self) -> None:
        self.planned(days=1)
        halt(reason="wrong wording", by=None, now=NOON, kind="upcoming")
        deadline = Prompt.objects.get().deadline
        assert deadline is not None
        self.climb(*range(1, 5))
        assert not AgentTask.objects.exists()
        climb(clock(deadline))
        assert AgentTask.objects.get().created_at == deadline
        assert self.waiting() == ["sms"]

    def test_who_has_nothing_that_waits_is_with_a_person_at_once(self) -> None:
        self.planned(phone=False, email=False)
        halt(reason="wrong wording", by=None, now=NOON)
        self.climb(0)
        assert AgentTask.objects.get().reason == "no channel reached them"

    @pytest.mark.parametrize(
        "fits", [{"channel": "sms"}, {"channel": "sms", "kind": "upcoming"}, {"kind": "overdue"}, {"partner": "other"}]
    )
    def test_where_another_channel_is_open_the_ladder_goes_on_to_it(self, fits: dict[str, str]) -> None:
        self.planned()
        other = Partner.objects.create(code="other", kind="bank", name="Other") if "partner" in fits else None
        halt(reason="-", by=None, now=NOON, channel=fits.get("channel", ""), kind=fits.get("kind", ""), partner=other)
        self.climb(4)
        assert self.waiting() == ["sms", "email"]


def test_it_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        halt(reason=" ", by=None, now=NOON)
