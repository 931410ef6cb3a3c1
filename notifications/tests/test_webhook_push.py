"""The doors of devices, which post by themselves and prove by the token of a notice that they got it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.tests.factories import make_borrower
from notifications.models import Delivery, PushSubscription, RefusedCalls
from notifications.push_subscriptions import subscribe
from notifications.signatures import notice_token, reference_of
from notifications.tests.browsers import Browser
from notifications.tests.factories import NOON
from notifications.tests.webhook_cases import Call, DoorCases, ReceiptCases, delivery_named

REPORT = b"shown=yes&at=1795320000"


class NoticeCases(DoorCases):
    """Nothing of the body is asked for, so that all there is to refuse is a token."""

    channel = "push"
    provider = "webpush"
    signs_body = True
    taken = 204
    keeps_repeats = False
    unreadable = (404, RefusedCalls.Why.UNPROVEN)

    @pytest.fixture(autouse=True)
    def _settings(self, settings: Settings) -> None:
        self.settings = settings

    def told(self) -> Delivery:
        delivery = super().told()
        self.device_of(delivery)
        return delivery

    def device_of(self, delivery: Delivery) -> PushSubscription:
        return subscribe(delivery.prompt.borrower, Browser("https://push.example/a").address, user_agent="", now=NOON)

    def token(self, reference: str) -> str:
        delivery = delivery_named(reference)
        return notice_token(delivery.pk, self.device_of(delivery).pk, timezone.now() + timedelta(days=1))

    def call(self, token: str, report: bytes = REPORT) -> Call:
        return Call("POST", reverse(self.door, args=[token]), report)

    def genuine(self, reference: str) -> Call:
        return self.call(self.token(reference))

    def unsigned(self, reference: str) -> Call:
        return self.call("-")

    def wrongly_signed(self, reference: str) -> Call:
        ours, self.settings.SECRET_KEY = self.settings.SECRET_KEY, "another"
        told, device = Delivery.objects.get(), PushSubscription.objects.get()
        token = notice_token(told.pk, device.pk, timezone.now() + timedelta(days=1))
        self.settings.SECRET_KEY = ours
        return self.call(token)

    def altered(self, reference: str, other: str) -> Call:
        token = self.token(reference_of(Delivery.objects.get().pk))
        return self.call(("B" if token[0] == "A" else "A") + token[1:])

    def signed_for_elsewhere(self, reference: str) -> Call:
        """A device has changed hands since."""
        call = self.genuine(reference)
        subscribe(make_borrower(), Browser("https://push.example/a").address, user_agent="", now=NOON)
        return call

    def malformed(self) -> Call:
        return self.call("x" * 200)

    def oversized(self, reference: str) -> Call:
        return self.call(self.token(reference), b"a" * 513)

    def take_away_the_secret(self) -> None:
        self.settings.SECRET_KEY = "another"


class TestNoticeReceived(NoticeCases, ReceiptCases):
    door = "notice_received"


class TestNoticeAcknowledged(NoticeCases):
    door = "notice_acknowledged"
