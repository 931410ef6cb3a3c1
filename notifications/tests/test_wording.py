"""Guards over the words themselves: none is missing, and none says what it may not."""

import re
import shutil
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from loans.models import Dispute
from notifications import checks
from notifications.channels.segments import is_gsm, segments
from notifications.models import Delivery, Prompt
from notifications.rendering import available_wordings, render
from notifications.wording.samples import LONGEST_LINK, sample_facts
from notifications.wording.source import (
    FOLDER,
    LANGUAGES,
    NAMES,
    Wording,
    WordingError,
    names_in,
    read_wordings,
)

SECTIONS = {
    "upcoming": {"7", "3", "1", "0"},
    "overdue": {"1", "3", "7"},
    "schedule_changed": {"0", "1"},
    "dispute_decided": set(Dispute.Decision.values),
}
KINDS = list(Prompt.Kind.values)
COUNTED_FROM_DUE = {"due_day", "due_relative", "due_when", "by_due"}
DEBT_WORDS = {
    "en": r"\b(loan|debt|due|overdue|owe|owed|arrears|late|lend|lends|lender|credit|repay|repayment|default|collect)\b",
    "zh-hans": "贷|债|欠|逾期|还款|催|征信|信用|本金|利息|分期|借款",
    "zh-hant": "貸|債|欠|逾期|還款|催|徵信|信用|本金|利息|分期|借款",
}


def wordings(language: str) -> Iterator[tuple[str, str, Wording]]:
    for kind in KINDS:
        for section, wording in read_wordings(kind, language).items():
            yield kind, section, wording


def lines_of(wording: Wording) -> list[str]:
    paragraphs = [text for ways in (*wording.body, *wording.about) for text in ways]
    return [wording.subject, wording.preview, wording.heading, wording.button, wording.sms, *paragraphs]


def without_names(text: str) -> str:
    return re.sub(r"\{\w+\}", "", text)


def test_every_kind_stage_channel_and_language_has_words() -> None:
    assert set(LANGUAGES) == {code for code, _name in settings.LANGUAGES}
    expected = {
        (kind, section, channel, language)
        for kind in KINDS
        for section in SECTIONS.get(kind, {""})
        for channel in Delivery.Channel.values
        for language in LANGUAGES
    }
    assert set(available_wordings()) == expected


def test_nothing_lies_in_the_folder_that_no_prompt_uses() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*KINDS, "every_message", "message.html"}
    for folder in (path for path in FOLDER.iterdir() if path.is_dir()):
        assert {path.name for path in folder.iterdir()} == {f"{language}.toml" for language in LANGUAGES}


def test_every_fact_that_may_be_named_is_named_somewhere() -> None:
    used = {name for language in LANGUAGES for *_key, wording in wordings(language) for text in lines_of(wording)
            for name in names_in(text)}  # fmt: skip
    assert used == NAMES


@pytest.mark.parametrize("kind", KINDS)
def test_the_three_languages_tell_the_same_facts(kind: str) -> None:
    for section in read_wordings(kind, "en"):
        told = [
            {
                "due_on" if name in COUNTED_FROM_DUE else name
                for text in lines_of(read_wordings(kind, language)[section])
                for name in names_in(text)
            }
            for language in LANGUAGES
        ]
        assert told[0] == told[1] == told[2], section


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_locked_screen_shows_no_word_of_debt(language: str) -> None:
    for kind, section, wording in wordings(language):
        for text in (wording.subject, wording.preview, wording.sms):
            assert not re.search(DEBT_WORDS[language], text, re.IGNORECASE), (kind, section, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_locked_screen_shows_who_speaks(language: str) -> None:
    for kind, section, wording in wordings(language):
        for text in (wording.subject, wording.sms):
            assert names_in(text) & {"firms", "seller", "bank_name"}, (kind, section, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_count_days_themselves(language: str) -> None:
    days = r"today|tomorrow|yesterday|tonight|\d|今天|明天|昨天|今日|明日|[一二两兩三七]天[后後前内內]"
    for kind, section, wording in wordings(language):
        for text in lines_of(wording):
            assert not re.search(days, without_names(text), re.IGNORECASE), (kind, section, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_message_stays_within_two_parts(language: str) -> None:
    firms = {"bank_name": "First Harbour and Ocean Savings Bank", "platform_name": "Meimai Consumer Services Mall"}
    if language != "en":
        firms = {"bank_name": "中国邮政储蓄银行", "platform_name": "美买商城"}
    for kind, section, _wording in wordings(language):
        decision = section if section in Dispute.Decision.values else ""
        stage = int(section) if section.isdecimal() else 0
        facts = sample_facts(language, **firms, decision=decision, due_on=date(2026, 12, 30))
        text = render(kind, stage, "sms", facts, LONGEST_LINK).text
        assert segments(text) <= 2, (kind, section)
        assert firms["platform_name"] in text or firms["bank_name"] in text, (kind, section)


def test_an_english_text_message_needs_only_the_default_alphabet() -> None:
    for kind, section, wording in wordings("en"):
        assert is_gsm(without_names(wording.sms)), (kind, section)


def test_chinese_words_have_chinese_punctuation() -> None:
    for language in ("zh-hans", "zh-hant"):
        for kind, section, wording in wordings(language):
            for text in lines_of(wording):
                assert not re.search(r"[,;:!?()\"'.<>]", without_names(text)), (kind, section, text)


def test_english_words_have_english_punctuation() -> None:
    for kind, section, wording in wordings("en"):
        for text in lines_of(wording):
            assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", text), (kind, section, text)


def test_each_chinese_script_keeps_to_its_own_letters() -> None:
    for language, script in (("zh-hans", "gb2312"), ("zh-hant", "big5")):
        for *_key, wording in wordings(language):
            for text in lines_of(wording):
                text.encode(script)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_email_says_who_speaks_how_to_check_it_and_what_we_never_ask(language: str) -> None:
    never = {"en": "We never ask for a password or card number by message", "zh-hans": "绝不会", "zh-hant": "絕不會"}
    facts = sample_facts(language)
    for kind, section, _wording in wordings(language):
        stage = int(section) if section.isdecimal() else 0
        told = render(kind, stage, "email", facts, LONGEST_LINK)
        for part in (facts.bank_name, facts.platform_name, facts.portal_url, facts.support_phone, never[language]):
            assert part in told.text, (kind, section, part)
            assert part in told.html, (kind, section, part)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["upcoming", "overdue"])
def test_a_prompt_to_pay_says_how_much_when_how_and_under_which_reference(kind: str, language: str) -> None:
    facts = sample_facts(language)
    for section in SECTIONS[kind]:
        for channel in ("email", "in_app"):
            told = render(kind, int(section), channel, facts, LONGEST_LINK).text
            day = "Thu 3 December" if language == "en" else "12月3日（"
            for part in ("¥1,523.40", day, facts.payment_reference, facts.how_to_pay.splitlines()[0]):
                assert part in told, (section, part)


def test_the_words_all_load_at_start() -> None:
    assert checks.check_wordings(None) == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The folder of wordings, to be spoilt."""
    return shutil.copytree(FOLDER, tmp_path / "notifications")


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("upcoming/en.toml", "{amount}", "{amout}", "may not name {amout}"),
        ("upcoming/en.toml", 'preview = "', 'preview = "{amount} ', "preview may not name {amount}"),
        ("upcoming/en.toml", 'sms = "', 'sms = "{loan_label} ', "sms may not name {loan_label}"),
        ("upcoming/en.toml", 'button = "', 'button = "{how_to_pay}', "button may not name {how_to_pay}"),
        ("upcoming/en.toml", "{amount}", "{amount!r}", "braces that cannot be filled"),
        ("upcoming/en.toml", "{amount}", "{amount", "braces that cannot be filled"),
        ("upcoming/en.toml", "{amount}", "{{amount}}", "braces that cannot be filled"),
        ("upcoming/en.toml", "button =", "buton =", "buton has no meaning here"),
        ("upcoming/en.toml", 'button = "', 'buttons = "', "buttons has no meaning here"),
        ("upcoming/en.toml", 'heading = "', 'heading = "\\n', "heading must be one line of text"),
        ("upcoming/en.toml", "body = [", "body = [ 3,", "every paragraph of body must be one line of text"),
        ("upcoming/en.toml", "body = [", 'body = "', "not a TOML file"),
        ("every_message/en.toml", "about = [", "about_us = [", "about_us has no meaning here"),
        ("message.html", "{{ about }}", "", "the places for about"),
        ("message.html", "{{ about }}", "{{ about }}{{ extra }}", "the places for extra"),
    ],
)
def test_a_broken_wording_is_refused_by_name(copy: Path, file: str, old: str, new: str, complaint: str) -> None:
    spoil(copy / file, old, new)
    with pytest.raises(WordingError, match=re.escape(complaint)) as refusal:
        read_wordings("upcoming", "en", copy)
    assert str(copy) in str(refusal.value)


def test_a_missing_wording_is_an_error_at_start(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy / "overdue" / "zh-hant.toml").unlink()
    monkeypatch.setattr(checks, "read_wordings", partial(read_wordings, folder=copy))
    errors = checks.check_wordings(None)
    assert [error.id for error in errors] == ["notifications.E001"]
    assert "overdue/zh-hant.toml" in errors[0].msg


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("upcoming/en.toml", "The next payment", "Your next payment"),
        ("every_message/en.toml", "We never ask", "We will never ask"),
        ("message.html", "max-width: 560px", "max-width: 600px"),
    ],
)
def test_a_changed_word_or_page_is_a_new_version(copy: Path, file: str, old: str, new: str) -> None:
    before = read_wordings("upcoming", "en")["7"].version
    assert re.fullmatch(r"upcoming/7/en@[0-9a-f]{12}", before)
    spoil(copy / file, old, new)
    assert read_wordings("upcoming", "en", copy)["7"].version != before


def test_a_changed_stage_leaves_the_versions_of_the_others(copy: Path) -> None:
    spoil(copy / "upcoming" / "en.toml", "The next payment", "Your next payment")
    assert read_wordings("upcoming", "en", copy)["3"].version == read_wordings("upcoming", "en")["3"].version


def test_versions_fit_their_column_and_none_is_used_twice() -> None:
    versions = [wording.version for language in LANGUAGES for *_key, wording in wordings(language)]
    assert len(versions) == len(set(versions))
    assert max(map(len, versions)) <= 64


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Prompt.OF_FIGURES)
def test_what_may_be_told_of_several_payments_together_names_each(kind: Prompt.Kind, language: str) -> None:
    for wording in read_wordings(kind, language).values():
        assert "{items}" in wording.written, wording.version


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_said_behind_a_list_of_payments(language: str) -> None:
    """They stand one a line, and what followed would be read as part of the last."""
    texts = [text for _kind, _section, wording in wordings(language) for text in lines_of(wording)]
    assert [text for text in texts if "{items}" in text and not text.endswith("{items}")] == []
