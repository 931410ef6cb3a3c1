"""A firm that names a person before others do, with an address of its choice, reads nothing that they lend."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from accounts.contact_points import confirm_contact_point
from accounts.models import ContactPoint, User
from loans.intake.apply_loans import apply_loans
from loans.intake.news import News
from loans.intake.records import BorrowerRecord
from loans.models import Installment, Loan, Partner, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.histories import loan_record
from loans.tests.pushing import about, make_key, told

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "+8613800138000", "lin@example.test"
EVIL_PHONE, EVIL = "+8613900009999", "evil@example.test"
Keys = dict[str, str]


@pytest.fixture
def keys() -> Keys:
    """Two banks that may push."""
    mallory = Partner.objects.create(code="mallory", kind=Partner.Kind.BANK, name="Mallory Bank")
    return {firm.code: make_key(firm) for firm in (make_bank(), make_platform(), mallory)}


def says(keys: Keys, firm: str, loan: str, **said: Any) -> User:
    """The firm opens the loan for this borrower: whom it comes to lie with."""
    told(firm, keys[firm], about("loan.opened", loan=loan, borrower={"id": "B-1", "name": "Lin", **said}))
    return Loan.objects.get(external_id=loan).borrower


def ways_in(user: User) -> set[str]:
    user.refresh_from_db()
    emails = set(EmailAddress.objects.filter(user=user).values_list("email", flat=True))
    return emails | {address for address in (user.phone, user.email) if address}


@pytest.mark.parametrize("said", [{"phone": PHONE}, {"phone": PHONE, "email": EMAIL}])
def test_its_email_opens_the_account_no_longer_when_another_firm_names_the_phone(said: Any, keys: Keys) -> None:
    first = says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    assert says(keys, "harbour", "LN-1", **said) == first
    assert ways_in(first) == {PHONE}


def test_whoever_has_signed_in_with_that_email_does_not_get_the_loan(keys: Keys) -> None:
    evil = says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    EmailAddress.objects.update(verified=True)
    User.objects.update(last_login=timezone.now())
    victim = says(keys, "harbour", "LN-1", phone=PHONE)
    assert victim != evil
    assert (ways_in(evil), ways_in(victim)) == ({EVIL}, {PHONE})
    assert says(keys, "harbour", "LN-2", phone=PHONE) == victim


def test_an_email_beside_a_phone_that_the_firm_does_not_name_is_no_link_between_them(keys: Keys) -> None:
    evil = says(keys, "mallory", "M-1", phone=EVIL_PHONE, email=EMAIL)
    victim = says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    assert victim != evil
    assert (ways_in(evil), ways_in(victim)) == ({EVIL_PHONE}, {PHONE, EMAIL})


@pytest.mark.parametrize("proved", [{"verified": True}, {"verified": False}])
def test_nor_does_an_email_that_the_firm_does_not_name_open_what_comes_to_who_has_proved_the_phone(
    proved: dict[str, bool], keys: Keys
) -> None:
    first = says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    first.set_password("of whoever holds that email")
    first.save()
    User.objects.update(phone_verified=True, last_login=timezone.now())
    EmailAddress.objects.update(**proved)
    before = User.objects.get().get_session_auth_hash()
    assert says(keys, "harbour", "LN-1", phone=PHONE) == first
    assert ways_in(first) == {PHONE}
    assert not first.has_usable_password()
    assert first.get_session_auth_hash() != before


def test_what_was_added_meanwhile_tells_of_no_later_firms_loans_until_it_is_chosen_again(keys: Keys) -> None:
    first, now = says(keys, "mallory", "M-1", phone=PHONE, email=EVIL), timezone.now()
    User.objects.update(phone_verified=True, last_login=now)
    for kind, address in (("email", "evil2@example.test"), ("push", "browser")):
        confirm_contact_point(user=first, kind=kind, address=address, now=now, chosen=True)
    says(keys, "harbour", "LN-1", phone=PHONE)
    harbour = Partner.objects.get(code="harbour").pk
    live = {point.kind: point for point in ContactPoint.objects.live().filter(user=first)}
    assert {kind for kind, point in live.items() if point.tells_of_loans_of({harbour})} == {"phone"}
    assert set(live) == {"phone", "email"}
    confirm_contact_point(user=first, kind="email", address="evil2@example.test", now=now, chosen=True)
    assert ContactPoint.objects.live().get(kind="email").tells_of_loans_of({harbour})


def test_a_firm_that_has_spoken_of_the_person_before_takes_nothing_away(keys: Keys) -> None:
    first = says(keys, "mallory", "M-1", phone=PHONE)
    assert says(keys, "harbour", "LN-1", phone=PHONE) == first
    User.objects.update(phone_verified=True, last_login=timezone.now(), email=EMAIL)
    EmailAddress.objects.create(user=first, email=EMAIL, verified=True)
    assert says(keys, "mallory", "M-2", phone=PHONE) == first
    assert ways_in(first) == {PHONE, EMAIL}


def test_a_bank_that_a_platform_only_named_has_not_spoken(keys: Keys) -> None:
    named = {"id": "B-1", "name": "Lin", "phone": PHONE, "email": EVIL}
    told("lantern", keys["lantern"], about("loan.opened", loan="M-1", borrower=named, bank="harbour"))
    first = Loan.objects.get().borrower
    assert says(keys, "harbour", "LN-1", phone=PHONE) == first
    assert ways_in(first) == {PHONE}


def test_a_phone_is_never_taken_away_nor_an_email_that_its_owner_has_proved(keys: Keys) -> None:
    first = says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    User.objects.update(phone_verified=True, last_login=timezone.now())
    EmailAddress.objects.update(verified=True)
    assert says(keys, "mallory", "M-1", email=EMAIL) != first
    assert ways_in(first) == {PHONE, EMAIL}
    assert first.contact_points.live().count() == 2


def test_an_email_that_was_added_and_not_confirmed_is_left_alone(keys: Keys) -> None:
    first = says(keys, "harbour", "LN-1", phone=PHONE)
    EmailAddress.objects.create(user=first, email="new@example.test", verified=False)
    assert says(keys, "mallory", "M-1", phone=PHONE) == first
    assert EmailAddress.objects.filter(user=first).count() == 1


def test_two_firms_that_name_the_same_addresses_mean_one_person(keys: Keys) -> None:
    first = says(keys, "mallory", "M-1", phone=PHONE, email=EMAIL)
    assert says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL) == first
    assert ways_in(first) == {PHONE, EMAIL}
    firms = sorted(Partner.objects.exclude(code="lantern").values_list("pk", flat=True))
    assert set(map(tuple, ContactPoint.objects.values_list("named_by", flat=True))) == {tuple(firms)}


def test_a_firm_that_adds_a_second_loan_of_its_own_takes_nothing_away(keys: Keys) -> None:
    first = says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    assert says(keys, "harbour", "LN-2", phone=PHONE) == first
    assert ways_in(first) == {PHONE, EMAIL}


def test_an_address_tells_of_loans_of_the_firms_that_named_it_proved_or_not(keys: Keys) -> None:
    first = says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    says(keys, "harbour", "LN-1", phone=PHONE)
    harbour, mallory = (Partner.objects.get(code=code).pk for code in ("harbour", "mallory"))
    points = {point.kind: point for point in ContactPoint.objects.filter(user=first)}
    assert points["phone"].tells_of_loans_of({harbour})
    assert points["email"].tells_of_loans_of({mallory})
    points["email"].verified_at = timezone.now() - timedelta(days=1)
    assert not points["email"].tells_of_loans_of({harbour})


def test_a_loan_that_a_platform_opened_first_is_whose_the_bank_says(keys: Keys) -> None:
    named = {"id": "B-1", "name": "Lin", "phone": EVIL_PHONE, "email": EVIL}
    told("lantern", keys["lantern"], about("loan.opened", loan="LN-1", borrower=named, bank="harbour"))
    evil = Loan.objects.get().borrower
    victim = says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    assert victim != evil
    assert not Loan.objects.filter(borrower=evil).exists()
    assert ways_in(victim) == {PHONE, EMAIL}
    assert set(Installment.objects.values_list("version", flat=True)) == {2}
    [*_, remark] = Report.objects.latest("pk").remarks
    assert "another borrower than the platform" in remark


@pytest.mark.parametrize("said", [{"phone": PHONE}, {"email": EMAIL}, {"phone": EVIL_PHONE, "email": EMAIL}, {}])
def test_one_of_whom_both_firms_name_an_address_or_the_bank_none_stays(said: dict[str, str], keys: Keys) -> None:
    named = {"id": "B-1", "name": "Lin", "phone": PHONE, "email": EMAIL}
    told("lantern", keys["lantern"], about("loan.opened", loan="LN-1", borrower=named, bank="harbour"))
    first = Loan.objects.get().borrower
    assert says(keys, "harbour", "LN-1", **said) == first
    assert set(Installment.objects.values_list("version", flat=True)) == {1}


def test_a_bank_that_has_spoken_of_the_borrower_corrects_them_and_moves_nothing(keys: Keys) -> None:
    first = says(keys, "harbour", "LN-1", phone=EVIL_PHONE)
    assert says(keys, "harbour", "LN-1", phone=PHONE) == first


def test_and_its_installments_are_new_to_them_where_the_bank_says_no_more_than_who_it_is(keys: Keys) -> None:
    named = {"id": "B-1", "name": "Lin", "phone": EVIL_PHONE}
    told("lantern", keys["lantern"], about("loan.opened", loan="LN-1", borrower=named, bank="harbour"))
    says(keys, "harbour", "LN-2", phone="+8613700000002")
    who = BorrowerRecord("B-1", "Lin", PHONE, None, None, None)
    bare = replace(loan_record(1, [], as_of=None), whole=False, borrower=who)
    with transaction.atomic():
        [news] = apply_loans(Report.objects.latest("pk"), [bare])
    assert isinstance(news, News)
    rows = Installment.objects.filter(loan__external_id="LN-1")
    assert Loan.objects.get(external_id="LN-1").borrower.phone == PHONE
    assert set(rows.values_list("version", flat=True)) == {2}
    assert news.installments == set(rows.values_list("pk", flat=True))
