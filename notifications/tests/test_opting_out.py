"""Every message says how to change or stop messages, and none holds what would do it by itself."""

import json
import re

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from notifications.channels.segments import is_gsm, segments
from notifications.models import Prompt
from notifications.rendering import render
from notifications.replies import Stop, classify
from notifications.tests.factories import NOON, make_delivery, make_prompt, word_these
from notifications.wording.facts import Facts
from notifications.wording.letter import PREFERENCES
from notifications.wording.samples import LINK, LONGEST_LINK, sample_facts
from notifications.wording.source import LANGUAGES, read_wordings

LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
KINDS = list(Prompt.Kind.values)


def test_the_page_is_where_mails_say() -> None:
    assert reverse("preferences") == PREFERENCES


@LANGUAGE
def test_every_email_ends_with_the_way_to_the_page_that_stops_messages(language: str) -> None:
    facts = sample_facts(language)
    for kind in KINDS:
        told = render(kind, 1, "email", facts, LINK)
        page = f"{facts.portal_url}/preferences/"
        choose = next(iter(read_wordings(kind, language).values())).choose
        assert told.text.endswith(f"\n\n{choose}\n{page}\n")
        assert f'<p><a href="{page}">{choose}</a></p>' in told.html


def test_who_has_no_portal_address_has_no_broken_link() -> None:
    told = render("upcoming", 3, "email", sample_facts(portal_url=""), LINK)
    assert "/preferences/" not in told.text + told.html


@pytest.mark.django_db
def test_the_page_changes_nothing_for_who_is_not_signed_in(client: Client) -> None:
    assert reverse("account_login") in client.get(PREFERENCES).headers["Location"]


@LANGUAGE
def test_a_text_message_about_overdue_money_says_which_word_stops_them(language: str) -> None:
    wording = read_wordings("overdue", language)["1"]
    link = LINK[:57]
    text = render("overdue", 1, "sms", sample_facts(language, stops=True), link, "0417").text
    assert text.endswith(f" {link} {wording.reply.format(reply_code='0417')} {wording.stop}")
    said = re.findall(r"STOP|T", wording.stop)
    assert [classify(each) for each in said] == [Stop()]
    assert is_gsm(wording.stop) or language != "en"


@LANGUAGE
@pytest.mark.parametrize("link", [LINK, LONGEST_LINK])
@pytest.mark.parametrize("code", ["", "0417"])
def test_that_costs_no_part_more_and_drops_no_code(language: str, link: str, code: str) -> None:
    facts = sample_facts(language)
    for stage in (1, 3, 7):
        without = render("overdue", stage, "sms", facts, link, code).text
        stops = render("overdue", stage, "sms", facts._replace(stops=True), link, code).text
        assert segments(stops) == segments(without), (stage, stops)
        assert (code in stops) == (code in without)


def test_where_firms_have_long_names_they_make_room_for_it() -> None:
    facts = sample_facts(bank_name="B" * 60, platform_name="M" * 80, stops=True)
    text = render("overdue", 7, "sms", facts, LONGEST_LINK.ljust(120, "x"), "0417").text
    assert text.endswith(" STOP to end.")
    assert segments(text) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "channel", "inbound", "stops"),
    [
        ("overdue", "sms", True, True),
        ("overdue", "sms", False, False),
        ("overdue", "email", True, False),
        ("upcoming", "sms", True, False),
    ],
)
def test_only_where_answers_reach_us_and_is_kept_with_what_was_said(
    kind: str, channel: str, inbound: bool, stops: bool
) -> None:
    delivery = make_delivery(make_prompt(kind=kind, stage=1), channel, facts=None)
    with override_settings(SMS_INBOUND=inbound):
        [worded], _steps = word_these([delivery.pk], now=NOON)
    kept = json.loads(worded.kept.facts)
    assert kept.get("stops", False) is stops
    assert Facts.from_json(kept).stops is stops
    assert worded.message is not None
    assert ("STOP to end." in worded.message.text) is stops
