"""The code in a reply proves something only where it cannot be tried out."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.models import ContactPoint
from notifications.models import Acknowledgement, AgentTask, Delivery, InboundText
from notifications.signatures import reply_code
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.test_races import at_once
from notifications.tests.written import sms_is_on, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_to_texts")]


def guesses(told: Delivery, number: int) -> list[str]:
    right = reply_code(told.pk)
    return [code for code in map("{:04d}".format, range(number + 1)) if code != right][:number]


def test_codes_are_not_guessed(asked: Delivery) -> None:
    answers = [write(asked.address, code) for code in guesses(asked, 9)]
    assert ["not known" in answer for answer in answers] == [True] * 5 + [False] * 4
    assert answers[5].startswith("Thank you. A person reads this")
    assert answers[6:] == [""] * 3
    write(asked.address, reply_code(asked.pk))
    assert not Acknowledgement.objects.exists()
    assert AgentTask.objects.get().borrower == asked.prompt.borrower
    write(asked.address, "stop")
    assert not sms_is_on(asked.prompt.borrower)


def test_who_mistyped_a_code_a_week_ago_may_answer_again(asked: Delivery) -> None:
    for code in guesses(asked, 5):
        write(asked.address, code)
    InboundText.objects.update(received_at=timezone.now() - timedelta(days=7, seconds=1))
    assert write(asked.address, reply_code(asked.pk)) == "Thank you. We noted that you know."


def test_four_wrong_codes_spoil_no_right_one(asked: Delivery) -> None:
    for code in guesses(asked, 4):
        write(asked.address, code)
    assert write(asked.address, reply_code(asked.pk)) == "Thank you. We noted that you know."


def test_of_a_phone_of_two_people_the_codes_of_neither_are_guessed(asked: Delivery) -> None:
    other = make_delivery(status=Status.SENT, handed_at=NOON)
    ContactPoint.objects.filter(user=other.prompt.borrower, kind="phone").update(address=asked.address)
    Delivery.objects.filter(pk=other.pk).update(address=asked.address)
    codes = {reply_code(asked.pk), reply_code(other.pk)}
    for code in [f"{n:04d}" for n in range(8) if f"{n:04d}" not in codes][:5]:
        write(asked.address, code)
    for code in codes:
        write(asked.address, code)
    assert not Acknowledgement.objects.exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_codes_that_come_at_once_are_counted_one_by_one() -> None:
    told = make_delivery(status=Status.SENT, handed_at=NOON)
    address = str(told.address)
    codes = guesses(told, 8)
    for code in codes[:4]:
        write(address, code)
    answers = at_once(*[partial(write, address, code) for code in codes[4:]])
    assert sum("not known" in answer for answer in answers) == 1
