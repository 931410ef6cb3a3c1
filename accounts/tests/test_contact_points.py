"""Which way to reach a person is in use, and whose word changes it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.contact_points import (
    confirm_contact_point,
    mark_reached,
    mark_unreachable,
    retire_contact_point,
    set_contact_point,
)
from accounts.models import ContactPoint, User
from accounts.models.contact_point import BROWSER

pytestmark = pytest.mark.django_db

OWNER, PARTNER = ContactPoint.Source.OWNER, ContactPoint.Source.PARTNER
EMAIL = ContactPoint.Kind.EMAIL


@pytest.fixture
def person() -> User:
    return User.objects.create_user(name="Lin")


def live(person: User) -> ContactPoint:
    return ContactPoint.objects.live().get(user=person, kind=EMAIL)


def give(person: User, address: str, source: str = PARTNER) -> ContactPoint:
    return set_contact_point(user=person, kind=EMAIL, address=address, source=source)


def test_a_new_address_retires_the_one_before_and_keeps_it(person: User) -> None:
    old = give(person, "old@example.test")
    give(person, "new@example.test")
    old.refresh_from_db()
    assert old.retired_at
    assert live(person).address == "new@example.test"


def test_the_same_address_again_changes_nothing(person: User) -> None:
    assert give(person, "a@example.test").pk == give(person, "a@example.test").pk
    assert ContactPoint.objects.count() == 1


def test_a_partner_does_not_replace_what_the_person_gave(person: User) -> None:
    give(person, "mine@example.test", OWNER)
    assert give(person, "theirs@example.test").address == "mine@example.test"
    assert live(person).address == "mine@example.test"


def test_the_person_replaces_what_a_partner_gave(person: User) -> None:
    give(person, "theirs@example.test")
    give(person, "mine@example.test", OWNER)
    assert live(person).address == "mine@example.test"


def test_a_proof_makes_a_partners_address_the_persons_own(person: User) -> None:
    point = give(person, "a@example.test")
    now = timezone.now()
    mark_unreachable([point.pk], reason="mailbox full", now=now)
    confirm_contact_point(user=person, kind=EMAIL, address="a@example.test", now=now)
    point.refresh_from_db()
    assert (point.source, point.verified_at, point.unreachable_since) == (OWNER, now, None)


def test_a_proof_of_one_address_does_not_replace_another_that_the_person_chose(person: User) -> None:
    give(person, "chosen@example.test", OWNER)
    confirm_contact_point(user=person, kind=EMAIL, address="old@example.test", now=timezone.now())
    assert live(person).address == "chosen@example.test"


def test_a_proof_of_an_address_just_chosen_replaces_the_one_before(person: User) -> None:
    give(person, "chosen@example.test", OWNER)
    confirm_contact_point(user=person, kind=EMAIL, address="new@example.test", now=timezone.now(), chosen=True)
    assert live(person).address == "new@example.test"


def test_unreachable_is_counted_once_and_lifted_by_an_arrival(person: User) -> None:
    point, now = give(person, "a@example.test"), timezone.now()
    assert mark_unreachable([point.pk], reason="x" * 300, now=now) == 1
    assert mark_unreachable([point.pk], reason="again", now=now) == 0
    assert not ContactPoint.objects.reachable().exists()
    assert mark_reached([point.pk]) == 1
    assert ContactPoint.objects.reachable().get() == point


def test_what_the_person_gave_up_is_kept_and_used_no_more(person: User) -> None:
    point, now = give(person, "a@example.test"), timezone.now()
    assert [retire_contact_point(user=person, kind=EMAIL, now=now) for _ in range(2)] == [1, 0]
    point.refresh_from_db()
    assert (point.retired_at, point.unreachable_since) == (now, None)


def test_the_database_keeps_one_live_address_of_a_kind(person: User) -> None:
    give(person, "a@example.test")
    with pytest.raises(IntegrityError, match="contact_point_one_live_a_kind"), transaction.atomic():
        ContactPoint.objects.create(user=person, kind=EMAIL, address="b@example.test", source=OWNER)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+8613800138000", "+86•••••8000"),
        ("lin@example.test", "l•••@example.test"),
        ("@example.test", "•••@example.test"),
        ("12345", "•••"),
        ("browser", "browser"),
    ],
)
def test_an_agent_sees_an_address_masked(address: str, shown: str) -> None:
    assert str(ContactPoint(address=address)) == shown


@pytest.mark.parametrize(("verified", "stays"), [(False, False), (True, True)])
def test_what_another_person_has_proved_to_be_theirs_reaches_nobody_else_who_has_not(
    person: User, verified: bool, stays: bool
) -> None:
    """Phones and addresses change hands: the new holder would read of the former one's debts."""
    former = User.objects.create_user(name="Wang")
    now = timezone.now()
    set_contact_point(
        user=former, kind=EMAIL, address="a@example.test", source=PARTNER, verified_at=now if verified else None
    )
    give(person, "chosen@example.test", OWNER)
    confirm_contact_point(user=person, kind=EMAIL, address="a@example.test", now=now)
    assert ContactPoint.objects.live().filter(user=former).exists() == stays
    confirm_contact_point(user=former, kind=EMAIL, address="a@example.test", now=now)
    assert live(former).address == "a@example.test"


def test_a_devices_contact_point_is_nobody_elses(person: User) -> None:
    other = User.objects.create_user(name="Wang")
    for one in (other, person):
        set_contact_point(user=one, kind=ContactPoint.Kind.PUSH, address=BROWSER, source=OWNER)
    confirm_contact_point(user=person, kind=ContactPoint.Kind.PUSH, address=BROWSER, now=timezone.now())
    assert ContactPoint.objects.live().filter(user=other).exists()


def test_a_proof_that_comes_again_is_the_one_on_record(person: User) -> None:
    first = timezone.now()
    for at in (first, first + timedelta(days=1), first):
        confirm_contact_point(user=person, kind=EMAIL, address="a@example.test", now=at)
    assert live(person).verified_at == first + timedelta(days=1)
