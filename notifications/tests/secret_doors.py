"""Doors of providers that sign nothing: an address that holds a secret is all that their calls show."""

from abc import abstractmethod
from typing import ClassVar

import pytest
from pytest_django import Settings

from notifications.models import Delivery, InboundText
from notifications.signatures import reference_of, reply_code
from notifications.tests.webhook_cases import Call, DoorCases, Why, delivery_named, kept, make

TOKEN = "a-secret-token"


class SecretInAddress(DoorCases):
    """A door of somebody who signs nothing: its address holds the secret that `setting` has."""

    signs_body = False
    setting: ClassVar[str]
    elsewhere: ClassVar[tuple[str, str]]
    """The setting of another door's secret, and that secret."""

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings) -> None:
        self.settings = settings
        for name, secret in ((self.setting, TOKEN), self.elsewhere):
            setattr(settings, name, secret)

    @abstractmethod
    def call(self, reference: str, token: str = TOKEN) -> Call:
        """A genuine one, to an address with this secret."""

    def genuine(self, reference: str) -> Call:
        return self.call(reference)

    def unsigned(self, reference: str) -> Call:
        return self.call(reference, "-")

    def wrongly_signed(self, reference: str) -> Call:
        return self.call(reference, f"{TOKEN[:-1]}m")

    def signed_for_elsewhere(self, reference: str) -> Call:
        return self.call(reference, self.elsewhere[1])

    def take_away_the_secret(self) -> None:
        setattr(self.settings, self.setting, "")


class TextCases(SecretInAddress):
    """A door at which somebody writes the code of a message to them."""

    channel = "sms"

    def call(self, reference: str, token: str = TOKEN, text: str = "", padding: int = 0) -> Call:
        told = delivery_named(reference)
        return self.written(token, told.address, text or reply_code(told.pk), padding)

    @abstractmethod
    def written(self, token: str, sender: str, text: str, padding: int) -> Call:
        """A text, as the provider brings it; with so many octets more than it needs."""

    def altered(self, reference: str, other: str) -> Call:
        told = Delivery.objects.get()
        return self.call(reference_of(told.pk), text=f"{(int(reply_code(told.pk)) + 1) % 10_000:04d}")

    def oversized(self, reference: str) -> Call:
        return self.call(reference, padding=1_000_000)

    @pytest.mark.parametrize(("sender", "text"), [("", ""), ("", "STOP"), (" ", "1 4821")])
    def test_a_text_of_nobody_is_refused(self, sender: str, text: str) -> None:
        self.assert_refused(self.written(TOKEN, sender, text, 0), 400, why=Why.UNREADABLE)

    @pytest.mark.parametrize("text", ["", " \n"])
    def test_an_empty_text_of_somebody_is_taken_and_nothing_is_kept(self, text: str) -> None:
        told, before = self.told(), kept()
        assert make(self.written(TOKEN, told.address, text, 0)) == 200
        assert kept() == before
        assert not InboundText.objects.exists()
