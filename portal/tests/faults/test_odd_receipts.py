"""Receipts that come twice, in the wrong order, late, early or never: in one run, each for a group of its own."""

from time import monotonic

import pytest
from django.db.models import Count, Q
from pytest_django import DjangoDbBlocker

from notifications.models import Delivery, NoticeEvent
from notifications.states import Status
from portal.tests.faults import book
from portal.tests.faults.conftest import ROWS, opened, size_of
from portal.tests.faults.ledger import Ledger
from portal.tests.faults.run import Run, assert_promise, describe
from portal.tests.faults.world import World

pytestmark = pytest.mark.faults

ODDITIES = {
    "twice": "receipts come twice",
    "reorder": "receipts come in the wrong order",
    "slow": "receipts come hours late",
    "early": "receipts come before our own write",
    "lost": "receipts never come",
}


class Group(Ledger):
    """Borrowers whose receipts are odd in one way, as it stands when all is quiet."""

    def __init__(self, installments: set[int], run: Run) -> None:
        super().__init__(installments, run.copies)
        self.moves = {
            kind: set(
                NoticeEvent.objects.filter(kind=kind, delivery_id__in=self.tellings).values_list(
                    "delivery_id", flat=True
                )
            )
            for kind in (NoticeEvent.Kind.SENT, NoticeEvent.Kind.UNCONFIRMED)
        }
        words = Delivery.objects.filter(pk__in=self.tellings).annotate(
            heard=Count("receipts", filter=Q(receipts__kind="delivered")),
            moved=Count("receipts", filter=Q(receipts__kind="delivered", receipts__moved=True)),
        )
        self.heard = {pk: (heard, moved) for pk, heard, moved in words.values_list("pk", "heard", "moved")}


@pytest.fixture(scope="module")
def groups(standing_world: World, django_db_blocker: DjangoDbBlocker, pytestconfig: pytest.Config) -> dict[str, Group]:
    with opened(standing_world, django_db_blocker, standing_world.workers):
        run = Run(standing_world, "odd receipts", size_of(pytestconfig) // 10, pytestconfig.stash[ROWS])
        run.started = monotonic()
        books = {oddity: book.write(run.size, phones=[oddity], mail=oddity) for oddity in ODDITIES}
        standing_world.nudge()
        run.settle()
        found = {oddity: Group(installments, run) for oddity, installments in books.items()}
        run.rows.extend(describe(ODDITIES[oddity], group, run.seconds) for oddity, group in found.items())
        standing_world.settled = True
    return found


def living(group: Group) -> set[int]:
    """Tellings to phones and mailboxes that work."""
    return {pk for pk, one in group.tellings.items() if one.status != Status.FAILED}


def test_receipts_that_come_twice_move_a_telling_once(groups: dict[str, Group]) -> None:
    group = groups["twice"]
    assert_promise(group)
    assert {group.heard[pk] for pk in living(group)} == {(2, 1)}


def test_receipts_in_the_wrong_order_leave_it_delivered(groups: dict[str, Group]) -> None:
    group = groups["reorder"]
    assert_promise(group)
    assert {group.tellings[pk].status for pk in living(group)} == {Status.DELIVERED}


def test_receipts_that_come_hours_late_are_believed_all_the_same(groups: dict[str, Group]) -> None:
    group = groups["slow"]
    assert_promise(group)
    assert {group.tellings[pk].status for pk in living(group)} == {Status.DELIVERED}
    assert living(group) & group.moves[NoticeEvent.Kind.UNCONFIRMED]


def test_receipts_that_come_before_our_own_write_are_not_overwritten_by_it(groups: dict[str, Group]) -> None:
    """Where answers are so late that a claim is given up, what was told in another way is not sent again."""
    group = groups["early"]
    assert_promise(group)
    heard = {pk for pk in living(group) if group.heard[pk] != (0, 0)}
    assert {group.tellings[pk].status for pk in heard} == {Status.DELIVERED}
    assert len(heard) >= len(living(group)) / 2
    assert living(group) - group.moves[NoticeEvent.Kind.SENT]


def test_receipts_that_never_come_lead_to_the_next_channel_and_to_a_person(groups: dict[str, Group]) -> None:
    group = groups["lost"]
    assert_promise(group)
    assert {group.tellings[pk].status for pk in living(group)} == {Status.UNCONFIRMED}
    assert {prompt.told_with_id or prompt.pk for prompt in group.prompts} == group.with_person
