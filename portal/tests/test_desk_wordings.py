"""The page of wordings: every message is on it as it goes out, and none of a borrower's facts."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.tests.factories import make_agent, make_borrower
from notifications.models import Delivery, Prompt
from notifications.rendering import available_wordings, find_wording
from notifications.wording.source import LANGUAGES
from portal.admin.cells import stage_of
from portal.admin.wordings import read_entries, style_digest
from portal.tests.desk import desk_of

pytestmark = pytest.mark.django_db
WORDINGS = "admin:wordings"
FORBIDDEN, NOT_ALLOWED = 403, 405


@pytest.fixture
def desk() -> Client:
    return desk_of(make_agent(locale="en"))


def test_every_wording_in_every_language_is_shown_by_its_version() -> None:
    shown = {entry.version for entry in read_entries()}
    expected = set()
    for kind, section, _channel, language in available_wordings():
        stage, decision = (int(section), "") if section.isdecimal() else (0, section)
        expected.add(find_wording(kind, stage, language, decision).version)
    assert shown == expected


def test_every_entry_renders_on_every_channel() -> None:
    for entry in read_entries():
        assert [shown.fault for shown in entry.channels if shown.fault] == [], entry.anchor
        assert [shown.channel for shown in entry.channels] == Delivery.Channel.values, entry.anchor


def test_of_a_call_is_shown_what_is_said_in_it(settings: Settings) -> None:
    settings.SMS_INBOUND = True
    for entry in read_entries("all", "en"):
        texts = {shown.channel: shown.message.text for shown in entry.channels if shown.message}
        said, more, press = texts["voice"].rpartition(" To hear more, call ")
        assert said in texts["sms"], entry.anchor
        assert more, entry.anchor
        assert press.endswith(" Press 1 to confirm that you have heard this."), entry.anchor
        assert "http" not in texts["voice"], entry.anchor
        assert "STOP" not in texts["voice"], entry.anchor


def test_several_payments_and_changed_figures_have_samples_of_their_own() -> None:
    anchors = {entry.anchor for entry in read_entries(Prompt.Kind.UPCOMING, "en")}
    assert {"upcoming-3-en-usual", "upcoming-3-en-several", "upcoming-3-en-changed"} <= anchors
    several = next(entry for entry in read_entries("upcoming", "en") if entry.anchor == "upcoming-3-en-several")
    changed = next(entry for entry in read_entries("schedule_changed", "en") if entry.anchor.endswith("changed"))
    letters = {entry.anchor: str(entry.channels[0].message) for entry in (several, changed)}
    assert "Fridge plan ··0042" in letters[several.anchor]
    assert "¥1,499.00" in letters[changed.anchor]


def test_a_wording_stands_at_its_own_distance_from_the_due_date() -> None:
    said = {entry.anchor: str(entry.channels[0].message) for entry in read_entries("all", "en")}
    assert "tomorrow, Tue 1 December" in said["upcoming-1-en-usual"]
    assert "3 days ago" in said["overdue-3-en-usual"]
    assert "Thu 10 December" in said["prior_notice-en-usual"]


def test_the_parts_of_a_text_message_are_counted(desk: Client) -> None:
    page = desk.get(reverse(WORDINGS), {"kind": "upcoming", "language": "en"}).content.decode()
    assert re.search(r"[12] parts?</span>\s*<span class=\"quiet\">\d+ letters, GSM 7-bit", page)
    page = desk.get(reverse(WORDINGS), {"kind": "upcoming", "language": "zh-hans"}).content.decode()
    assert "UCS-2" in page


def test_the_page_is_narrowed_down_by_kind_and_language(desk: Client) -> None:
    page = desk.get(reverse(WORDINGS), {"kind": "overdue", "language": "zh-hant"})
    assert {entry.tag for entry in page.context["entries"]} == {"zh-Hant"}
    assert {entry.anchor.split("-")[0] for entry in page.context["entries"]} == {"overdue"}
    everything = desk.get(reverse(WORDINGS), {"kind": "all", "language": "all"}).context["entries"]
    assert {entry.tag for entry in everything} == {"en", "zh-Hans", "zh-Hant"}
    assert len(everything) > len(Prompt.Kind.values) * len(LANGUAGES)


@pytest.mark.parametrize("odd", ["", "x", "../../etc/passwd", "<script>"])
def test_an_odd_question_gets_the_usual_answer(desk: Client, odd: str) -> None:
    page = desk.get(reverse(WORDINGS), {"kind": odd, "language": odd})
    assert {entry.anchor.split("-")[0] for entry in page.context["entries"]} == {"upcoming"}


def test_an_email_stands_in_a_frame_that_may_do_nothing_with_its_own_style_allowed(desk: Client) -> None:
    response = desk.get(reverse(WORDINGS))
    policy = response["Content-Security-Policy"]
    assert style_digest() in policy
    assert "unsafe" not in policy
    frames = re.findall(r"<iframe ([^>]*)>", response.content.decode())
    assert frames
    assert all('sandbox=""' in frame for frame in frames)
    source = unescape(re.findall(r'srcdoc="([^"]*)"', frames[0])[0])
    assert source.startswith("<!doctype html>")


def test_who_does_not_work_at_the_desk_does_not_see_it(desk: Client) -> None:
    assert desk.post(reverse(WORDINGS)).status_code == NOT_ALLOWED
    assert desk_of(make_borrower()).get(reverse(WORDINGS), follow=True).status_code == FORBIDDEN


@pytest.mark.parametrize(
    ("kind", "stage", "rule"),
    [
        ("prior_notice", 10, "10 days before an adverse report"),
        ("schedule_changed", 0, "what was told has changed"),
        ("schedule_changed", 1, "what was told is withdrawn"),
        ("payment_returned", 0, "each returned payment is told"),
        ("dispute_decided", 0, "each step of a dispute is told"),
        ("upcoming", 0, "on the due date"),
    ],
)
def test_the_rule_behind_a_prompt_is_its_own(kind: str, stage: int, rule: str) -> None:
    assert stage_of(Prompt(kind=kind, stage=stage)) == rule
