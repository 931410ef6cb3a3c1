"""Whatever is pushed is read, or refused in words that can be stored and sent back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from loans.api.problems import PROBLEMS
from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.event_types import EventType
from loans.intake.events.reading import Pushed, read_message
from loans.intake.events.shape import ShapeError
from loans.models import Partner
from loans.tests.pushing import event

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
NAMES = sorted({name for name, _version in CATALOGUE})
ANY_TEXT = st.text() | st.sampled_from(["\x00", "\ud800", "1.00", "2026-12-01", "9" * 400, "CNY"])
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_JSON: SearchStrategy[Any] = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4), max_leaves=12
)


def read(document: Any, kind: Partner.Kind = Partner.Kind.BANK) -> list[Pushed] | None:
    """The events, or None where it is refused as it should be."""
    try:
        return read_message(json.dumps(document).encode(), kind, NOW)
    except ShapeError as error:
        wrong = error
    said = "".join([wrong.detail, *(part for mistake in wrong.mistakes for part in mistake)])
    assert wrong.code in PROBLEMS
    assert "\x00" not in said
    assert said.encode()  # no half of a character: neither PostgreSQL nor a JSON answer could hold it
    return None


@given(ANY_JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    read(document)
    read({"events": document})
    read({"events": [document]})


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(ShapeError) as refused:
        read_message(raw, Partner.Kind.BANK, NOW)
    assert refused.value.code in PROBLEMS


@st.composite
def changed_events(draw: st.DrawFn) -> dict[str, Any]:
    """An example of an event in which something stands in the place of something else."""
    made: dict[str, Any] = json.loads(json.dumps(event(draw(st.sampled_from(NAMES)))))
    place: Any = made
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or draw(st.booleans()):
            place[key] = draw(ANY_JSON)
            return made
        place = place[key]


@given(changed_events(), st.sampled_from([Partner.Kind.BANK, Partner.Kind.PLATFORM]))
def test_any_member_of_another_kind_is_read_or_refused(said: dict[str, Any], kind: Partner.Kind) -> None:
    read(said, kind)


@pytest.mark.parametrize("event_type", CATALOGUE.values(), ids=lambda one: one.name)
def test_each_example_is_read_the_same_each_time(event_type: EventType) -> None:
    kind = sorted(event_type.said_by)[0]
    first, again = (read(event(event_type.name, id="e-1"), Partner.Kind(kind)) for _ in range(2))
    assert first
    assert first == again
    assert first[0].event_type is event_type
    assert first[0].occurred_at == datetime(2026, 11, 27, 1, tzinfo=UTC)
