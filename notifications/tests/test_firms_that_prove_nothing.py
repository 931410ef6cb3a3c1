"""A mail firm that could not prove itself is named at the start, and is not there for whoever calls."""

import base64
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest
from anymail import urls
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.checks import run_checks
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from notifications.checks import TELLING
from notifications.models import RefusedCalls
from notifications.tests.outside import ROOT
from notifications.webhooks import refused

PASSWORD: Final = {"WEBHOOK_SECRET": "user:password"}
FIRMS: Final = sorted({str(one.pattern).split("/")[0].lstrip("^") for one in urls.urlpatterns})
NOT_INSTALLED: Final = {"amazon_ses": PASSWORD, "resend": {"RESEND_SIGNING_SECRET": "whsec_MfKQ9r8GKYqrTwjU"}}
"""Firms whose library is none of ours, and settings with which anymail asks for it."""
pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")  # of firms it gives up


def pem(key: Any) -> str:
    """A public key as firms show it, without its first and last line."""
    shown = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(shown).decode()


KEYS: Final = {
    "mailersend": {"MAILERSEND_SIGNING_SECRET": "key"},
    "mailgun": {"MAILGUN_WEBHOOK_SIGNING_KEY": "key"},
    "mailtrap": {"MAILTRAP_TRACKING_SECRET": "key"},
    "mandrill": {"MANDRILL_WEBHOOK_KEY": "key"},
    "postal": {"POSTAL_WEBHOOK_KEY": pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))},
    "sendgrid": {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": pem(ec.generate_private_key(ec.SECP256R1()))},
    "unisender_go": {"UNISENDER_GO_API_KEY": "key"},
}
"""What each firm that signs signs with; the others show the password."""
MUST: Final = ("mailersend", "mailgun", "mandrill", "postal", "unisender_go")
"""Those whose reports anymail never takes by the password alone."""


@pytest.fixture(autouse=True)
def _no_channel_by_them(settings: Settings) -> Iterator[None]:
    settings.EMAIL_PROVIDERS, settings.SMS_CALLBACK_TOKEN, settings.ANYMAIL = ["smtp"], "a-secret", {}
    refused.tally.forget()
    yield
    refused.tally.forget()


def faults() -> list[str]:
    return [error.msg for error in run_checks(tags=[TELLING]) if error.id == "notifications.E007"]


def ask(firm: str, method: str = "POST") -> int:
    client, address = Client(raise_request_exception=False), reverse("esp_report", args=[firm])
    return client.generic(method, address, b"{}", content_type="application/json").status_code


def unproven() -> int:
    return sum(RefusedCalls.objects.filter(provider="anymail", why="unproven").values_list("calls", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("firm", FIRMS)
def test_a_firm_without_its_key_stops_the_start_and_is_not_there(
    settings: Settings, firm: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ANYMAIL_WEBHOOKS = [firm]
    [fault] = faults()
    assert firm in fault
    if firm not in NOT_INSTALLED:
        assert (f"ANYMAIL_{next(iter(KEYS[firm]))}" if firm in MUST else "ANYMAIL_WEBHOOK_SECRET") in fault
    assert ask(firm) == 404
    assert unproven() == 1
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.django_db
@pytest.mark.parametrize("firm", sorted({*FIRMS} - {*NOT_INSTALLED}))
def test_a_firm_with_its_key_is_there_and_has_to_prove_itself(
    settings: Settings, firm: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ANYMAIL_WEBHOOKS, settings.ANYMAIL = [firm], KEYS.get(firm, PASSWORD)
    assert faults() == []
    assert ask(firm, "HEAD") == 200
    assert ask(firm) == 400
    assert unproven() == 1
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.django_db
@pytest.mark.parametrize(("firm", "keys"), NOT_INSTALLED.items())
def test_a_firm_whose_library_is_missing_stops_the_start_and_is_not_there(
    settings: Settings, firm: str, keys: dict[str, str]
) -> None:
    settings.ANYMAIL_WEBHOOKS, settings.ANYMAIL = [firm], keys
    [fault] = faults()
    assert firm in fault
    assert f'pip install "django-anymail[{firm.replace("_", "-")}]"' in fault
    assert ask(firm) == 404
    assert unproven() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("firm", "key"),
    [
        ("mailgun", "ключ"), ("mandrill", "ключ"), ("postal", "none"),
        ("sendgrid", "none"), ("sendgrid", f"{'A' * 60}\n"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_used_stops_the_start_and_opens_nothing(settings: Settings, firm: str, key: str) -> None:
    settings.ANYMAIL_WEBHOOKS, settings.ANYMAIL = [firm], dict.fromkeys(KEYS[firm], key)
    [fault] = faults()
    assert firm in fault
    assert key not in fault
    assert ask(firm) == 404


@pytest.mark.parametrize("secret", ["password", ":password", "user:", ":"])
def test_a_password_that_is_none_for_basic_sign_in_stops_the_start(settings: Settings, secret: str) -> None:
    settings.ANYMAIL_WEBHOOKS, settings.ANYMAIL = ["mailgun"], KEYS["mailgun"] | {"WEBHOOK_SECRET": secret}
    [fault] = faults()
    assert fault.startswith("ANYMAIL_WEBHOOK_SECRET is not of the form user:password")


def test_a_setting_that_is_empty_is_none() -> None:
    """With an empty key whoever calls could sign."""
    program = "from portal.settings.channels import ANYMAIL; print(sorted(ANYMAIL))"
    environment = {"ANYMAIL_MANDRILL_WEBHOOK_KEY": "", "ANYMAIL_MAILGUN_API_KEY": " ", "ANYMAIL_POSTAL_API_KEY": "x"}
    shown = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "['POSTAL_API_KEY']"
