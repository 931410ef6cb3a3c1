"""Codes and mails for signing in go by whoever serves text messages and mail, over real connections."""

import json
import logging
import re
from time import monotonic

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_borrower
from accounts.tests.gateway import Gateway
from accounts.tests.mailbox import Mailbox
from accounts.text_messages import TextMessageError
from notifications.checks import check_codes
from notifications.models import Callback, Delivery
from notifications.sign_in_texts import ServingCarrier, _in_time
from notifications.tests.outside import find_closed_port
from notifications.tests.providers import DROP, HANG, Answer, run_provider

pytestmark = pytest.mark.django_db
SID = "AC" + "0123456789abcdef" * 2
TAKEN = Answer(201, json.dumps({"sid": "SM" + "0" * 32, "status": "queued"}))
ALIYUN_TAKEN = Answer(200, '{"Message":"OK","RequestId":"81E8","BizId":"4961^0","Code":"OK"}')
MAILGUN_TAKEN = Answer(200, '{"id": "<20260306015544.116301@portal.example>", "message": "Queued. Thank you."}')
SORRY = "We could not send the message just now"
STRANGER = "+8613999999999"


@pytest.fixture
def person() -> User:
    return make_borrower(phone=True, locale="en")


@pytest.fixture(autouse=True)
def _no_kannel(settings: Settings) -> None:
    settings.KANNEL_URL = "http://127.0.0.1:1/cgi-bin/sendsms"


def by_twilio(settings: Settings, url: str, *others: str) -> None:
    settings.SMS_PROVIDERS = ["twilio", *others]
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_SENDER = SID, "a-token", "+14155552345"
    settings.TWILIO_CALLBACK_BASE, settings.TWILIO_API_URL = "https://portal.example", url


def by_aliyun(settings: Settings, url: str) -> None:
    settings.SMS_PROVIDERS, settings.ALIYUN_ENDPOINT = ["aliyun"], url
    settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET = "testid", "testsecret"
    settings.ALIYUN_SIGN_NAME, settings.ALIYUN_TEMPLATES = "港湾银行", {"en": "SMS_1", "zh-hans": "SMS_2"}
    settings.ALIYUN_CODE_TEMPLATES = {"en": "SMS_7", "zh-hans": "SMS_8"}


def by_mailgun(settings: Settings, url: str, *others: str) -> None:
    settings.EMAIL_BACKEND = "notifications.sign_in_mail.ServingBackend"
    settings.EMAIL_PROVIDERS, settings.ANYMAIL_BACKEND = ["anymail", *others], "anymail.backends.mailgun.EmailBackend"
    settings.ANYMAIL = {"MAILGUN_API_KEY": "key", "MAILGUN_API_URL": f"{url}/v3"}
    settings.DEFAULT_FROM_EMAIL = "Dueproof <notices@portal.example>"


def ask_for_code(client: Client, phone: str | None) -> str:
    return client.post(reverse("account_login"), {"phone": phone or ""}, follow=True).content.decode()


def enter(client: Client, code: str) -> str:
    return str(client.post(reverse("account_confirm_login_code"), {"code": code}).headers.get("Location", ""))


def code_in(text: str) -> str:
    return str(re.findall(r"\b[0-9]{6}\b", text)[0])


def test_a_code_goes_by_twilio_where_twilio_serves(client: Client, person: User, settings: Settings) -> None:
    with run_provider(TAKEN) as twilio:
        by_twilio(settings, twilio.url)
        ask_for_code(client, person.phone)
    form = twilio.asked[0].form
    code = code_in(form["Body"])
    minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
    assert form == {
        "From": "+14155552345",
        "To": person.phone,
        "Body": f"{code} is your Dueproof code, valid for {minutes} minutes. We never ask you to tell it.",
        "ValidityPeriod": str(settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT),
    }  # no StatusCallback: nothing is to be reported of it
    assert enter(client, code) == reverse("home")
    assert get_user(client).pk == person.pk


@pytest.mark.parametrize(("locale", "template"), [("en", "SMS_7"), ("zh-hans", "SMS_8"), ("zh-hant", "SMS_8")])
def test_a_code_goes_by_alibaba_cloud_in_a_template_for_codes(
    locale: str, template: str, client: Client, settings: Settings
) -> None:
    person = make_borrower(phone=True, locale=locale)
    with run_provider(ALIYUN_TAKEN) as aliyun:
        by_aliyun(settings, aliyun.url)
        ask_for_code(client, person.phone)
    query = aliyun.asked[0].query
    assert (query["PhoneNumbers"], query["TemplateCode"]) == ((person.phone or "").removeprefix("+"), template)
    assert "OutId" not in query
    [(variable, code)] = json.loads(query["TemplateParam"]).items()
    assert variable == "code"
    assert enter(client, code) == reverse("home")


def test_without_a_template_for_codes_they_go_by_kannel(
    client: Client, person: User, gateway: Gateway, settings: Settings
) -> None:
    with run_provider(ALIYUN_TAKEN) as aliyun:
        by_aliyun(settings, aliyun.url)
        settings.ALIYUN_CODE_TEMPLATES = {}
        ask_for_code(client, person.phone)
    assert aliyun.asked == []
    assert enter(client, gateway.last_code) == reverse("home")


@pytest.mark.parametrize("answer", [Answer(503), Answer(400, '{"code": 21211}'), DROP])
def test_the_next_one_is_asked_where_the_first_does_not_take_it(
    answer: Answer, client: Client, person: User, gateway: Gateway, settings: Settings
) -> None:
    with run_provider(answer) as twilio:
        by_twilio(settings, twilio.url, "kannel")
        ask_for_code(client, person.phone)
    assert len(twilio.asked) == 1
    assert enter(client, gateway.last_code) == reverse("home")


def test_nobody_waits_longer_for_another_supplier_than_for_kannel(
    person: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr("notifications.sign_in_texts.PATIENCE", 0.2)
    with run_provider(HANG) as twilio:
        by_twilio(settings, twilio.url)
        assert SORRY in ask_for_code(client, person.phone)
    assert len(twilio.asked) == 1


def seconds_in_vain() -> float:
    since = monotonic()
    with pytest.raises(TextMessageError):
        ServingCarrier().send_code(STRANGER, "123456", "en")
    return monotonic() - since


def test_all_suppliers_that_hang_have_one_time_together(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.sign_in_texts.WHOLE", 0.8)
    with run_provider(HANG) as twilio, run_provider(HANG) as aliyun, run_provider(HANG) as kannel:
        by_aliyun(settings, aliyun.url)
        by_twilio(settings, twilio.url, "aliyun", "kannel")
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        assert 0.7 < seconds_in_vain() < 3
    assert [len(one.asked) for one in (twilio, aliyun, kannel)] == [1, 1, 1]


def test_one_that_hangs_alone_has_its_own_time_and_no_more(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connection and answer are in it; the first call loads what is needed."""
    monkeypatch.setattr("notifications.sign_in_texts.PATIENCE", 1.2)
    by_twilio(settings, f"http://127.0.0.1:{find_closed_port()}")
    assert seconds_in_vain()
    with run_provider(HANG) as twilio:
        by_twilio(settings, twilio.url)
        assert 1.1 < seconds_in_vain() < 2.2


def test_the_next_one_has_what_those_before_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.sign_in_texts._carriers", lambda: ["twilio", "aliyun", "kannel"])
    moments = iter([100.0, 100.0, 102.0, 102.5])
    monkeypatch.setattr("notifications.sign_in_texts.monotonic", lambda: next(moments))
    assert list(_in_time()) == [("twilio", 2.0), ("aliyun", 2.0), ("kannel", 3.5)]
    monkeypatch.setattr("notifications.sign_in_texts._carriers", lambda: ["kannel"])
    moments = iter([100.0, 100.0])
    assert list(_in_time()) == [("kannel", 5.0)]


def test_the_next_one_carries_the_code_of_one_that_hangs(
    person: User, gateway: Gateway, settings: Settings, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr("notifications.sign_in_texts.WHOLE", 1.0)
    with run_provider(HANG) as twilio:
        by_twilio(settings, twilio.url, "kannel")
        ask_for_code(client, person.phone)
    assert code_in(twilio.asked[0].form["Body"]) == gateway.last_code
    assert enter(client, gateway.last_code) == reverse("home")


@pytest.mark.parametrize("known", [True, False])
def test_a_supplier_that_is_down_is_owned_up_to_and_no_code_is_written_down(
    known: bool, client: Client, person: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    by_twilio(settings, f"http://127.0.0.1:{find_closed_port()}")
    phone = (person.phone if known else STRANGER) or ""
    with caplog.at_level(logging.DEBUG):
        assert SORRY in ask_for_code(client, phone)
    assert "twilio" in caplog.text
    assert phone not in caplog.text
    assert not re.search(r"\b[0-9]{6} is your", caplog.text)
    assert not Delivery.objects.exists()
    assert not Callback.objects.exists()


def test_a_stranger_costs_no_text_message(client: Client, settings: Settings) -> None:
    with run_provider(TAKEN) as twilio:
        by_twilio(settings, twilio.url)
        assert SORRY not in ask_for_code(client, STRANGER)
    assert twilio.asked == []


def test_a_supplier_without_its_settings_is_a_failure_in_words(
    client: Client, person: User, settings: Settings
) -> None:
    by_twilio(settings, "http://127.0.0.1:1")
    settings.TWILIO_SENDER = "not a sender!"
    assert SORRY in ask_for_code(client, person.phone)


def ask_for_link(client: Client, email: str | None) -> str:
    return client.post(reverse("account_reset_password"), {"email": email or ""}, follow=True).content.decode()


def test_a_mailed_link_goes_by_the_mail_firm_where_one_serves(client: Client, settings: Settings) -> None:
    person = make_borrower(locale="en")
    with run_provider(MAILGUN_TAKEN) as firm:
        by_mailgun(settings, firm.url)
        assert "Look into your mailbox" in ask_for_link(client, person.email)
    assert len(firm.asked) == 1
    assert firm.asked[0].form["to"] == person.email
    assert reverse("account_reset_password") + "key/" in firm.asked[0].form["text"]
    assert mail.outbox == []


@pytest.mark.parametrize("answer", [Answer(503), Answer(401, '{"message": "no"}'), DROP])
def test_the_mail_server_is_asked_where_the_firm_does_not_take_it(
    answer: Answer, client: Client, mailbox: Mailbox, settings: Settings
) -> None:
    person = make_borrower(locale="en")
    with run_provider(answer) as firm:
        by_mailgun(settings, firm.url, "smtp")
        ask_for_link(client, person.email)
    assert len(firm.asked) == len(mailbox.mails) == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_mail_firm_that_is_down_is_owned_up_to(
    known: bool, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    email = (make_borrower().email or "") if known else "stranger@example.test"
    by_mailgun(settings, f"http://127.0.0.1:{find_closed_port()}")
    with caplog.at_level(logging.INFO):
        assert SORRY in ask_for_link(client, email)
    assert email not in caplog.text


def test_a_stranger_gets_no_mail(client: Client, settings: Settings) -> None:
    with run_provider(MAILGUN_TAKEN) as firm:
        by_mailgun(settings, firm.url)
        assert "Look into your mailbox" in ask_for_link(client, "stranger@example.test")
    assert firm.asked == []


@pytest.mark.parametrize(
    ("serving", "templates", "username", "warned"),
    [
        (["aliyun"], {}, "", True),
        (["aliyun"], {}, "portal", False),
        (["aliyun"], {"en": "SMS_7"}, "", False),
        (["aliyun", "twilio"], {}, "", False),
        (["kannel"], {}, "", False),
        ([], {}, "", False),
    ],
)
def test_it_is_said_before_where_nobody_could_sign_in_by_phone(
    serving: list[str], templates: dict[str, str], username: str, warned: bool, settings: Settings
) -> None:
    settings.SMS_PROVIDERS, settings.ALIYUN_CODE_TEMPLATES, settings.KANNEL_USERNAME = serving, templates, username
    assert [warning.id for warning in check_codes(None)] == ["notifications.W008"] * warned
