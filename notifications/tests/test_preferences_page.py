"""How will you tell me: channels on and off, never the last one that works."""

import threading
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.models import NoticeEvent, Preference
from notifications.preferences import LastChannel, NotSwitchable, is_on, set_channel
from notifications.reach import reachable
from notifications.tests.factories import NOON
from notifications.tests.pages import sign_in, words

pytestmark = pytest.mark.django_db
PAGE = reverse("preferences")


@pytest.fixture
def page(borrower: User) -> Client:
    return sign_in(borrower)


class TestSwitching:
    def test_a_channel_is_on_until_it_is_switched(self, borrower: User) -> None:
        assert is_on(borrower, "sms")
        assert set_channel(borrower, "sms", False, now=NOON)
        assert not is_on(borrower, "sms")
        assert set_channel(borrower, "sms", True, now=NOON)
        assert is_on(borrower, "sms")
        assert Preference.objects.count() == 1

    def test_each_change_is_on_record(self, borrower: User) -> None:
        set_channel(borrower, "email", False, now=NOON)
        event = NoticeEvent.objects.get()
        assert (event.kind, event.borrower, event.at) == ("preference", borrower, NOON)
        assert event.data == {"channel": "email", "enabled": False}

    def test_what_changes_nothing_is_not(self, borrower: User) -> None:
        assert not set_channel(borrower, "email", True, now=NOON)
        assert not NoticeEvent.objects.exists()

    def test_the_last_one_that_works_stays_on(self, borrower: User) -> None:
        set_channel(borrower, "email", False, now=NOON)
        with pytest.raises(LastChannel):
            set_channel(borrower, "sms", False, now=NOON)
        assert list(reachable([borrower.pk])[borrower.pk]) == ["sms"]

    @pytest.mark.parametrize("lost", ["unreachable", "retired", "never given"])
    def test_a_way_that_leads_nowhere_does_not_count(self, lost: str) -> None:
        borrower = make_borrower(email=lost != "never given")
        if lost != "never given":
            column = "unreachable_since" if lost == "unreachable" else "retired_at"
            ContactPoint.objects.filter(user=borrower, kind="email").update(**{column: NOON})
        with pytest.raises(LastChannel):
            set_channel(borrower, "sms", False, now=NOON)

    def test_one_that_does_not_work_may_be_switched_off(self, borrower: User) -> None:
        ContactPoint.objects.filter(user=borrower, kind="email").update(unreachable_since=NOON)
        assert set_channel(borrower, "email", False, now=NOON)

    @pytest.mark.parametrize("channel", ["in_app", "fax", ""])
    def test_the_portal_and_the_unknown_cannot_be_switched(self, borrower: User, channel: str) -> None:
        with pytest.raises(NotSwitchable):
            set_channel(borrower, channel, False, now=NOON)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_switches_at_once_leave_one_way() -> None:
    borrower = make_borrower()
    start, refused = threading.Barrier(2, timeout=20), []

    def switch_off(channel: str) -> None:
        try:
            start.wait()
            set_channel(borrower, channel, False, now=NOON)
        except LastChannel:
            refused.append(channel)
        finally:
            connection.close()

    threads = [threading.Thread(target=switch_off, args=[channel]) for channel in ("sms", "email")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(refused) == 1
    assert list(reachable([borrower.pk])[borrower.pk]) == refused


@pytest.mark.usefixtures("noon")
class TestPage:
    def test_nobody_sees_it_without_signing_in(self) -> None:
        for response in (Client().get(PAGE), Client().post(PAGE)):
            assert reverse("account_login") in response["Location"]

    def test_everyone_sees_their_own_ways_masked(self, borrower: User, page: Client) -> None:
        other = make_borrower()
        shown = words(page.get(PAGE))
        for point in ContactPoint.objects.filter(user=borrower):
            assert f"{point.masked}, given by your lender and not confirmed by you" in shown
            assert point.address not in shown
        assert ContactPoint.objects.get(user=other, kind="phone").masked not in shown

    def test_an_agent_sees_their_own(self) -> None:
        shown = words(sign_in(make_agent(locale="en")).get(PAGE))
        assert "We have no phone of yours" in shown

    def test_a_confirmed_and_a_lost_address_say_so(self, borrower: User, page: Client) -> None:
        ContactPoint.objects.filter(user=borrower, kind="email").update(verified_at=NOON)
        ContactPoint.objects.filter(user=borrower, kind="phone").update(unreachable_since=NOON)
        shown = words(page.get(PAGE))
        assert "confirmed by you" in shown
        assert "not reachable since Sun 22 November. Please check it." in shown

    @pytest.mark.parametrize(
        ("off", "sentence"),
        [
            (None, "Your next payment is due Wed 25 November. We will tell you by SMS and then email."),
            ("email", "Your next payment is due Wed 25 November. We will tell you by SMS."),
            ("sms", "Your next payment is due Wed 25 November. We will tell you by email."),
        ],
    )
    def test_one_sentence_says_how_the_next_payment_is_told(
        self, borrower: User, page: Client, off: str | None, sentence: str
    ) -> None:
        make_installment(make_loan(borrower), due_on=date(2026, 11, 25))
        if off:
            set_channel(borrower, off, False, now=NOON)
        assert sentence in words(page.get(PAGE))

    def test_without_a_way_it_promises_a_person(self) -> None:
        borrower = make_borrower(phone=False, email=False)
        make_installment(make_loan(borrower), due_on=date(2026, 11, 25))
        assert "a person will try to reach you." in words(sign_in(borrower).get(PAGE))

    def test_without_a_payment_it_says_so(self, page: Client) -> None:
        assert "You have no payment ahead." in words(page.get(PAGE))

    def test_saving_switches_off_what_is_not_ticked(self, borrower: User, page: Client) -> None:
        assert page.post(PAGE, {"channels": ["sms"]})["Location"] == PAGE
        assert (is_on(borrower, "sms"), is_on(borrower, "email")) == (True, False)
        assert "Saved. From now on we tell you this way." in words(page.get(PAGE))

    def test_one_may_take_the_place_of_the_other_in_one_go(self, borrower: User, page: Client) -> None:
        set_channel(borrower, "sms", False, now=NOON)
        page.post(PAGE, {"channels": ["sms"]})
        assert (is_on(borrower, "sms"), is_on(borrower, "email")) == (True, False)

    def test_switching_everything_off_is_refused_with_the_reason(self, borrower: User, page: Client) -> None:
        set_channel(borrower, "email", False, now=NOON)
        response = page.post(PAGE, {})
        assert response.status_code == 422
        shown = words(response)
        assert "That would leave no way to reach you" in shown
        assert "SMS stays on" in shown
        assert is_on(borrower, "sms")
        assert 'value="sms" checked' in response.content.decode()

    def test_an_unknown_channel_in_the_form_changes_nothing(self, borrower: User, page: Client) -> None:
        page.post(PAGE, {"channels": ["sms", "email", "fax", "in_app"]})
        assert not Preference.objects.exists()

    def test_days_read_right_in_chinese(self) -> None:
        borrower = make_borrower(locale="zh-hans")
        make_installment(make_loan(borrower), due_on=date(2026, 11, 25))
        assert "11月25日（周三）" in words(sign_in(borrower).get(PAGE))


def test_a_page_of_before_there_were_calls_says_nothing_about_them(
    page: Client, borrower: User, settings: Settings
) -> None:
    settings.VOICE_PROVIDERS = ["twilio_voice"]
    for name in ("ACCOUNT_SID", "AUTH_TOKEN", "CALLER"):
        setattr(settings, f"TWILIO_{name}", "x")
    assert 'value="voice"' in page.get(PAGE).content.decode()
    page.post(PAGE, {"channels": ["sms", "email"], "first": "email"})
    assert is_on(borrower, "voice")
    page.post(PAGE, {"shown": ["sms", "email", "voice"], "channels": ["sms", "email"]})
    assert not is_on(borrower, "voice")
