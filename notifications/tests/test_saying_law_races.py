"""Two say at the same moment whose law holds, or one does while a firm names another phone: on real connections."""

from functools import partial

import pytest

from accounts.models import User
from accounts.people import Named, take_borrowers
from accounts.register import Firm
from accounts.tests.factories import make_agent, make_borrower
from notifications.models import NoticeEvent
from notifications.saying_law import GUESS, LawNotSaidError, Seen, say_law
from notifications.tests.factories import NOON
from notifications.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def says(borrower: User, law: str, agent: User, seen: Seen) -> str:
    try:
        return say_law(borrower_id=borrower.pk, law=law, reason="a letter", agent=agent, now=NOON, seen=seen)
    except LawNotSaidError:
        return ""


def test_of_two_who_saw_the_same_one_is_refused_and_one_event_says_what_holds() -> None:
    borrower, agent = make_borrower(), make_agent()
    seen = Seen.of(borrower)
    said = at_once(*[partial(says, borrower, law, agent, seen) for law in ("us", "uk", "eu", "us")])
    [law] = filter(None, said)
    borrower.refresh_from_db()
    event = NoticeEvent.objects.get()
    assert (borrower.jurisdiction, event.data["before"], event.data["after"]) == (law, "cn", law)


@pytest.mark.parametrize("number", range(5))
def test_a_guess_beside_an_intake_is_of_the_phone_that_they_have_afterwards(number: int) -> None:
    borrower, agent = make_borrower(email=False, time_zone="Asia/Shanghai?"), make_agent()
    says(borrower, "eu", agent, Seen.of(borrower))
    borrower.refresh_from_db()
    seen = Seen.of(borrower)
    phone = f"+1212555010{number}"
    named = Named(external_id="B-1", name="Lin", phone=phone, email=None, user_id=borrower.pk)

    def intake() -> str:
        return str(take_borrowers([named], firm=Firm(1, lambda people: people)))

    guessed, _taken = at_once(lambda: says(borrower, GUESS, agent, seen), intake)
    borrower.refresh_from_db()
    assert guessed
    assert (borrower.time_zone, borrower.jurisdiction) == ("America/New_York?", "us")
