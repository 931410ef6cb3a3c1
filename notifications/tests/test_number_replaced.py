"""A firm named a wrong phone, and whoever holds it wrote "stop": it does not silence the borrower for ever."""

from decimal import Decimal

import pytest
from pytest_django import Settings

from accounts.contact_points import confirm_contact_point, retire_contact_point
from accounts.models import Consent, ContactPoint, User
from accounts.people import Named, take_borrowers
from accounts.tests.test_people import ALONE, EMAIL, OTHER_PHONE, PHONE, named
from loans.tests.factories import make_installment, make_loan
from notifications.channels.base import Outcome, Result
from notifications.channels.registry import channel_of
from notifications.models import Acknowledgement, NoticeEvent, Preference
from notifications.outcomes import record_outcomes
from notifications.preferences import set_channel, stop_machines
from notifications.reach import reachable
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.stopped import stopped
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt
from notifications.tests.written import write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_to_texts", "calls")]


@pytest.fixture
def calls(settings: Settings) -> None:
    settings.VOICE_PROVIDERS = ["twilio_voice"]
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = f"AC{'0' * 32}", "token"
    settings.TWILIO_SENDER = settings.TWILIO_CALLER = "+14155552345"


@pytest.fixture
def wang() -> User:
    """Whom their firm names by a stranger's phone."""
    return named(phone=PHONE, email=EMAIL)[0]


def firm_says(user: User, phone: str) -> None:
    take_borrowers([Named(external_id="B-1", name="Lin", phone=phone, email=None, user_id=user.pk)], firm=ALONE)
    user.refresh_from_db()
    assert ContactPoint.objects.live().get(user=user, kind="phone").address == phone


def machines(user: User) -> set[str]:
    """The channels by which a machine may tell them at their phone."""
    return set(reachable([user.pk])[user.pk]) & {"sms", "voice"}


def switched(user: User) -> list[tuple[str, bool, str]]:
    """What the record says of it, without what they said themselves: channel, on, why."""
    events = NoticeEvent.objects.filter(kind=NoticeEvent.Kind.PREFERENCE, borrower=user, data__has_key="why")
    return [(event.data["channel"], event.data["enabled"], event.data["why"]) for event in events]


WHY_ON = 'the "stop" came from a number that their firm has replaced'
WHY_OFF = 'the "stop" came from the number that their firm names again'


def test_a_stop_from_a_number_that_its_firm_takes_back_ends_with_it(wang: User) -> None:
    write(PHONE, "STOP")
    assert machines(wang) == set()
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == {"sms", "voice"}
    assert switched(wang) == [("sms", True, WHY_ON), ("voice", True, WHY_ON)]
    assert not Consent.objects.filter(user=wang, given=True).exists()
    assert stopped(wang) is None


def test_what_a_provider_heard_from_it_ends_alike(wang: User) -> None:
    prompt = make_prompt(make_installment(make_loan(wang), due_on=TODAY))
    sms = make_delivery(prompt, status=Status.SENDING, handed_at=NOON, claimed_at=NOON, attempts=1, address=PHONE)
    outcome = Outcome(reference_of(sms.pk), Result.PERMANENT, reason="400 21610", opted_out=True)
    record_outcomes([outcome], channel_of("twilio"), now=NOON)
    assert machines(wang) == set()
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == {"sms", "voice"}


def test_it_holds_again_where_the_number_comes_back(wang: User) -> None:
    """Theirs it was all the same: the other one was the slip."""
    write(PHONE, "STOP")
    firm_says(wang, OTHER_PHONE)
    firm_says(wang, PHONE)
    assert machines(wang) == set()
    assert switched(wang)[2:] == [("sms", False, WHY_OFF), ("voice", False, WHY_OFF)]
    assert stopped(wang) is not None


def test_it_outlives_a_number_that_they_had_proved(wang: User) -> None:
    write(PHONE, "STOP")
    confirm_contact_point(user=wang, kind="phone", address=PHONE, now=NOON)
    retire_contact_point(user=wang, kind="phone", now=NOON)
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == set()


def test_it_outlives_a_number_from_which_they_said_that_they_know(wang: User) -> None:
    prompt = make_prompt(make_installment(make_loan(wang), due_on=TODAY))
    sms = make_delivery(prompt, status=Status.DELIVERED, sent_at=NOON, handed_at=NOON, address=PHONE)
    Acknowledgement.objects.create(
        prompt=prompt, borrower=wang, delivery=sms, method="reply", amount=Decimal(1), currency="CNY", due_on=TODAY,
        wording="w", acknowledged_at=NOON,
    )  # fmt: skip
    write(PHONE, "STOP")
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == set()


@pytest.mark.parametrize("source", [Consent.Source.PAGE, Consent.Source.AGENT])
def test_what_they_said_elsewhere_is_of_them_and_not_of_the_number(wang: User, source: str) -> None:
    for channel in ("sms", "voice"):
        set_channel(wang, channel, enabled=False, now=NOON, source=source)
    write(PHONE, "STOP")
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == set()


def test_what_they_say_to_an_agent_after_it_is_kept_too(wang: User) -> None:
    write(PHONE, "STOP")
    stop_machines(wang, now=NOON, source=Consent.Source.AGENT)
    stop_machines(wang, now=NOON, source=Consent.Source.AGENT)
    assert Consent.objects.filter(user=wang, channel="sms").count() == 2
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == set()


def test_calls_that_they_switched_off_themselves_stay_off(wang: User) -> None:
    set_channel(wang, "voice", enabled=False, now=NOON)
    write(PHONE, "STOP")
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == {"sms"}


def test_a_stop_of_before_numbers_were_kept_with_it_stays(wang: User) -> None:
    stop_machines(wang, now=NOON, source=Consent.Source.REPLY)
    firm_says(wang, OTHER_PHONE)
    assert machines(wang) == set()


def test_their_own_stop_from_the_mended_number_is_another_word(wang: User) -> None:
    write(PHONE, "STOP")
    firm_says(wang, OTHER_PHONE)
    write(OTHER_PHONE, "STOP")
    assert machines(wang) == set()
    said = Consent.objects.filter(user=wang, channel="sms").order_by("pk")
    assert list(said.values_list("address", flat=True)) == [PHONE, OTHER_PHONE]


def test_the_order_that_they_chose_stays(wang: User) -> None:
    Preference.objects.create(user=wang, channel="sms", enabled=True, place=1)
    write(PHONE, "STOP")
    firm_says(wang, OTHER_PHONE)
    assert Preference.objects.get(user=wang, channel="sms").place == 1


def test_a_firm_that_names_the_same_number_changes_nothing(wang: User) -> None:
    write(PHONE, "STOP")
    firm_says(wang, PHONE)
    assert machines(wang) == set()
    assert switched(wang) == []
