from datetime import date, datetime, timedelta

import pytest

from notifications.models import Delivery, Prompt
from notifications.quiet_hours import lives_of
from notifications.tellings import tellings_of
from notifications.tests import kannel_cases, test_twilio_channel
from notifications.tests.factories import make_delivery
from notifications.tests.outside import make_message


def seconds_at(delivery: Delivery, day: date, hour: int) -> int | None:
    """For how long a message may be brought that goes out on `day` at `hour`, by the borrower's clock."""
    now = datetime(day.year, day.month, day.day, hour, tzinfo=delivery.prompt.borrower.zone)
    return lives_of(tellings_of([delivery.pk], now=now), now=now).get(delivery.pk)


def due_on(delivery: Delivery) -> date:
    assert delivery.prompt.installment is not None
    return delivery.prompt.installment.due_on


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["sms", "push"])
def test_a_text_message_or_notice_is_brought_until_its_readers_hours_close(channel: str) -> None:
    delivery = make_delivery(channel=channel)
    day = due_on(delivery) - timedelta(days=1)
    early, late = seconds_at(delivery, day, 12), seconds_at(delivery, day, 20)
    assert early is not None
    assert late is not None
    assert early - late == 8 * 3600
    assert 0 < late <= 4 * 3600


@pytest.mark.django_db
def test_one_that_could_not_wait_for_the_morning_is_brought_within_two_hours_or_not_at_all() -> None:
    delivery = make_delivery(channel="sms")
    assert seconds_at(delivery, due_on(delivery) - timedelta(days=1), 3) == 2 * 3600


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["sms", "push"])
def test_a_reminder_at_an_odd_hour_ends_with_its_due_day(channel: str) -> None:
    delivery = make_delivery(channel=channel)
    seconds = seconds_at(delivery, due_on(delivery), 23)
    assert seconds is not None
    assert 3590 <= seconds <= 3600
    Prompt.objects.update(kind="overdue", stage=1)
    assert seconds_at(delivery, due_on(delivery), 23) == 2 * 3600


@pytest.mark.django_db
def test_what_could_not_wait_for_the_morning_outlives_the_close_of_the_hours() -> None:
    """What goes out at 21:00 is brought for as long as what goes out a moment after their close, at 22:00."""
    delivery = make_delivery(channel="sms")
    day = due_on(delivery)
    assert seconds_at(delivery, day, 21) == 2 * 3600
    assert seconds_at(delivery, day, 12) == 10 * 3600
    assert seconds_at(delivery, day - timedelta(days=1), 21) == 3600
    Prompt.objects.update(kind="overdue", stage=1)
    assert seconds_at(delivery, day, 21) == 3600


@pytest.mark.django_db
def test_a_mail_has_no_end() -> None:
    delivery = make_delivery(channel="email")
    assert seconds_at(delivery, due_on(delivery), 12) is None


@pytest.mark.parametrize(("lives", "minutes"), [(None, None), (5400, "90"), (5459, "90"), (30, "5")])
def test_kannel_is_told_in_minutes(lives: int | None, minutes: str | None) -> None:
    channel = kannel_cases.make_channel("http://127.0.0.1:1/x")
    lines = channel.make_post(make_message("+8613800139999")._replace(lives=lives)).lines
    said = [line for line in lines if b"X-Kannel-Validity" in line]
    assert said == ([f"X-Kannel-Validity: {minutes}".encode()] if minutes else [])


@pytest.mark.parametrize(("lives", "said"), [(None, False), (5400, True), (36_000, False), (50_000, False)])
def test_twilio_is_told_in_seconds_where_it_would_keep_it_for_longer(lives: int | None, said: bool) -> None:
    channel = test_twilio_channel.make_channel("http://127.0.0.1:1")
    body = channel.make_post(make_message("+8613800139999")._replace(lives=lives)).body
    assert (b"ValidityPeriod=5400" in body) is said
    assert (b"ValidityPeriod" in body) is said
