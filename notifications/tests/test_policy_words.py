"""Rules in words for agents."""

from datetime import date

import pytest
from django.utils import translation

from notifications.policy import CHANNELS, DISPUTES, NOTICES, SPANS, Cap, Citation, HoursRule, Mark
from notifications.policy_files import jurisdictions, rules_of
from notifications.policy_words import describe
from notifications.timing import ContactHours

TODAY = date(2026, 11, 22)


def hours(text: str, mark: Mark) -> HoursRule:
    return HoursRule("xx/service/hours", Citation("a law", mark, TODAY), ContactHours.parse(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("08:00-22:00", "no service contact 22:00-08:00"),
        ("08:00-24:00", "no service contact 00:00-08:00"),
        ("00:00-20:00", "no service contact 20:00-24:00"),
        ("00:00-24:00", "service contact at any hour"),
    ],
)
def test_hours_are_told_by_when_they_are_closed(text: str, words: str) -> None:
    assert describe(hours(text, Mark.PRIMARY)) == f"{words} (a law)"


@pytest.mark.parametrize("code", jurisdictions())
def test_what_was_not_read_in_the_law_is_a_default_and_unconfirmed(code: str) -> None:
    for rule in rules_of(code):
        words = describe(rule)
        assert ("default, unconfirmed" in words) is (rule.citation.mark is not Mark.PRIMARY)
        assert (rule.citation.source in words) is (rule.citation.mark is not Mark.OWN)


@pytest.mark.parametrize(
    ("code", "subject", "words"),
    [
        ("us", "collection/cool_off/voice", "collection by call not within 7 days of a conversation"),
        ("us", "collection/caps/voice/week", "collection by call at most 7 times in seven days"),
        ("cn", "statutory/notices/adverse_report", "adverse report to a credit bureau: notice beforehand"),
        ("uk", "statutory/notices/adverse_report", "adverse report to a credit bureau: notice at least 28 days before"),
        ("us", "statutory/notices/adverse_report", "adverse report to a credit bureau: notice at most 30 days after"),
        ("cn", "disputes/complaint", "complaint: answer within 15 days"),
        ("eu", "disputes/objection", "objection to a credit record: answer within 1 month"),
    ],
)
def test_every_sort_of_rule_has_words(code: str, subject: str, words: str) -> None:
    (rule,) = [rule for rule in rules_of(code) if rule.subject == f"{code}/{subject}"]
    assert describe(rule).startswith(f"{words} (")


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_every_name_in_a_file_has_words_in_every_language(language: str) -> None:
    with translation.override(language):
        for code in jurisdictions():
            assert all(describe(rule) for rule in rules_of(code))
        for channel in CHANNELS:
            for span in SPANS:
                rule = Cap(f"xx/collection/caps/{channel}/{span}", Citation("a law", Mark.OWN, TODAY), channel, span, 1)
                assert describe(rule)


def test_every_notice_and_dispute_has_a_name() -> None:
    from notifications.policy_words import _ABOUT

    assert set(_ABOUT) == {*NOTICES, *DISPUTES}
