"""Facts in, messages out: what each channel shows, and what no fact may do to it."""

import re
from datetime import date, timedelta
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.channels.segments import is_gsm, segments
from notifications.models import Prompt
from notifications.rendering import Rendered, render
from notifications.wording.facts import Facts, FactsError
from notifications.wording.filling import FactMissingError
from notifications.wording.samples import LINK, LONGEST_LINK, TODAY, sample_facts
from notifications.wording.source import LANGUAGES, WordingError
from notifications.wording.values import one_line

NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=y>',
    "{amount} {0} {x!r} {{y}}",
    "%s %(name)s 100%",
    "a\r\nBcc: thief@example.test",
    "b\x1ec\x1fd\x00e\x85f\u2028g",
    "\u202eevil\u2066",
    "小明🙂👩‍👩‍👧",
    "&amp; &lt;",
    "O’Neil\\n",
    "x" * 60,
)
FACT_TEXTS = st.sampled_from(NASTY) | st.text(max_size=60)
unhurried = settings(deadline=None)
"""A machine that is busy elsewhere is no fault of the words."""
KIND_AND_STAGE = st.sampled_from([(kind, stage) for kind in Prompt.Kind.values for stage in (0, 1, 3, 7)])


@st.composite
def any_facts(draw: st.DrawFn, texts: st.SearchStrategy[str] = FACT_TEXTS) -> Facts:
    firm = texts.filter(lambda text: one_line(text) != "")
    due_on = TODAY + timedelta(days=draw(st.integers(-400, 400)))
    return sample_facts(
        draw(st.sampled_from(LANGUAGES)),
        bank_name=draw(firm),
        platform_name=draw(texts),
        borrower_name=draw(texts),
        loan_label=draw(firm),
        payment_reference=draw(texts),
        how_to_pay=draw(texts),
        support_phone=draw(texts),
        dispute_number=draw(firm),
        amount=draw(st.decimals(0, 10**12, places=2)),
        due_on=due_on,
        paid_on=due_on,
        decision=draw(st.sampled_from(["upheld", "partly", "rejected"])),
    )


class Outline(HTMLParser):
    """The tags and attributes of a page, its visible words, and the address behind its button."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.words: list[str] = []
        self.links: list[str | None] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag != "br":
            self.tags.append((tag, *(name for name, _value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def harmless(facts: Facts) -> Facts:
    """The same facts known and unknown, with nothing in them that could mean anything to a page."""
    changes = {
        name: "x" if one_line(getattr(facts, name)) else ""
        for name in (
            *("bank_name", "platform_name", "borrower_name", "loan_label", "payment_reference", "how_to_pay"),
            *("support_phone", "dispute_number"),
        )
    }
    return sample_facts(facts.language, decision=facts.decision, **changes)


@unhurried
@given(facts=any_facts(), kind_and_stage=KIND_AND_STAGE)
def test_no_fact_breaks_out_of_the_page(facts: Facts, kind_and_stage: tuple[str, int]) -> None:
    outline = Outline(render(*kind_and_stage, "email", facts, LINK).html)
    expected = Outline(render(*kind_and_stage, "email", harmless(facts), LINK).html)
    assert outline.tags == expected.tags
    assert outline.links == [LINK, f"{facts.portal_url}/preferences/"]


@unhurried
@given(facts=any_facts(), kind_and_stage=KIND_AND_STAGE)
def test_no_fact_adds_a_header_line(facts: Facts, kind_and_stage: tuple[str, int]) -> None:
    subject = render(*kind_and_stage, "email", facts, LINK).subject
    assert len(subject.splitlines()) == 1
    mail = EmailMessage()
    mail["Subject"] = subject
    assert list(mail.keys()) == ["Subject"]


@unhurried
@given(facts=any_facts(), kind_and_stage=KIND_AND_STAGE)
def test_facts_stand_in_the_message_as_they_are(facts: Facts, kind_and_stage: tuple[str, int]) -> None:
    told = render(*kind_and_stage, "email", facts, LINK)
    name = one_line(facts.borrower_name)
    assert name in told.text
    assert name in "".join(Outline(told.html).words)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", told.text + told.html)


@unhurried
@given(
    facts=any_facts(FACT_TEXTS.map(lambda text: text.replace("{", "("))),
    kind_and_stage=KIND_AND_STAGE,
    channel=st.sampled_from(["email", "sms", "in_app", "push"]),
)
def test_no_name_in_braces_is_left(facts: Facts, kind_and_stage: tuple[str, int], channel: str) -> None:
    told = render(*kind_and_stage, channel, facts, LINK)
    page = re.sub(r"<style>.*?</style>", "", told.html, flags=re.DOTALL)
    assert "{" not in "".join((told.subject, told.text, told.heading, told.button, *told.paragraphs, page))


@unhurried
@given(facts=any_facts(), kind_and_stage=KIND_AND_STAGE, channel=st.sampled_from(["email", "sms", "in_app", "push"]))
def test_stored_facts_tell_the_same_again(facts: Facts, kind_and_stage: tuple[str, int], channel: str) -> None:
    again = Facts.from_json(facts.as_json())
    assert again == facts
    assert render(*kind_and_stage, channel, again, LINK) == render(*kind_and_stage, channel, facts, LINK)


@unhurried
@given(facts=any_facts(), kind_and_stage=KIND_AND_STAGE)
def test_a_text_message_never_costs_more_than_two_parts(facts: Facts, kind_and_stage: tuple[str, int]) -> None:
    text = render(*kind_and_stage, "sms", facts, LONGEST_LINK).text
    assert text.endswith(f" {LONGEST_LINK}")
    assert segments(text) <= 2 or (facts.language == "en" and not is_gsm(text))


@unhurried
@given(facts=any_facts(), kind_and_stage=KIND_AND_STAGE)
def test_a_locked_screen_shows_nothing_that_is_the_borrowers_own(facts: Facts, kind_and_stage: tuple[str, int]) -> None:
    changed = sample_facts(
        facts.language,
        bank_name=facts.bank_name,
        platform_name=facts.platform_name,
        due_on=facts.due_on,
        decision=facts.decision,
    )
    told, other = (render(*kind_and_stage, "email", one, LINK) for one in (facts, changed))
    assert told.subject == other.subject
    assert told.text.splitlines()[0] == other.text.splitlines()[0]
    texts = [render(*kind_and_stage, "sms", one, LINK).text for one in (facts, changed)]
    assert texts[0] == texts[1]
    notices = [render(*kind_and_stage, "push", one, LINK) for one in (facts, changed)]
    assert notices[0] == notices[1]


@unhurried
@given(days=st.integers(-30, 60), stage=st.sampled_from([0, 1, 3, 7]))
def test_a_late_message_counts_the_days_that_are_left(days: int, stage: int) -> None:
    told = render("upcoming", stage, "in_app", sample_facts("en", due_on=TODAY + timedelta(days=days)), LINK)
    said = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(
        days, f"in {days} days" if days > 0 else f"{-days} days ago"
    )
    assert said in told.heading
    assert set(re.findall(r"\bin \d+ days|\d+ days ago|\b(?:today|tomorrow|yesterday)\b", told.text)) == {said}


def heading(language: str, days: int) -> str:
    return render("upcoming", 3, "in_app", sample_facts(language, due_on=TODAY + timedelta(days=days)), LINK).heading


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
