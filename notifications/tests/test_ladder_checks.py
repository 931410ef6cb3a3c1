"""A ladder that could leave a borrower to nobody stops the start."""

from datetime import timedelta

import pytest
from django.core import checks

from notifications.checks import TELLING
from notifications.ladder import LADDERS, Ladder, Needs, Rung
from notifications.models import Delivery, Prompt

Kind = Prompt.Kind
RUNG = Rung(Delivery.Channel.SMS, Needs.DELIVERED, timedelta(hours=1))


def faults() -> list[str]:
    return [str(error.msg) for error in checks.run_checks(tags=[TELLING]) if error.id == "notifications.E005"]


def test_our_own_ladders_are_sound() -> None:
    assert faults() == []


@pytest.mark.parametrize("kind", Prompt.ASKING)
def test_one_that_asks_for_an_answer_and_has_no_last_rung_is_refused(
    monkeypatch: pytest.MonkeyPatch, kind: Prompt.Kind
) -> None:
    monkeypatch.setitem(LADDERS, kind, Ladder((RUNG,), ends_with_person=False))
    assert faults() == [
        f"The ladder of '{kind.value}' has no last rung: it asks for an answer, so it must end with a person."
    ]


def test_news_may_end_in_the_portal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LADDERS, Kind.PAYMENT_SETTLED, Ladder((RUNG,), ends_with_person=False))
    assert faults() == []


@pytest.mark.parametrize("kind", [Kind.UPCOMING, Kind.PAYMENT_SETTLED])
def test_one_without_any_rung_is_refused(monkeypatch: pytest.MonkeyPatch, kind: Prompt.Kind) -> None:
    monkeypatch.setitem(LADDERS, kind, Ladder(()))
    assert faults() == [f"The ladder of '{kind.value}' has no rung: no channel would be tried."]


def test_a_rung_that_waits_for_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = Rung(Delivery.Channel.SMS, Needs.DELIVERED, timedelta())
    monkeypatch.setitem(LADDERS, Kind.OVERDUE, Ladder((RUNG, hasty)))
    assert faults() == ["A rung of the ladder of 'overdue' has no time: the next channel would be tried before it."]


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_without_a_ladder_is_refused(monkeypatch: pytest.MonkeyPatch, kind: Prompt.Kind) -> None:
    monkeypatch.delitem(LADDERS, kind)
    assert faults() == [f"Prompts of the kind '{kind.value}' have no ladder: nobody would be told."]
