"""The door of providers of one's own, by the page's file."""

import pytest
from pytest_django import Settings

from notifications.tests.secret_doors import SecretInAddress
from notifications.tests.test_own_providers import (
    TOKEN,
    address,
    folder,  # noqa: F401 - a fixture that `pigeon` asks for
    pigeon,  # noqa: F401 - a fixture
    report,
)
from notifications.tests.webhook_cases import Call, ReceiptCases, make


@pytest.mark.usefixtures("pigeon")
class TestOwn(SecretInAddress, ReceiptCases):
    door = "own_report"
    channel = "sms"
    provider = "pigeon"
    counted_as = "own"
    wrong_method = "PUT"
    setting = "ALIYUN_CALLBACK_TOKEN"  # its own stands in its file
    elsewhere = ("SMS_CALLBACK_TOKEN", "kannels")

    def call(self, reference: str, token: str = TOKEN) -> Call:
        return report(reference, token)

    def wrongly_signed(self, reference: str) -> Call:
        return self.call(reference, f"{TOKEN[:-1]}m")

    def malformed(self) -> Call:
        return Call("POST", address(), b"[1]", "application/json")

    def oversized(self, reference: str) -> Call:
        return report(reference, word="a" * 100_000)

    def take_away_the_secret(self) -> None:
        self.settings.OWN_PROVIDERS = []

    def test_the_secret_of_one_opens_no_other(self, settings: Settings) -> None:
        assert make(Call("POST", address(provider="kannel"), b"{}")) == 404
        settings.OWN_PROVIDERS = []
        assert make(report("1")) == 404
