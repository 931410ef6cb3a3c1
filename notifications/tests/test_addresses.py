"""What a message says to be an address is one of the portal."""

import pytest
from django.conf import settings
from django.urls import resolve, reverse

from notifications.acknowledgement import address_of
from notifications.addresses import TWILIO_CALL, TWILIO_CALL_WORDS, TWILIO_MESSAGE
from notifications.tests.factories import NOON


@pytest.mark.parametrize(("asks", "name"), [(True, "acknowledge_link"), (False, "message")])
def test_a_button_leads_to_a_page(asks: bool, name: str) -> None:
    address = address_of(7, 8, asks=asks, now=NOON)
    assert resolve(address.removeprefix(settings.PUBLIC_URL)).url_name == name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("twilio_report", TWILIO_MESSAGE),
        ("twilio_call_report", TWILIO_CALL),
        ("twilio_call_words", TWILIO_CALL_WORDS),
    ],
)
def test_twilio_reports_to_a_page(name: str, path: str) -> None:
    assert reverse(name) == f"/{path}"
