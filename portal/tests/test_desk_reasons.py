"""Reasons of ours, which the record keeps in English, as agents read them."""

import re

import pytest
from django.utils import translation

from accounts.outside.lines import WHY
from notifications.putting_off import NOT_LATE_YET
from notifications.states import HELD_BY
from notifications.suppliers import FAILS, SLOW
from portal.admin.reasons import FAULTS, provider_words, reason_words

REACHED = [f"gateway cannot be reached: {fault}" for fault in sorted(set(WHY.values()))]
OTHERS = ["no answer after the request was sent: time-out", "its worker died while handing it over"]


def test_whatever_is_wrong_with_a_connection_has_words() -> None:
    assert set(WHY.values()) == FAULTS.keys()


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
@pytest.mark.parametrize("why", [*REACHED, *OTHERS, SLOW, *(FAILS + reason for reason in REACHED)])
def test_why_a_message_or_a_provider_failed_is_said_in_the_agents_language(why: str, language: str) -> None:
    with translation.override(language):
        assert not re.search("[a-z]", provider_words(why))


@pytest.mark.parametrize(
    "words", ["gateway cannot be reached: libcurl's error 7", "busy: no connection", "503 queue full"]
)
def test_words_that_are_not_ours_stay_as_they_are(words: str) -> None:
    with translation.override("zh-hans"):
        assert reason_words(words) == words


@pytest.mark.parametrize(("language", "words"), [("en", "held: its due day is not over"), ("zh-hans", "付款日还没过")])
def test_that_a_message_waits_for_the_end_of_the_due_day_is_said(language: str, words: str) -> None:
    with translation.override(language):
        assert words in reason_words(f"{HELD_BY}{NOT_LATE_YET}")
