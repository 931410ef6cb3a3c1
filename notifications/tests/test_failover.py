"""What the first provider of a channel does not take goes out by the second, be they thousands or three."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import ContactPoint
from notifications import suppliers
from notifications.claiming import Line
from notifications.dispatch import dispatch
from notifications.models import Alarm, Delivery, Supplier
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery, make_prompt
from notifications.tests.outside import find_closed_port
from notifications.tests.providers import Answer, Provider, run_provider
from notifications.tests.test_twilio_channel import SID, TAKEN, answer

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
KANNEL_TAKES = Answer(202, "0: Accepted for delivery")
REFUSED_NUMBER = Answer(400, "Invalid number")


def ask_in_turn(settings: Settings, *providers: str, sid: str = SID) -> None:
    settings.SMS_PROVIDERS = list(providers)
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_SENDER = sid, "a-token", "+14155552345"


@pytest.fixture
def twilio(settings: Settings) -> Iterator[Provider]:
    """Kannel's port is closed; Twilio takes what it is given."""
    ask_in_turn(settings, "kannel", "twilio")
    settings.KANNEL_URL = f"http://127.0.0.1:{find_closed_port()}/cgi-bin/sendsms"
    with run_provider(answer(201, TAKEN)) as running:
        settings.TWILIO_API_URL = running.url
        yield running


def send(at: datetime = NOON) -> int:
    return dispatch("sms", clock=lambda: at)


def rows() -> list[tuple[str, str]]:
    return sorted(Delivery.objects.values_list("provider", "status"))


def open_alarms() -> list[str]:
    return list(Alarm.objects.open().values_list("subject", flat=True))


@pytest.mark.parametrize("people", [12, 3])
def test_what_the_first_does_not_take_goes_out_by_the_second(people: int, twilio: Provider) -> None:
    for _ in range(people):
        make_delivery()
    assert send() == people
    assert rows() == [("kannel", Status.RETRYING)] * people
    assert open_alarms() == ["provider:kannel"]
    assert send(NOON + 40 * SECOND) == people
    assert rows() == [("twilio", Status.SENT)] * people
    assert len(twilio.asked) == people


def test_a_single_message_goes_to_the_other_one_at_its_next_try(twilio: Provider) -> None:
    make_delivery()
    send()
    assert (rows(), open_alarms()) == ([("kannel", Status.RETRYING)], [])
    send(NOON + 40 * SECOND)
    assert rows() == [("twilio", Status.SENT)]
    assert len(twilio.asked) == 1


def test_a_trickle_of_people_is_enough_to_pass_it_over(twilio: Provider) -> None:
    for number in range(3):
        now = NOON + number * 5 * MINUTE
        make_delivery(next_attempt_at=now)
        assert open_alarms() == []
        send(now)
        send(now + MINUTE)
    assert rows() == [("twilio", Status.SENT)] * 3
    assert open_alarms() == ["provider:kannel"]
    later = NOON + 10 * MINUTE + 30 * SECOND
    make_delivery(next_attempt_at=later)
    send(later)
    assert rows() == [("twilio", Status.SENT)] * 4


def test_one_person_however_often_they_are_tried_passes_nobody_over(twilio: Provider) -> None:
    prompt = make_prompt()
    for number in range(6):
        now = NOON + number * MINUTE
        make_delivery(prompt, next_attempt_at=now, ordinal=number)
        send(now)
    assert open_alarms() == []
    assert Supplier.objects.get(name="kannel").strikes == 0


def test_people_whose_numbers_are_refused_for_good_say_nothing_of_a_provider(
    twilio: Provider, settings: Settings
) -> None:
    with run_provider(REFUSED_NUMBER) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        for _ in range(5):
            make_delivery()
            send()
    assert rows() == [("kannel", Status.RETRYING)] * 5
    assert open_alarms() == []
    assert twilio.asked == []


def test_who_is_taken_in_between_begins_the_count_anew(twilio: Provider, settings: Settings) -> None:
    closed = settings.KANNEL_URL
    with run_provider(KANNEL_TAKES) as kannel:
        for number in range(6):
            settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms" if number % 3 == 2 else closed
            now = NOON + number * SECOND
            make_delivery(next_attempt_at=now)
            send(now)
    assert rows() == [("kannel", Status.RETRYING)] * 4 + [("kannel", Status.SENT)] * 2
    assert open_alarms() == []


def test_failures_that_lie_far_apart_are_none_in_a_row(twilio: Provider) -> None:
    for number in range(4):
        now = NOON + number * suppliers.WITHIN
        make_delivery(next_attempt_at=now)
        send(now)
    assert open_alarms() == []


def test_one_that_is_tried_after_its_pause_and_fails_again_is_passed_over_for_longer(twilio: Provider) -> None:
    for _ in range(3):
        make_delivery()
    send()
    tried = NOON + MINUTE
    send(NOON + 40 * SECOND)
    make_delivery(next_attempt_at=tried)
    send(tried)
    supplier = Supplier.objects.get(name="kannel")
    assert (supplier.strikes, supplier.paused_until) == (2, tried + 2 * MINUTE)


def test_it_is_cleared_by_the_first_that_it_takes(twilio: Provider, settings: Settings) -> None:
    for _ in range(3):
        make_delivery()
    send()
    with run_provider(KANNEL_TAKES) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        make_delivery(next_attempt_at=NOON + MINUTE)
        send(NOON + MINUTE)
    assert open_alarms() == []
    supplier = Supplier.objects.get(name="kannel")
    assert (supplier.strikes, supplier.not_taken) == (0, {})


def test_where_there_is_no_other_it_is_tried_again_and_an_alarm_says_so(twilio: Provider, settings: Settings) -> None:
    settings.SMS_PROVIDERS = ["kannel"]
    for number in range(3):
        make_delivery(next_attempt_at=NOON + number * SECOND)
        send(NOON + number * SECOND)
    assert open_alarms() == ["provider:kannel"]
    send(NOON + 40 * SECOND)
    assert set(Delivery.objects.values_list("provider", "attempts")) == {("kannel", 2)}


def test_what_both_do_not_take_goes_back_and_forth(twilio: Provider, settings: Settings) -> None:
    settings.TWILIO_API_URL = f"http://127.0.0.1:{find_closed_port()}"
    make_delivery()
    asked = []
    for minutes in range(0, 9, 2):
        send(NOON + minutes * MINUTE)
        asked.append(Delivery.objects.get().provider)
    assert asked[:3] == ["kannel", "twilio", "kannel"]


def test_what_a_rule_put_off_was_refused_by_nobody_and_goes_to_the_first(twilio: Provider, settings: Settings) -> None:
    make_delivery(status=Status.RETRYING, provider="kannel", handed_at=None, held_by="cn/collection/caps/sms/day")
    with run_provider(KANNEL_TAKES) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        send()
    assert rows() == [("kannel", Status.SENT)]


def test_what_waits_for_its_first_try_is_asked_of_the_first_meanwhile(twilio: Provider, settings: Settings) -> None:
    """The second has what was tried, not what happens to stand beside it."""
    make_delivery()
    send()
    with run_provider(lambda _asked: KANNEL_TAKES) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        make_delivery()
        send(NOON + 40 * SECOND)
    assert rows() == [("kannel", Status.SENT), ("twilio", Status.SENT)]


def test_what_was_tried_is_found_without_walking_the_queue() -> None:
    prompt, waiting = make_prompt(), [Status.QUEUED] * 2000 + [Status.RETRYING] * 3
    Delivery.objects.bulk_create(
        Delivery(prompt=prompt, channel="sms", ordinal=number, status=status, next_attempt_at=NOON)
        for number, status in enumerate(waiting)
    )
    line = Line("sms", failed_by="kannel")
    statement, parameters = line.ids(now=NOON, limit=10)
    wanted: dict[str, Any] = parameters
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_delivery")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}", wanted)
        assert "delivery_retrying" in "\n".join(row[0] for row in cursor.fetchall())


def test_what_is_wrong_with_the_other_one_keeps_nothing_from_the_first(settings: Settings) -> None:
    """Its settings are all there, so that the start found nothing wrong with them."""
    ask_in_turn(settings, "kannel", "twilio", sid=SID[:-1])
    retried = make_delivery(status=Status.RETRYING, provider="kannel", handed_at=NOON - MINUTE)
    make_delivery()
    with run_provider(KANNEL_TAKES) as running:
        settings.KANNEL_URL = f"{running.url}/cgi-bin/sendsms"
        assert send() == 1
        assert open_alarms() == ["provider:twilio"]
        assert send(NOON + SECOND) == 1
    retried.refresh_from_db()
    assert (retried.provider, retried.status) == ("kannel", Status.SENT)


def test_what_the_first_refuses_for_good_is_asked_of_the_other_too(twilio: Provider, settings: Settings) -> None:
    with run_provider(REFUSED_NUMBER) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        make_delivery()
        send()
        assert Delivery.objects.get().reason == "refused by kannel: 400"
        send(NOON + 40 * SECOND)
    assert rows() == [("twilio", Status.SENT)]


def test_what_both_refuse_for_good_has_failed(settings: Settings) -> None:
    ask_in_turn(settings, "kannel", "twilio")
    with run_provider(REFUSED_NUMBER) as kannel, run_provider(answer(400, {"code": 21211})) as second:
        settings.KANNEL_URL, settings.TWILIO_API_URL = f"{kannel.url}/cgi-bin/sendsms", second.url
        make_delivery()
        send()
        send(NOON + 40 * SECOND)
        assert (len(kannel.asked), len(second.asked)) == (1, 1)
    assert rows() == [("twilio", Status.FAILED)]
    assert ContactPoint.objects.get(kind="phone").unreachable_since is not None


@pytest.mark.parametrize("code", [21211, 21612])
def test_who_stands_in_for_a_moment_is_not_believed_that_a_number_is_bad(code: int, settings: Settings) -> None:
    ask_in_turn(settings, "kannel", "twilio")
    settings.KANNEL_URL = f"http://127.0.0.1:{find_closed_port()}/cgi-bin/sendsms"
    with run_provider(answer(400, {"code": code})) as second, run_provider(KANNEL_TAKES) as kannel:
        settings.TWILIO_API_URL = second.url
        make_delivery()
        send()
        send(NOON + 40 * SECOND)
        assert rows() == [("twilio", Status.RETRYING)]
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        send(NOON + 3 * MINUTE)
    assert rows() == [("kannel", Status.SENT)]
    assert ContactPoint.objects.get(kind="phone").unreachable_since is None


def test_of_a_number_the_first_is_believed_at_once(settings: Settings) -> None:
    ask_in_turn(settings, "twilio", "kannel")
    with run_provider(answer(400, {"code": 21211})) as first:
        settings.TWILIO_API_URL = first.url
        make_delivery()
        send()
    assert rows() == [("twilio", Status.FAILED)]


def test_a_first_one_whose_settings_cannot_be_used_is_passed_over(settings: Settings) -> None:
    ask_in_turn(settings, "twilio", "kannel", sid=SID[:-1])
    make_delivery()
    with run_provider(KANNEL_TAKES) as kannel:
        settings.KANNEL_URL = f"{kannel.url}/cgi-bin/sendsms"
        assert send() == 0
        assert open_alarms() == ["provider:twilio"]
        assert send(NOON + SECOND) == 1
    assert rows() == [("kannel", Status.SENT)]


def test_where_it_is_alone_an_alarm_says_what_is_wrong(settings: Settings) -> None:
    settings.KANNEL_URL = "gateway.example/cgi-bin/sendsms"
    make_delivery()
    assert send() == 0
    assert "KANNEL_URL" in Alarm.objects.open().get().detail
    assert rows() == [("", Status.QUEUED)]
