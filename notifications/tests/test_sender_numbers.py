"""Whose is a text message whose sender comes without a plus?"""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from notifications.models import Delivery
from notifications.states import Status
from notifications.tests.factories import make_delivery, make_prompt
from notifications.tests.written import TOKEN, first_phone, sms_is_on, write

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.SMS_CALLBACK_TOKEN = TOKEN


def borrower_at(address: str) -> User:
    borrower = make_borrower()
    ContactPoint.objects.filter(user=borrower, kind="phone").update(address=address)
    return borrower


@pytest.mark.parametrize("address", ["+12125550123", "+447911123456", "+85298765432", "+33612345678", "+8613800139999"])
def test_stop_without_a_plus_is_obeyed_wherever_its_sender_lives(address: str) -> None:
    borrower = borrower_at(address)
    assert write(address.removeprefix("+"), "STOP") == "You get no more SMS from us. We use your other channels."
    assert not sms_is_on(borrower)


def test_a_number_that_is_somebodys_in_two_countries_is_that_of_whom_we_wrote_to_last() -> None:
    """1 512 555 0123 is of Texas, 151 2555 0123 a mobile of China."""
    chinese, texan = borrower_at("+8615125550123"), borrower_at("+15125550123")
    now = timezone.now()
    for borrower, hours in ((chinese, 2), (texan, 1)):
        told = make_prompt(borrower=borrower)
        make_delivery(told, address=first_phone(borrower), status=Status.SENT, handed_at=now - timedelta(hours=hours))
    assert write("15125550123", "STOP") != ""
    assert (sms_is_on(chinese), sms_is_on(texan)) == (True, False)
    Delivery.objects.filter(prompt__borrower=chinese).update(handed_at=now)
    assert write("15125550123", "STOP") != ""
    assert not sms_is_on(chinese)


def test_where_neither_was_written_to_it_is_read_as_a_chinese_one() -> None:
    chinese, texan = borrower_at("+8615125550123"), borrower_at("+15125550123")
    write("15125550123", "STOP")
    assert (sms_is_on(chinese), sms_is_on(texan)) == (False, True)
