"""Reasons of ours, which the record keeps in English, as agents read them."""

import re

import pytest
from django.utils import translation

from accounts.outside.lines import WHY
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
