"""Borrowers as partners name them."""

import threading
from collections.abc import Callable, Collection
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.utils import timezone

from accounts.contact_points import set_contact_point
from accounts.models import ContactPoint, User
from accounts.people import NotABorrowerError, find_or_create_borrower, update_borrower
from accounts.register import Firm

ALONE = Firm(1, set)
PHONE, OTHER_PHONE, AMERICAN = "+8613800138000", "+8613900139000", "+12125550123"
EMAIL, OTHER_EMAIL = "lin@example.test", "lin.new@example.test"


def named(**given: Any) -> tuple[User, list[str]]:
    record = {"external_id": "B-1", "name": "Lin", "phone": None, "email": None, "locale": None, "time_zone": None}
    return find_or_create_borrower(**(record | {"firm": ALONE} | given))


def live(user: User, kind: str) -> str:
    return ContactPoint.objects.live().get(user=user, kind=kind).address


@pytest.mark.django_db
class TestANewPerson:
    def test_can_be_reached_and_has_no_password(self) -> None:
        user, remarks = named(phone=PHONE, email="Lin@Example.test", locale="en", time_zone="Asia/Hong_Kong")
        assert remarks == []
        assert (user.name, user.phone, user.email) == ("Lin", PHONE, EMAIL)
        assert (user.locale, user.time_zone) == ("en", "Asia/Hong_Kong")
        assert not user.has_usable_password()
        assert not user.phone_verified
        assert (live(user, "phone"), live(user, "email")) == (PHONE, EMAIL)
        assert set(ContactPoint.objects.values_list("source", "verified_at")) == {("partner", None)}

    def test_has_an_unverified_email_to_sign_in_with(self) -> None:
        user, _ = named(email=EMAIL)
        address = EmailAddress.objects.get(user=user)
        assert (address.email, address.primary, address.verified) == (EMAIL, True, False)

    def test_gets_the_usual_language_and_the_zone_of_their_phone_where_none_is_given(self) -> None:
        user, remarks = named(phone=PHONE)
        assert (user.locale, user.zone.key, user.zone_was_said) == ("zh-hans", "Asia/Shanghai", False)
        assert remarks == []

    def test_without_any_address_is_made_and_remarked(self) -> None:
        user, [nowhere, no_zone] = named()
        assert user.pk
        assert nowhere.startswith("borrower B-1: has neither phone nor email")
        assert no_zone == "borrower B-1: has neither time zone nor phone: the clock of Asia/Shanghai is taken"

    def test_of_a_country_with_several_clocks_is_remarked_once_where_nobody_says_theirs(self) -> None:
        user, [remark] = named(phone=AMERICAN)
        assert (user.jurisdiction, user.zone.key, user.zone_was_said) == ("us", "America/New_York", False)
        assert "told only while it is day on each of its clocks" in remark
        assert named(phone=AMERICAN)[1] == []

    def test_whose_zone_is_said_is_not_remarked(self) -> None:
        user, remarks = named(phone=AMERICAN, time_zone="America/Chicago")
        assert (user.time_zone, user.zone_was_said, remarks) == ("America/Chicago", True, [])


@pytest.mark.django_db
class TestAKnownPerson:
    def test_is_found_by_phone(self) -> None:
        assert named(phone=PHONE)[0] == named(phone=PHONE, email=EMAIL)[0]

    def test_is_found_by_email(self) -> None:
        assert named(email=EMAIL)[0] == named(phone=PHONE, email=EMAIL.upper())[0]

    def test_named_again_stays_as_they_are(self) -> None:
        user, _ = named(phone=PHONE, email=EMAIL, locale="en", time_zone="Asia/Urumqi")
        again, remarks = named(phone=PHONE, email=EMAIL, locale="zh-hant", time_zone="Asia/Tokyo")
        assert (again.pk, remarks) == (user.pk, [])
        assert (again.locale, again.time_zone) == (user.locale, user.time_zone)
        assert (ContactPoint.objects.count(), EmailAddress.objects.count()) == (2, 1)

    def test_gets_the_zone_that_nobody_had_said(self) -> None:
        named(phone=AMERICAN)
        user, _ = named(phone=AMERICAN, time_zone="Pacific/Honolulu")
        assert (user.time_zone, user.jurisdiction) == ("Pacific/Honolulu", "us")
        assert named(phone=AMERICAN, time_zone="America/Chicago")[0].time_zone == "Pacific/Honolulu"

    def test_whose_zone_and_law_were_guessed_without_a_phone_gets_those_of_the_first_one(self) -> None:
        named(email=EMAIL)
        user, _ = named(phone=AMERICAN, email=EMAIL)
        assert (user.zone.key, user.zone_was_said, user.jurisdiction) == ("America/New_York", False, "us")

    def test_gets_what_was_missing(self) -> None:
        named(phone=PHONE, name="")
        user, remarks = named(phone=PHONE, email=EMAIL)
        assert remarks == []
        assert (user.name, user.email, live(user, "email")) == ("Lin", EMAIL, EMAIL)
        assert EmailAddress.objects.get(user=user).primary

    def test_gets_a_corrected_phone_before_the_first_sign_in(self) -> None:
        named(phone=PHONE, email=EMAIL)
        user, remarks = named(phone=OTHER_PHONE, email=EMAIL)
        assert remarks == []
        assert (user.phone, live(user, "phone")) == (OTHER_PHONE, OTHER_PHONE)
        assert User.objects.filter(phone=PHONE).count() == 0

    def test_gets_a_corrected_email_before_the_first_sign_in(self) -> None:
        named(phone=PHONE, email=EMAIL)
        user, _ = named(phone=PHONE, email=OTHER_EMAIL)
        assert (user.email, live(user, "email")) == (OTHER_EMAIL, OTHER_EMAIL)
        assert [address.email for address in EmailAddress.objects.filter(user=user)] == [OTHER_EMAIL]

    def test_under_another_name_is_remarked(self) -> None:
        named(phone=PHONE)
        user, [remark] = named(phone=PHONE, name="Wang")
        assert user.name == "Lin"
        assert "another name" in remark
        assert "Wang" not in remark

    def test_keeps_the_address_they_chose(self) -> None:
        user, _ = named(phone=PHONE, email=EMAIL)
        set_contact_point(user=user, kind="email", address=OTHER_EMAIL, source="owner")
        _, [remark] = named(phone=PHONE, email="third@example.test")
        assert live(user, "email") == OTHER_EMAIL
        assert "gave us another email themselves" in remark

    def test_is_not_turned_back_to_an_address_of_another_firms_naming(self) -> None:
        named(phone=PHONE, email=EMAIL, firm=Firm(2, set))
        named(phone=PHONE, email=OTHER_EMAIL)
        user, [remark] = named(phone=PHONE, email=EMAIL)
        assert (user.email, live(user, "email")) == (OTHER_EMAIL, OTHER_EMAIL)
        assert "replaced by a newer one" in remark

    @pytest.mark.parametrize(
        "signed_in", [{"last_login": timezone.now()}, {"phone_verified": True}, {"password": "argon2$x"}]
    )
    def test_who_has_signed_in_cannot_be_opened_with_another_phone(self, signed_in: dict[str, Any]) -> None:
        user, _ = named(email=EMAIL)
        User.objects.filter(pk=user.pk).update(**signed_in)
        user, [remark] = named(phone=OTHER_PHONE, email=EMAIL)
        assert user.phone is None
        assert live(user, "phone") == OTHER_PHONE
        assert "signs in otherwise" in remark

    def test_who_works_at_the_desk_is_left_alone(self) -> None:
        agent = User.objects.create_user(EMAIL, name="Lin", is_staff=True)
        remarks = update_borrower(agent, external_id="C-1", name="Lin", phone=PHONE, email=EMAIL, firm=ALONE)
        assert agent.phone is None
        assert not ContactPoint.objects.exists()
        assert len(remarks) == 2

    def test_who_works_at_the_desk_is_nobodys_new_borrower(self) -> None:
        User.objects.create_user(EMAIL, name="Lin", is_staff=True)
        with pytest.raises(NotABorrowerError, match="cannot be a borrower's"):
            named(phone=PHONE, email=EMAIL)


@pytest.mark.django_db
def test_whose_borrowers_they_are_is_asked_once_and_only_where_it_decides() -> None:
    asked: list[set[int]] = []

    def nobody(user_ids: Collection[int]) -> set[int]:
        asked.append(set(user_ids))
        return set()

    user, _ = named(phone=PHONE, firm=Firm(1, nobody))
    assert named(phone=PHONE, firm=Firm(1, nobody)) == (user, [])
    assert asked == []
    _, remarks = named(phone=PHONE, email=EMAIL, firm=Firm(1, nobody))
    assert asked == [{user.pk}]
    assert ["the email was not taken" in remark for remark in remarks] == [True]
    assert not ContactPoint.objects.filter(kind="email").exists()


@pytest.mark.django_db
class TestAConflict:
    def test_of_phone_and_email_merges_nobody(self) -> None:
        by_phone, by_email = named(phone=PHONE)[0], named(email=EMAIL)[0]
        user, [remark] = named(phone=PHONE, email=EMAIL)
        assert user == by_phone != by_email
        assert user.email is None
        assert not ContactPoint.objects.filter(user=user, kind="email").exists()
        assert EmailAddress.objects.get().user_id == by_email.pk
        assert "the email belongs to another person" in remark

    def test_with_an_email_that_another_person_confirmed_leaves_it_alone(self) -> None:
        owner = named(phone=OTHER_PHONE)[0]
        EmailAddress.objects.create(user=owner, email=EMAIL, verified=True)
        user, [remark] = named(phone=PHONE, email=EMAIL)
        assert user != owner
        assert "the email belongs to another person" in remark

    def test_says_nothing_of_who_or_what(self) -> None:
        named(phone=PHONE, name="Wang")
        named(email=EMAIL)
        _, remarks = named(phone=PHONE, email=EMAIL)
        assert len(remarks) == 2
        assert not any(word in remark for remark in remarks for word in (PHONE, EMAIL, "Wang", "Lin"))


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("given", [{"phone": PHONE}, {"email": EMAIL}, {"phone": PHONE, "email": EMAIL}])
def test_two_intakes_at_once_make_one_person(given: dict[str, str]) -> None:
    """The second insert waits for the first transaction, which ends only once the second is seen waiting."""
    found: list[User] = []

    def second() -> None:
        try:
            found.append(named(**given)[0])
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        found.append(named(**given)[0])
        thread.start()
        wait_until(is_somebody_waiting)
    thread.join(10)
    assert len(found) == 2
    assert found[0] == found[1] == User.objects.get()
    assert ContactPoint.objects.count() == len(given)
    assert EmailAddress.objects.count() == ("email" in given)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_intakes_that_give_one_email_to_two_people_leave_it_with_one() -> None:
    named(phone=PHONE)
    named(phone=OTHER_PHONE)
    remarks: list[str] = []

    def second() -> None:
        try:
            remarks.extend(named(phone=OTHER_PHONE, email=EMAIL)[1])
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        first, _ = named(phone=PHONE, email=EMAIL)
        thread.start()
        wait_until(is_somebody_waiting)
    thread.join(10)
    assert User.objects.get(email=EMAIL) == first
    assert ["the email belongs to another person" in remark for remark in remarks] == [True]


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask the database until it is so; the test's own time limit is a thousand questions."""
    assert any(condition() for _ in range(1000)), "nobody waits"
