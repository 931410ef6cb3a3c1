"""Whoever gets past the triggers and changes the record is found out."""

from io import StringIO
from json import loads

import pytest
from django.core.management import call_command

from notifications.evidence import checking, sealing
from notifications.evidence.checking import Verdict, verify_seals
from notifications.evidence.sealing import seal_events
from notifications.evidence.verify import hash_seal
from notifications.models import NoticeEvent, Seal
from notifications.tests.events import make_events, tamper
from notifications.tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Twelve events under four seals, read two seals at a time."""
    monkeypatch.setattr(sealing, "BATCH", 3)
    monkeypatch.setattr(checking, "PAGE", 2)
    made = make_events(12)
    seal_events(NOON)
    assert Seal.objects.count() == 4
    return made


def broken_seal(verdict: Verdict) -> tuple[int, list[str]]:
    """Which seal of the four is broken, from 0, and what differs."""
    assert verdict.broken is not None
    places = list(Seal.objects.values_list("pk", flat=True))
    return places.index(verdict.broken.seal_id), [difference.what for difference in verdict.broken.differences]


def test_an_untouched_record_holds(ids: list[int]) -> None:
    make_events(2)
    assert verify_seals() == Verdict(seals=4, events=12, unsealed=2, broken=None)


def test_without_seals_nothing_is_broken() -> None:
    make_events(1)
    assert verify_seals() == Verdict(seals=0, events=0, unsealed=1, broken=None)


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "kind = 'delivered'",
        "borrower_id = borrower_id + 1",
        "installment_id = 1",
        "prompt_id = 1",
        "delivery_id = 1",
        "actor_id = 1",
        """data = '{"channel": "email"}'""",
    ],
)
def test_a_change_in_any_column_of_an_event_breaks_its_seal(ids: list[int], change: str) -> None:
    tamper(f"UPDATE notifications_noticeevent SET {change} WHERE id = %s", ids[7])
    verdict = verify_seals()
    assert broken_seal(verdict) == (2, ["root"])
    assert (verdict.seals, verdict.events) == (2, 6)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_event_that_was_removed_breaks_its_seal(ids: list[int], place: int) -> None:
    tamper("DELETE FROM notifications_noticeevent WHERE id = %s", ids[3 + place])
    assert broken_seal(verify_seals()) == (1, ["count", "root"])


def test_all_events_of_a_seal_removed_break_it(ids: list[int]) -> None:
    tamper("DELETE FROM notifications_noticeevent WHERE id = ANY(%s)", ids[9:])
    assert broken_seal(verify_seals()) == (3, ["count", "root"])


@pytest.mark.parametrize("smuggled", [-5, 0])
def test_an_event_smuggled_in_below_the_first_breaks_the_first_seal(ids: list[int], smuggled: int) -> None:
    make_smuggled(smuggled)
    assert broken_seal(verify_seals()) == (0, ["count", "root"])


def test_an_event_smuggled_in_where_an_id_was_never_used_breaks_the_seal_over_it(ids: list[int]) -> None:
    tamper("SELECT setval(pg_get_serial_sequence('notifications_noticeevent', 'id'), %s)", ids[-1] + 10)
    make_events(1)
    seal_events(NOON)
    make_smuggled(ids[-1] + 4)
    assert broken_seal(verify_seals()) == (4, ["count", "root"])


def test_one_event_put_in_the_place_of_another_breaks_the_seal(ids: list[int]) -> None:
    tamper("UPDATE notifications_noticeevent SET id = %s WHERE id = %s", ids[0] - 1, ids[2])
    assert broken_seal(verify_seals()) == (0, ["root"])


@pytest.mark.parametrize("column", ["first_id", "last_id", "count", "sealed_at", "root"])
def test_a_seal_that_was_changed_is_broken(ids: list[int], column: str) -> None:
    more = {"sealed_at": "sealed_at + interval '1 s'", "root": "sha256(root)"}.get(column, f"{column} + 1")
    fewer = {"first_id": "first_id - 1", "last_id": "last_id - 1"}.get(column, more)
    tamper(f"UPDATE notifications_seal SET {column} = {fewer} WHERE last_id = %s", ids[5])
    place, what = broken_seal(verify_seals())
    assert place == 1
    assert "hash" in what


def test_a_seal_that_was_written_anew_over_changed_events_breaks_the_next_one(ids: list[int]) -> None:
    tamper("UPDATE notifications_noticeevent SET kind = 'failed' WHERE id = %s", ids[4])
    after = Seal.objects.order_by("pk")[2]
    forge(Seal.objects.order_by("pk")[1])
    assert verify_seals().broken == checking.Broken(
        after.pk,
        after.first_id,
        after.last_id,
        (
            checking.Difference(
                "previous", bytes(after.previous).hex(), bytes(Seal.objects.order_by("pk")[1].hash).hex()
            ),
        ),
    )


def test_a_seal_that_was_removed_is_missed_by_the_next_one(ids: list[int]) -> None:
    tamper("DELETE FROM notifications_seal WHERE last_id = %s", ids[5])
    place, what = broken_seal(verify_seals())
    assert (place, what) == (1, ["previous", "first_id"])


def test_the_first_seal_removed_is_missed_by_the_second(ids: list[int]) -> None:
    tamper("DELETE FROM notifications_seal WHERE last_id = %s", ids[2])
    assert broken_seal(verify_seals()) == (0, ["previous"])


def test_a_part_of_the_chain_can_be_verified_alone(ids: list[int]) -> None:
    numbers = list(Seal.objects.values_list("pk", flat=True))
    tamper("UPDATE notifications_noticeevent SET kind = 'failed' WHERE id = %s", ids[4])
    assert verify_seals(first=numbers[2]) == Verdict(seals=2, events=6, unsealed=0, broken=None)
    assert verify_seals(last=numbers[0]) == Verdict(seals=1, events=3, unsealed=0, broken=None)
    assert broken_seal(verify_seals(numbers[1], numbers[1])) == (1, ["root"])


def test_the_command_says_what_holds_and_what_is_broken(ids: list[int]) -> None:
    assert run() == (0, "4 seals over 12 events hold; 0 events wait for a seal\n", "")
    tamper("UPDATE notifications_noticeevent SET kind = 'failed' WHERE id = %s", ids[4])
    seal = Seal.objects.order_by("pk")[1]
    code, out, err = run()
    assert (code, out) == (2, "1 seals over 3 events hold; 0 events wait for a seal\n")
    assert f"Seal {seal.pk} is broken: it or an event from {seal.first_id} to {seal.last_id} was changed." in err
    assert f"root: sealed {bytes(seal.root).hex()}, found " in err


def test_the_command_prints_json_alone(ids: list[int]) -> None:
    code, out, err = run("--json")
    assert (code, loads(out), err) == (0, {"seals": 4, "events": 12, "unsealed": 0, "broken": None}, "")
    tamper("DELETE FROM notifications_noticeevent WHERE id = %s", ids[0])
    code, out, err = run("--json", "--from", str(Seal.objects.order_by("pk")[0].pk))
    assert (code, err) == (2, "")
    assert [one["what"] for one in loads(out)["broken"]["differences"]] == ["count", "root"]


def test_on_a_terminal_the_command_shows_how_far_it_is(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("notifications.management.commands.verify_evidence._SECONDS", 0)
    terminal = Terminal()
    call_command("verify_evidence", stdout=StringIO(), stderr=terminal, no_color=True)
    assert "4 seals, 12 events" in terminal.getvalue()


def make_smuggled(event_id: int) -> None:
    NoticeEvent.objects.create(pk=event_id, at=NOON, kind=NoticeEvent.Kind.DELIVERED, borrower_id=7)


def forge(seal: Seal) -> None:
    """Make a seal fit what its events have become."""
    from notifications.evidence.canonical import read_range
    from notifications.evidence.merkle import root_of
    from notifications.evidence.verify import hash_leaf

    with read_range(seal.first_id - 1, seal.last_id) as rows:
        root = root_of([hash_leaf(line.encode()) for _id, line in rows])
    own = hash_seal(bytes(seal.previous), seal.first_id, seal.last_id, seal.count, root, seal.sealed_at)
    tamper("UPDATE notifications_seal SET root = %s, hash = %s WHERE id = %s", root, own, seal.pk)


def run(*arguments: str) -> tuple[int, str, str]:
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("verify_evidence", *arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, out.getvalue(), err.getvalue()
