"""No door for other systems is there without the cases that every door must hold."""

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

from notifications.tests.webhook_cases import DoorCases

HELD_ELSEWHERE = {"api_events": "loans/tests/test_push_events.py"}
"""Doors of partners, which sign otherwise."""


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def doors() -> set[str]:
    """The names of all addresses that other systems call past what is there for people."""
    return {str(one.name) for one in patterns(get_resolver()) if getattr(one.callback, "for_providers", False)}


def held() -> set[str]:
    """The doors that have a class of the cases, in whichever file of tests that is about doors."""
    files = [f"{__package__}.{path.stem}" for path in Path(__file__).parent.glob("test_webhook_*.py")]
    for file in files:
        importlib.import_module(file)
    kinds = [kind for kind in _below(DoorCases.__subclasses__()) if kind.__module__ in files]
    return {kind.door for kind in kinds if kind.__name__.startswith("Test")}


def _below(kinds: Iterable[type[DoorCases]]) -> Iterator[type[DoorCases]]:
    for kind in kinds:
        yield kind
        yield from _below(kind.__subclasses__())


def test_every_door_holds_what_every_door_must() -> None:
    assert doors() - HELD_ELSEWHERE.keys() == held()
    assert len(held()) >= 12


def test_what_is_held_elsewhere_is_there() -> None:
    root = Path(__file__).parents[2]
    assert set(HELD_ELSEWHERE) < doors()
    assert all((root / file).exists() for file in HELD_ELSEWHERE.values())
