"""Devices come and go, and the contact point that stands for them follows."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import Consent, ContactPoint, User
from accounts.tests.factories import make_borrower
from notifications.models import NoticeEvent, PushSubscription
from notifications.preferences import LastChannel, set_channel
from notifications.push_subscriptions import (
    MOST_DEVICES,
    devices_of,
    mark_gone,
    mark_heard_of,
    subscribe,
    unsubscribe,
)
from notifications.reach import reachable
from notifications.tests.browsers import SUBJECT, VAPID_KEY, Browser
from notifications.tests.factories import NOON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=1)
PHONE = "Mozilla/5.0 (Linux; Android 10; K) Chrome/149.0.0.0 Mobile Safari/537.36"


@pytest.fixture(autouse=True)
def _pushing(settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = VAPID_KEY, SUBJECT
    settings.PUSH_PROVIDERS = ["webpush"]


def add(user: User, name: str = "a", **options: object) -> PushSubscription:
    address = Browser(f"https://push.example/{name}").address
    return subscribe(user, address, user_agent=PHONE, **{"now": NOON} | options)  # type: ignore[arg-type]


def ways(user: User) -> set[str]:
    return set(reachable([user.pk])[user.pk])


def point_of(user: User) -> ContactPoint:
    return ContactPoint.objects.get(user=user, kind="push")


def said_no(user: User) -> bool:
    return Consent.objects.filter(user=user, channel="push", given=False).exists()


class TestComing:
    def test_who_loses_the_last_one_to_somebody_else_has_said_nothing(self) -> None:
        one, other = make_borrower(), make_borrower()
        add(one)
        add(other)
        assert (ways(one) & {"push"}, said_no(one)) == (set(), False)
        assert NoticeEvent.objects.filter(borrower=one, data__enabled=False).count() == 1
        unsubscribe(other, PushSubscription.objects.get().pk, now=LATER)
        assert said_no(other)

    def test_the_first_device_opens_the_channel(self) -> None:
        user = make_borrower()
        subscription = add(user)
        assert ways(user) == {"sms", "email", "push"}
        assert (point_of(user).address, point_of(user).verified_at, point_of(user).source) == ("browser", NOON, "owner")
        assert (subscription.label, subscription.created_at) == ("Chrome on Android", NOON)
        assert devices_of([user.pk])[user.pk][0].address.endpoint == "https://push.example/a"

    def test_more_devices_share_one_contact_point(self) -> None:
        user = make_borrower()
        add(user, "a")
        add(user, "b")
        assert ContactPoint.objects.filter(user=user, kind="push").count() == 1
        assert len(devices_of([user.pk])[user.pk]) == 2

    def test_the_same_browser_again_is_one_device_with_its_newest_keys(self) -> None:
        user = make_borrower()
        first = add(user)
        again = add(user, now=LATER)
        assert again.pk == first.pk
        assert again.p256dh != first.p256dh

    def test_a_browser_shows_only_what_the_last_one_who_asked_is_told(self) -> None:
        one, other = make_borrower(), make_borrower()
        add(one)
        add(other, now=LATER)
        assert (ways(one), ways(other)) == ({"sms", "email"}, {"sms", "email", "push"})
        assert devices_of([one.pk, other.pk]) == {one.pk: [], other.pk: devices_of([other.pk])[other.pk]}

    def test_who_keeps_another_device_keeps_the_channel(self) -> None:
        one, other = make_borrower(), make_borrower()
        add(one, "shared")
        add(one, "own")
        add(other, "shared")
        assert "push" in ways(one)

    def test_a_device_too_many_takes_the_place_of_the_one_not_heard_of_for_longest(self) -> None:
        user = make_borrower()
        rows = [add(user, str(number), now=NOON + timedelta(minutes=number)) for number in range(MOST_DEVICES)]
        mark_heard_of(rows[0].pk, borrower_id=user.pk, now=LATER)
        newest = add(user, "one more", now=LATER)
        left = {device.number for device in devices_of([user.pk])[user.pk]}
        assert left == {row.pk for row in rows} - {rows[1].pk} | {newest.pk}

    def test_switching_the_channel_on_and_off_is_on_record_once(self) -> None:
        user = make_borrower()
        add(user, "a")
        second = add(user, "b")
        for subscription in PushSubscription.objects.live():
            unsubscribe(user, subscription.pk, now=LATER)
        events = [(event.kind, event.data) for event in NoticeEvent.objects.filter(borrower=user)]
        assert second.pk
        assert events == [
            ("preference", {"channel": "push", "enabled": True}),
            ("preference", {"channel": "push", "enabled": False}),
        ]
        said = Consent.objects.filter(user=user, channel="push").order_by("pk").values_list("given", "source", "at")
        assert list(said) == [(True, "page", NOON), (False, "page", LATER)]


class TestGoing:
    def test_the_last_one_removed_closes_the_channel_without_calling_it_unreachable(self) -> None:
        user = make_borrower()
        subscription = add(user)
        unsubscribe(user, subscription.pk, now=LATER)
        assert "push" not in ways(user)
        assert (point_of(user).retired_at, point_of(user).unreachable_since) == (LATER, None)

    def test_one_of_two_removed_leaves_it_open(self) -> None:
        user = make_borrower()
        first, second = add(user, "a"), add(user, "b")
        unsubscribe(user, first.pk, now=LATER)
        assert [device.number for device in devices_of([user.pk])[user.pk]] == [second.pk]
        assert "push" in ways(user)

    def test_nobody_removes_another_ones_device_nor_one_twice(self) -> None:
        user, stranger = make_borrower(), make_borrower()
        subscription = add(user)
        with pytest.raises(PushSubscription.DoesNotExist):
            unsubscribe(stranger, subscription.pk, now=LATER)
        unsubscribe(user, subscription.pk, now=LATER)
        with pytest.raises(PushSubscription.DoesNotExist):
            unsubscribe(user, subscription.pk, now=LATER)

    def test_the_last_way_that_reaches_somebody_stays(self) -> None:
        user = make_borrower(email=False)
        subscription = add(user)
        set_channel(user, "sms", False, now=NOON)
        with pytest.raises(LastChannel):
            unsubscribe(user, subscription.pk, now=LATER)
        assert ways(user) == {"push"}

    def test_who_has_no_live_device_left_is_unreachable_there(self) -> None:
        user, other = make_borrower(), make_borrower()
        first, second, third = add(user, "a"), add(user, "b"), add(other, "c")
        assert mark_gone([first.pk, third.pk], now=LATER) == 2
        assert (ways(user), ways(other)) == ({"sms", "email", "push"}, {"sms", "email"})
        assert mark_gone([first.pk, second.pk], now=LATER) == 1
        assert point_of(user).unreachable_since == LATER
        assert "gone" in point_of(user).unreachable_reason

    def test_a_device_that_comes_back_makes_reachable_again(self) -> None:
        user = make_borrower()
        mark_gone([add(user).pk], now=NOON)
        add(user, now=LATER)
        assert "push" in ways(user)
        assert point_of(user).unreachable_since is None

    def test_only_its_owner_s_telling_counts_as_heard(self) -> None:
        user, stranger = make_borrower(), make_borrower()
        subscription = add(user)
        mark_heard_of(subscription.pk, borrower_id=stranger.pk, now=LATER)
        subscription.refresh_from_db()
        assert subscription.last_receipt_at is None
        mark_heard_of(subscription.pk, borrower_id=user.pk, now=LATER)
        subscription.refresh_from_db()
        assert subscription.last_receipt_at == LATER


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_people_who_trade_devices_do_not_wait_for_ever() -> None:
    people = [make_borrower(), make_borrower()]
    for user, name in zip(people, "ab", strict=True):
        add(user, name)
    start, faults = threading.Barrier(2, timeout=20), []

    def trade(user: User, name: str) -> None:
        try:
            start.wait()
            add(user, name)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=trade, args=pair) for pair in zip(people, "ba", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert faults == []
    assert [len(devices_of([user.pk])[user.pk]) for user in people] == [1, 1]
    assert all("push" in ways(user) for user in people)
