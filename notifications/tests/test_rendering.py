"""Facts in, messages out: what each channel shows."""

import re
from datetime import date
from decimal import Decimal

import pytest

from notifications.models import Prompt
from notifications.rendering import Rendered, find_wording, render
from notifications.tests.test_rendering_any_facts import Outline, heading
from notifications.wording.facts import Facts, FactsError
from notifications.wording.filling import FactMissingError
from notifications.wording.samples import LINK, LONGEST_LINK, sample_facts
from notifications.wording.source import LANGUAGES, WordingError


def test_a_heading_says_how_much_and_when() -> None:
    assert heading("en", 3) == "¥1,523.40 is due Thu 3 December, in 3 days"
    assert heading("en", 0) == "¥1,523.40 is due today, Mon 30 November"
    assert heading("zh-hans", 3) == "12月3日（周四）应付¥1,523.40，还有3天"
    assert heading("zh-hant", 1) == "12月1日（週二）應付¥1,523.40，就是明天"


def test_a_stage_without_words_of_its_own_takes_the_next_below() -> None:
    def stage_of(kind: str, stage: int) -> str:
        return render(kind, stage, "sms", sample_facts(), LINK).wording.split("/")[1]

    assert [stage_of("upcoming", stage) for stage in (0, 1, 2, 5, 14)] == ["0", "1", "1", "3", "7"]
    assert [stage_of("overdue", stage) for stage in (0, 1, 2, 30)] == ["1", "1", "1", "7"]
    assert stage_of("dispute_answered", 4) == "0"


def test_an_unknown_language_is_spoken_to_in_english() -> None:
    told = render("upcoming", 3, "email", sample_facts()._replace(language="fr"), LINK)
    assert told.wording.startswith("upcoming/3/en@")
    assert '<html lang="en">' in told.html


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh-hans", "zh-Hans"), ("zh-hant", "zh-Hant")])
def test_a_page_says_its_language(language: str, tag: str) -> None:
    assert f'<html lang="{tag}">' in render("overdue", 1, "email", sample_facts(language), LINK).html


def test_a_page_fetches_nothing_and_watches_nobody() -> None:
    for kind in Prompt.Kind.values:
        page = render(kind, 0, "email", sample_facts(), LINK).html
        assert not re.search(r"<(img|script|link|iframe|object|form)\b|\bsrc=|@import|url\(", page)
        portal = sample_facts().portal_url
        assert page.count("://") == page.count(LINK) + page.count(f"{portal} ") + page.count(f'"{portal}/preferences/"')


def test_a_page_hides_the_preview_and_keeps_the_amount_away_from_it() -> None:
    page = render("upcoming", 3, "email", sample_facts(), LINK).html
    preview = page.split('<div class="preview">')[1].split("</div>")[0]
    assert preview.startswith("It is short")
    assert preview.count("\u200c") == 50
    assert "¥" not in page.split("<h1>")[0]


def test_plain_text_and_page_say_the_same() -> None:
    told = render("upcoming", 3, "email", sample_facts("zh-hant"), LINK)
    words = "".join(Outline(told.html).words)
    for line in told.text.splitlines():
        assert line in words or line in {LINK, "https://pay.example.test/preferences/"}


def test_several_lines_of_how_to_pay_stay_several_lines() -> None:
    told = render("upcoming", 3, "email", sample_facts(how_to_pay="One.\r\n\r\n Two. \r\nThree."), LINK)
    assert "How to pay: One.\nTwo.\nThree.\n" in told.text
    assert "<p>How to pay: One.<br>Two.<br>Three.</p>" in told.html


def test_what_nobody_knows_is_left_out() -> None:
    facts = sample_facts(borrower_name="", support_phone="", how_to_pay=" \n", payment_reference="")
    told = render("upcoming", 3, "email", facts, LINK)
    assert "How to pay" not in told.text
    assert "reference " not in told.text
    assert "meant for" not in told.text
    assert "call us" not in told.text
    assert "tell us early" in told.text


def test_a_bank_without_a_platform_speaks_for_itself() -> None:
    told = render("upcoming", 3, "email", sample_facts(platform_name=""), LINK)
    assert told.subject.startswith("Harbour Bank: ")
    assert "This message is from Harbour Bank, which lends you the money." in told.text


def test_a_payment_on_its_way_says_who_has_seen_it_and_when_the_other_will() -> None:
    told = render("payment_received", 0, "email", sample_facts(), LINK)
    assert "Meimai Mall has seen the payment that you made on Sun 29 November" in told.text
    assert "Harbour Bank usually books a payment within 2 days." in told.text
    sms = render("payment_received", 0, "sms", sample_facts(), LINK).text
    assert sms.startswith("Meimai Mall: we have seen your payment.")


@pytest.mark.parametrize(
    ("decision", "words"),
    [("upheld", "you are right"), ("partly", "you are right in part"), ("rejected", "differently")],
)
def test_a_decision_has_words_of_its_own(decision: str, words: str) -> None:
    assert words in render("dispute_decided", 1, "in_app", sample_facts(decision=decision), LINK).heading


def test_a_message_in_the_portal_is_plain_text_for_a_template_to_escape() -> None:
    told = render("upcoming", 3, "in_app", sample_facts(loan_label="<b>Plan</b>"), LINK)
    assert told.paragraphs[0] == "A payment of ¥1,523.40 for <b>Plan</b> is due Thu 3 December, in 3 days."
    assert told.button == "Tell us that you know"
    assert (told.subject, told.html) == ("", "")
    assert LINK not in told.text


def test_a_text_message_is_nothing_but_its_text() -> None:
    told = render("upcoming", 3, "sms", sample_facts(), LINK)
    assert told == Rendered(wording=told.wording, text=told.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_says_the_text_message_without_link_or_stop_word_and_how_to_confirm_it(language: str) -> None:
    for kind in Prompt.Kind.values:
        facts = sample_facts(language)._replace(stops=True)
        said = render(kind, 0, "voice", facts, LINK, "0417")
        text = render(kind, 0, "sms", facts._replace(stops=False), "").text.strip()
        press = find_wording(kind, 0, language, facts.decision).press
        more = said.text.removeprefix(f"{text} ").removesuffix(f" {press}")
        assert said == Rendered(wording=said.wording, text=f"{text} {more} {press}"), kind
        assert facts.support_phone in more, kind
        assert "{" not in said.text, kind


@pytest.mark.parametrize(
    ("language", "more", "press"),
    [
        (
            "en",
            "To hear more, call +86 400 000 0000, or sign in to your account.",
            "Press 1 to confirm that you have heard this.",
        ),
        ("zh-hans", "想了解详情，请拨打+86 400 000 0000，或登录您的账户。", "如您已听到，请按 1 确认。"),
        ("zh-hant", "想了解詳情，請致電+86 400 000 0000，或登入您的帳戶。", "如您已聽到，請按 1 確認。"),
    ],
)
def test_a_call_says_where_to_hear_more(language: str, more: str, press: str) -> None:
    assert render("upcoming", 3, "voice", sample_facts(language), LINK).text.endswith(f" {more} {press}")


def test_a_call_of_a_firm_without_a_number_says_where_to_read_it() -> None:
    said = render("prior_notice", 0, "voice", sample_facts(support_phone=""), LINK).text
    assert "To read it, sign in to your account. Press 1" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_is_what_mail_shows_on_a_locked_screen_and_no_more(language: str) -> None:
    for kind in Prompt.Kind.values:
        notice = render(kind, 0, "push", sample_facts(language), LINK)
        mail = render(kind, 0, "email", sample_facts(language), LINK)
        preview = mail.text.splitlines()[0]
        assert notice == Rendered(wording=mail.wording, text=preview, subject=mail.subject)
        assert not re.search(r"1,523|0017|://", notice.subject + notice.text), kind


@pytest.mark.parametrize(
    ("bank", "platform", "said"),
    [
        ("Harbour Bank", "Meimai Mall", "Meimai Mall and Harbour Bank:"),
        ("H" * 60, "Meimai Mall", "Meimai Mall:"),
        ("Harbour Bank", "M" * 80, f"{'M' * 37}...:"),
    ],
)
def test_a_text_message_names_as_many_firms_as_fit(bank: str, platform: str, said: str) -> None:
    facts = sample_facts(bank_name=bank, platform_name=platform)
    assert render("overdue", 1, "sms", facts, LONGEST_LINK.ljust(120, "x")).text.startswith(said)


def test_an_unknown_kind_channel_or_decision_is_refused_by_name() -> None:
    with pytest.raises(WordingError, match="'birthday'"):
        render("birthday", 0, "email", sample_facts(), LINK)
    with pytest.raises(WordingError, match="'pigeon'"):
        render("upcoming", 0, "pigeon", sample_facts(), LINK)
    with pytest.raises(WordingError, match="'perhaps'"):
        render("dispute_decided", 0, "email", sample_facts(decision="perhaps"), LINK)


@pytest.mark.parametrize("channel", ["email", "in_app", "sms", "push"])
def test_a_fact_that_cannot_be_done_without_is_asked_for_without_naming_anybody(channel: str) -> None:
    with pytest.raises(FactMissingError, match=r"upcoming/3/en@\w+ needs .*by_due") as refusal:
        render("upcoming", 3, channel, sample_facts(due_on=None), LINK)
    assert "Li Wei" not in str(refusal.value)


def test_facts_are_stored_without_what_is_empty_and_exactly() -> None:
    stored = sample_facts(borrower_name="", amount=Decimal("0.000"), usual_lag_days=0, paid_on=None).as_json()
    assert stored["amount"] == "0.000"
    assert stored["usual_lag_days"] == 0
    assert stored["due_on"] == "2026-12-03"
    assert not {"borrower_name", "paid_on"} & stored.keys()


def test_stored_facts_of_another_time_are_read_or_refused_by_field() -> None:
    stored = sample_facts().as_json()
    assert Facts.from_json({**stored, "since_dropped": "x"}) == sample_facts()
    with pytest.raises(FactsError, match="due_on"):
        Facts.from_json({**stored, "due_on": "03/12/2026"})
    with pytest.raises(FactsError, match="amount"):
        Facts.from_json({**stored, "amount": "lots"})
    with pytest.raises(FactsError, match="bank_name"):
        Facts.from_json({"language": "en", "today": date(2026, 1, 1).isoformat()})
