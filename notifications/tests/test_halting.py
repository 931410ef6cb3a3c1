"""The operator's kill switch."""

import pytest
from django.db import transaction

from accounts.tests.factories import make_agent
from loans.tests.factories import make_bank, make_platform
from notifications.claiming import Line
from notifications.halting import AlreadyLiftedError, halt, lift
from notifications.models import Delivery, Halt, Prompt
from notifications.tests.factories import NOON, claim, make_delivery, make_prompt

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
        for kind in ["upcoming"] * 4 + ["overdue"] * 4:
            make_delivery(make_prompt(kind=kind))
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


def test_it_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        halt(reason=" ", by=None, now=NOON)
