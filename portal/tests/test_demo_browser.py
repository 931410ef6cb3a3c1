"""The one borrower of the demonstration who is told on a device."""

from datetime import date, timedelta

import pytest
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from notifications.models import PushSubscription
from notifications.tests.browsers import SUBJECT, VAPID_KEY
from notifications.tests.outside import find_closed_port, run_sandbox
from portal.demo import browsers
from portal.demo.browsers import browser_of, find_browser, person_with_browser, subscribe_browser
from portal.demo.people import STORIES

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _pushing(settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = VAPID_KEY, SUBJECT


def test_it_is_the_same_person_every_day_and_no_story_is_disturbed() -> None:
    people = {person_with_browser(TODAY + timedelta(days=days)).email for days in range(40)}
    assert len(people) == 1
    assert people.isdisjoint(person.email for person in STORIES)


@pytest.fixture
def user() -> User:
    user = make_borrower()
    user.email = person_with_browser(TODAY).email
    user.save()
    return user


def test_their_browser_listens_where_the_sandbox_is_now(user: User, settings: Settings) -> None:
    person = person_with_browser(TODAY)
    for _start in range(2):
        with run_sandbox("--bounce-port=1") as sandbox:
            settings.SANDBOX_URL = sandbox.url.rstrip("/")
            address = find_browser(TODAY, print)
            assert address is not None
            subscribe_browser(TODAY, address)
            endpoint = f"{sandbox.url}push/{browser_of(person)}"
        assert PushSubscription.objects.live().get().endpoint == endpoint
    assert PushSubscription.objects.count() == 2
    assert ContactPoint.objects.reachable().filter(user=user, kind="push").count() == 1


def test_a_sandbox_that_does_not_answer_is_said_and_stops_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsers, "PATIENCE", 0.3)
    settings.SANDBOX_URL = f"http://127.0.0.1:{find_closed_port()}"
    said: list[str] = []
    assert find_browser(TODAY, said.append) is None
    assert said == ["The sandbox does not answer: nobody has a browser with notices."]


@pytest.mark.parametrize("missing", ["SANDBOX_URL", "VAPID_PRIVATE_KEY"])
def test_without_a_sandbox_or_a_key_nothing_happens(settings: Settings, missing: str) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    setattr(settings, missing, "")
    assert find_browser(TODAY, print) is None
