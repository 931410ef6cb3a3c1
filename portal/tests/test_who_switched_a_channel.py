"""The record of a person says who switched a channel, and why where they did not."""

import pytest

from accounts.models import Consent, ContactPoint
from accounts.tests.factories import make_borrower
from notifications.number_replaced import follow_numbers
from notifications.preferences import set_channel
from notifications.tests.factories import NOON
from portal.admin.timeline import read_timeline

pytestmark = pytest.mark.django_db


def test_that_a_strangers_stop_ended_was_not_their_doing() -> None:
    wang = make_borrower()
    reply = Consent.Source.REPLY
    set_channel(wang, "sms", enabled=False, now=NOON, source=reply, address="+8613900139000")
    assert ContactPoint.objects.filter(user=wang, kind="phone").exclude(address="+8613900139000").exists()
    follow_numbers([wang.pk], now=NOON)
    ours, theirs = (line for line in read_timeline(wang.pk, kind="event").lines if line.what == "channel switched")
    assert (theirs.by, theirs.why) == (str(wang), "switched off")
    assert (ours.by, ours.why) == (
        "the system", 'the "stop" came from a number that their firm has replaced · switched on',
    )  # fmt: skip
