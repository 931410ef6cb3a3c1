"""One text message over HTTP, as Kannel takes it."""

import pytest
from django.conf import settings as live_settings
from pytest_django import Settings

from accounts.tests.gateway import Gateway
from accounts.text_messages import TextMessageError, check_gateway, code_text, send_text_message

PHONE = "+8613800138000"


def test_a_message_arrives_with_who_sends_it(gateway: Gateway, settings: Settings) -> None:
    settings.KANNEL_USERNAME, settings.KANNEL_PASSWORD, settings.SMS_SENDER = "portal", "secret", "10690"
    send_text_message(PHONE, "123456 is your code")
    assert gateway.texts == [(PHONE, "123456 is your code")]
    [headers] = gateway.headers
    assert (headers["X-Kannel-Username"], headers["X-Kannel-Password"]) == ("portal", "secret")
    assert headers["X-Kannel-From"] == "10690"
    assert "X-Kannel-Coding" not in headers


def test_chinese_travels_as_ucs2(gateway: Gateway) -> None:
    send_text_message(PHONE, "验证码 123456，五分钟内有效。")
    assert gateway.texts == [(PHONE, "验证码 123456，五分钟内有效。")]
    assert gateway.headers[0]["X-Kannel-Coding"] == "2"


@pytest.mark.parametrize("answer", [200, 302, 400, 403, 500, 503])
def test_any_answer_but_taken_is_a_failure(answer: int, gateway: Gateway) -> None:
    gateway.answer = answer
    with pytest.raises(TextMessageError, match=str(answer)) as failure:
        send_text_message(PHONE, "123456 is your code")
    assert PHONE not in str(failure.value)


@pytest.mark.parametrize(
    "url", ["", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:1/", "http://127.0.0.1:x/", "http://[::1/", "no url"]
)
def test_a_gateway_that_cannot_be_asked_is_a_failure(url: str, settings: Settings) -> None:
    settings.KANNEL_URL = url
    with pytest.raises(TextMessageError):
        send_text_message(PHONE, "123456 is your code")
    with pytest.raises(TextMessageError):
        check_gateway()


def test_looking_for_the_gateway_sends_nothing(gateway: Gateway) -> None:
    check_gateway()
    assert gateway.texts == []


@pytest.mark.parametrize("language", [code for code, _name in live_settings.LANGUAGES])
def test_a_code_is_one_segment_in_every_language(language: str) -> None:
    text = code_text("123456", language)
    assert "123456" in text
    assert len(text) <= (160 if text.isascii() else 70)
