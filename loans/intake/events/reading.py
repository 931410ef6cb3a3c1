"""Reads a pushed message: its events, each as a record, or what is wrong with its form. No database is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rest_framework.exceptions import ValidationError

from loans.intake.events import body
from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.event_types import EventType, Record
from loans.intake.events.fields import Identifier, Members, Moment, unknown_member
from loans.intake.events.shape import INVALID, Mistake, ShapeError, mistakes_in
from loans.intake.values import Fault
from loans.models import Partner

MOST_EVENTS: Final = 1_000
AHEAD: Final = timedelta(minutes=5)
"""How far the clock of a partner may be before ours."""
_ENVELOPE: Final = frozenset({"id", "type", "version", "occurred_at", "data"})


class _Envelope(Members):
    id = Identifier()
    occurred_at = Moment()


_envelope: Final = _Envelope()


@dataclass(frozen=True, slots=True)
class Pushed:
    """One event as it was read. `loan` is the loan's number, empty where the event is about none, and `bank` the code
    of its bank, empty where it names none.
    """

    place: int
    id: str
    event_type: EventType
    occurred_at: datetime
    loan: str
    bank: str
    record: Record


def read_message(raw: bytes, kind: Partner.Kind, now: datetime) -> list[Pushed]:
    """The events of a message that a partner of this kind sent at `now`, aware; the same bytes give the same events.

    Raises ShapeError where anything in it is wrong: a message is taken as a whole, or not at all.
    """
    document = body.load(raw)
    batch = isinstance(document, dict) and "events" in document
    values = _events_of(document) if batch else [document]
    events: list[Pushed] = []
    mistakes: list[Mistake] = []
    for place, value in enumerate(values):
        try:
            events.append(_read(value, place, kind, now))
        except _MistakenError as error:
            pointer = f"/events/{place}" if batch else ""
            mistakes += [Mistake(pointer + found.pointer, found.code, found.detail) for found in error.mistakes]
    mistakes += _repeated(events)
    if mistakes:
        raise ShapeError.of(mistakes)
    return events


class _MistakenError(Exception):
    """What is wrong with one event, its places counted from the event."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__()
        self.mistakes = mistakes


def _events_of(document: dict[str, Any]) -> list[Any]:
    values = document["events"]
    if len(document) > 1:
        raise ShapeError.of([Mistake("", "unknown_member", "a batch has the member events and no other")])
    if not isinstance(values, list) or not values:
        raise ShapeError.of([Mistake("/events", INVALID, "must be a list of at least one event")])
    if len(values) > MOST_EVENTS:
        raise ShapeError("too_many_events", f"The message has {len(values)} events; at most {MOST_EVENTS} are taken.")
    return values


def _read(value: Any, place: int, kind: Partner.Kind, now: datetime) -> Pushed:
    if not isinstance(value, dict):
        raise _MistakenError(Mistake("", INVALID, "must be an object: an event"))
    event_type = _type_of(value, kind)
    said = _validated(value)
    if said["occurred_at"] > now + AHEAD:
        raise _MistakenError(Mistake("/occurred_at", "event_in_future", "lies more than 5 minutes ahead of our clock"))
    try:
        data = event_type.reader.run_validation(value.get("data"))
        record = event_type.read(data, said["occurred_at"])
    except ValidationError as error:
        raise _MistakenError(*mistakes_in(error.detail, "/data")) from None
    except Fault as fault:
        raise _MistakenError(Mistake("/data", fault.code, ", ".join((*fault.places, fault.reason)))) from None
    loan, bank = data.get("loan", ""), data.get("bank", "")
    return Pushed(place, said["id"], event_type, said["occurred_at"], loan, bank, record)


def _type_of(value: Mapping[str, Any], kind: Partner.Kind) -> EventType:
    name, version = value.get("type"), value.get("version", 1)
    if unknown := [key for key in value if key not in _ENVELOPE]:
        raise _MistakenError(Mistake("", "unknown_member", unknown_member(unknown[0])))
    if not isinstance(name, str) or type(version) is not int or (name, version) not in CATALOGUE:
        raise _MistakenError(Mistake("/type", "unknown_event_type", "names no type of event that is known"))
    event_type = CATALOGUE[name, version]
    if kind not in event_type.said_by:
        raise _MistakenError(Mistake("/type", "not_your_word", f"is not for a {kind.value} to say"))
    return event_type


def _validated(value: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        said: Mapping[str, Any] = _envelope.run_validation(
            {name: value[name] for name in ("id", "occurred_at") if name in value}
        )
    except ValidationError as error:
        raise _MistakenError(*mistakes_in(error.detail, "")) from None
    return said


def _repeated(events: list[Pushed]) -> list[Mistake]:
    seen: set[str] = set()
    again = [event for event in events if event.id in seen or seen.add(event.id)]  # type: ignore[func-returns-value]
    return [Mistake(f"/events/{event.place}/id", "repeated", "another event of this message has it") for event in again]
