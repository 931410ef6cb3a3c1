"""What a later firm says of a borrower opens nothing of other firms', and moves nothing that the person is told."""

from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.contact_points import set_contact_point
from accounts.models import ContactPoint, User
from loans.intake.reports import receive
from loans.models import Event, Loan, LoanWord, Partner, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.fineract_files import write_json
from loans.tests.intake_files import loan_of
from loans.tests.pushing import about, make_key, told
from loans.tests.test_apply_loans import loan as reported
from loans.tests.test_apply_loans import send as report

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "+8613800138000", "lin@example.test"
EVIL = {"phone": "+8613900009999", "email": "evil@example.test"}
NOT_TAKEN = "has loans of other firms, too: the email was not taken, please ask the person whether it is theirs"
NO_LONGER = "an email that this firm does not name, if there was one, opens the account no longer"
APPLIED, UNCHANGED = (Event.Status.APPLIED, ""), (Event.Status.UNCHANGED, "")
Keys = dict[str, str]


@pytest.fixture
def keys() -> Keys:
    """Two banks and two platforms that may push."""
    other = Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    mallory = Partner.objects.create(code="mallory", kind=Partner.Kind.PLATFORM, name="Mallory Mall")
    return {firm.code: make_key(firm) for firm in (make_bank(), make_platform(), other, mallory)}


def says(keys: Keys, firm: str, loan: str, **said: Any) -> list[tuple[str, str]]:
    """The firm opens the loan for this borrower."""
    bank = said.pop("bank", None)
    named = {"id": "B-1", "name": "Lin", **said}
    return told(firm, keys[firm], about("loan.opened", loan=loan, borrower=named, **({"bank": bank} if bank else {})))


def addresses(user: User) -> dict[str, Any]:
    """All by which they sign in or are reached."""
    user.refresh_from_db()
    points = user.contact_points.order_by("pk").values_list("kind", "address", "retired_at", "verified_at")
    emails = EmailAddress.objects.filter(user=user).values_list("email", "verified")
    return {"phone": user.phone, "email": user.email, "points": list(points), "emails": list(emails)}


def borrower_of(loan: str) -> User:
    return Loan.objects.get(external_id=loan).borrower


@pytest.mark.parametrize(
    ("known", "found_by", "proved"),
    [
        ({"phone": PHONE}, "phone", True),
        ({"phone": PHONE}, "phone", False),
        ({"email": EMAIL}, "email", True),
        ({"email": EMAIL}, "email", False),
    ],
)
def test_a_second_firm_changes_and_adds_no_address(
    known: dict[str, str], found_by: str, proved: bool, keys: Keys
) -> None:
    says(keys, "harbour", "LN-1", **known)
    victim = borrower_of("LN-1")
    if proved:
        User.objects.update(phone_verified="phone" in known)
        EmailAddress.objects.update(verified=True)
    before = addresses(victim)
    said = {**EVIL, found_by: known[found_by]}
    assert says(keys, "other", "X-1", **said) == [APPLIED]
    assert says(keys, "other", "X-1", **said) == [UNCHANGED]
    assert says(keys, "other", "X-1", **EVIL) == [UNCHANGED]
    assert borrower_of("X-1") == victim
    assert addresses(victim) == before


@pytest.mark.parametrize("found_by", ["phone", "email"])
def test_a_second_firm_moves_no_contact_point(found_by: str, keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    victim = borrower_of("LN-1")
    before = addresses(victim)["points"]
    said = {**EVIL, found_by: {"phone": PHONE, "email": EMAIL}[found_by]}
    assert says(keys, "other", "X-1", **said) == [APPLIED]
    assert addresses(victim)["points"] == before
    assert victim.phone == PHONE


def test_two_loans_in_one_message_make_nobody_the_second_firms_own(keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    before = addresses(borrower_of("LN-1"))["points"]
    named = {"id": "B-1", "name": "Lin", "phone": PHONE, "email": EVIL["email"]}
    events = [about("loan.opened", loan=number, borrower=named) for number in ("X-1", "X-1", "X-2")]
    told("other", keys["other"], *events)
    assert Loan.objects.filter(borrower=borrower_of("LN-1")).count() == 3
    assert addresses(borrower_of("LN-1"))["points"] == before


def test_nor_does_a_second_firms_file(keys: Keys) -> None:
    receive("harbour", Report.Kind.LOANS, "a.json", write_json([loan_of(10)]))
    victim = borrower_of("LN-10")
    before = addresses(victim)["points"]
    outcome = receive("other", Report.Kind.LOANS, "b.json", write_json([loan_of(10, email="evil.test")]))
    assert addresses(victim)["points"] == before
    assert Loan.objects.filter(borrower=victim).count() == 2
    assert outcome.remarks == [f"borrower B-5: {NO_LONGER}", f"borrower B-5: {NOT_TAKEN}"]


def test_the_first_firm_cannot_move_them_either_once_there_is_a_second(keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    says(keys, "other", "X-1", phone=PHONE)
    before = addresses(borrower_of("LN-1"))
    assert says(keys, "harbour", "LN-1", phone=EVIL["phone"], email=EMAIL) == [UNCHANGED]
    assert addresses(borrower_of("LN-1")) == before


def test_a_platform_that_claims_a_loan_by_its_number_does_not_get_its_borrower(keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE)
    victim = borrower_of("LN-1")
    before = addresses(victim)
    assert says(keys, "mallory", "LN-1", bank="harbour", phone=PHONE) != []
    assert Loan.objects.get().platform == Partner.objects.get(code="mallory")
    says(keys, "mallory", "M-1", bank="harbour", phone=PHONE, email=EVIL["email"])
    assert borrower_of("M-1") == victim
    assert addresses(victim) == before


@pytest.mark.parametrize("loan", ["LN-1", "LN-2"])
def test_a_bank_corrects_its_only_borrower_before_the_first_sign_in(loan: str, keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    says(keys, "harbour", loan, phone=EVIL["phone"], email=EMAIL)
    user = borrower_of("LN-1")
    assert user.phone == EVIL["phone"]
    assert ContactPoint.objects.live().get(kind="phone").address == EVIL["phone"]
    says(keys, "harbour", loan, phone=EVIL["phone"], email=EVIL["email"])
    user.refresh_from_db()
    assert user.email == EVIL["email"]


def test_a_platform_corrects_its_own_as_long_as_the_bank_has_not_spoken(keys: Keys) -> None:
    says(keys, "lantern", "LN-1", bank="harbour", phone=PHONE, email=EMAIL)
    says(keys, "lantern", "LN-2", bank="harbour", phone=EVIL["phone"], email=EMAIL)
    assert borrower_of("LN-1").phone == EVIL["phone"]
    assert not LoanWord.objects.filter(partner__code="harbour").exists()


@pytest.mark.parametrize("signed_in", [{"last_login": timezone.now()}, {"phone_verified": True}])
def test_who_has_signed_in_is_moved_by_nobody_not_even_their_only_bank(signed_in: dict[str, Any], keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    User.objects.update(**signed_in)
    before = addresses(borrower_of("LN-1"))
    assert says(keys, "harbour", "LN-1", **{**EVIL, "email": EMAIL}) == [UNCHANGED]
    assert says(keys, "harbour", "LN-1", **{**EVIL, "phone": PHONE}) == [UNCHANGED]
    assert addresses(borrower_of("LN-1")) == before
    assert "changes their email themselves" in Report.objects.latest("pk").remarks[0]


def test_a_proved_address_is_moved_by_nobody(keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    user = borrower_of("LN-1")
    set_contact_point(user=user, kind="email", address=EMAIL, source="partner", verified_at=timezone.now())
    before = addresses(user)
    says(keys, "harbour", "LN-1", phone=EVIL["phone"], email=EMAIL)
    says(keys, "harbour", "LN-1", phone=PHONE, email=EVIL["email"])
    assert addresses(user) == before


def test_the_firm_reads_the_same_whether_or_not_the_person_is_known_elsewhere(keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE)
    answers = [says(keys, "other", "X-1", phone=PHONE, email=EVIL["email"])]
    answers += [says(keys, "other", "X-2", phone="+8613700000000", email="new@example.test")]
    assert answers[0] == answers[1]
    assert set(Event.objects.values_list("reason", flat=True)) == {""}


def test_the_desk_reads_what_was_not_taken_without_the_address(keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE)
    says(keys, "other", "X-1", phone=PHONE, email=EVIL["email"])
    [remark] = Report.objects.latest("pk").remarks
    assert remark == f"borrower B-1: {NOT_TAKEN}"


def test_the_only_firm_corrects_its_own_slip_with_a_later_file() -> None:
    bank = make_bank()
    for day, number in (("01", "13800138000"), ("02", "13800138007"), ("03", "13800138000")):
        with time_machine.travel(f"2026-10-{day}T04:00Z", tick=False):
            one = reported(accountNo=day)
            one["client"]["mobileNo"] = number
            report(bank, one)
    user = User.objects.get(name="Chen Yu")
    assert (user.phone, ContactPoint.objects.live().get(user=user, kind="phone").address) == (PHONE, PHONE)
