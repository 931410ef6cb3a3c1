"""What no fact may do to a message, whatever it is: any texts, amounts and days."""

import re
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.channels.segments import is_gsm, segments
from notifications.models import Prompt
from notifications.rendering import render
from notifications.wording.facts import Facts
from notifications.wording.samples import LINK, LONGEST_LINK, TODAY, sample_facts
from notifications.wording.source import LANGUAGES
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
    channel=st.sampled_from(["email", "sms", "voice", "in_app", "push"]),
)
def test_no_name_in_braces_is_left(facts: Facts, kind_and_stage: tuple[str, int], channel: str) -> None:
    told = render(*kind_and_stage, channel, facts, LINK)
    page = re.sub(r"<style>.*?</style>", "", told.html, flags=re.DOTALL)
    assert "{" not in "".join((told.subject, told.text, told.heading, told.button, *told.paragraphs, page))


@unhurried
@given(
    facts=any_facts(),
    kind_and_stage=KIND_AND_STAGE,
    channel=st.sampled_from(["email", "sms", "voice", "in_app", "push"]),
)
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
