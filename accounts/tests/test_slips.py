"""A firm names a wrong phone of its own borrower: whoever holds it reads what is sent there, and can sign in."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.people import Named, Taken, take_borrowers
from accounts.tests.test_people import ALONE, EMAIL, OTHER_PHONE, PHONE, live, named

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    """Of whom the wrong one is on record."""
    named(phone=PHONE, email=EMAIL)
    return named(phone=OTHER_PHONE, email=EMAIL)[0]


def say(user: User, phone: str, **said: Any) -> list[str]:
    """What the firm says of them next; returns the remarks."""
    record = Named(external_id="B-1", name="Lin", phone=phone, email=None, user_id=user.pk, **said)
    [answer] = take_borrowers([record], firm=ALONE)
    assert isinstance(answer, Taken)
    user.refresh_from_db()
    return answer.remarks


def phones(user: User) -> tuple[str | None, str]:
    return user.phone, live(user, "phone")


def test_it_is_taken_back_by_the_firm_that_made_it(user: User) -> None:
    assert say(user, PHONE) == []
    assert phones(user) == (PHONE, PHONE)


def test_it_is_taken_back_once(user: User) -> None:
    """Two records that contradict each other would else turn it with every file."""
    say(user, PHONE)
    say(user, OTHER_PHONE)
    [remark] = say(user, PHONE)
    assert phones(user) == (OTHER_PHONE, OTHER_PHONE)
    assert "replaced by a newer one" in remark


def test_it_is_not_taken_back_by_an_older_word(user: User) -> None:
    assert say(user, PHONE, said_at=timezone.now() - timedelta(days=1)) != []
    assert phones(user) == (OTHER_PHONE, OTHER_PHONE)


def test_it_stays_where_somebody_has_signed_in_by_it(user: User) -> None:
    User.objects.update(last_login=timezone.now())
    assert say(user, PHONE) != []
    assert phones(user) == (OTHER_PHONE, OTHER_PHONE)
