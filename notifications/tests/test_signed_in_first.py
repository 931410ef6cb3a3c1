"""Who signed in first, by an address of one firm's choice, reads nothing of the next firm's, and locks nobody out."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.tests.gateway import Gateway
from accounts.tests.mailbox import Mailbox
from accounts.verification import confirm_email
from loans.intake.events.catalogue import CATALOGUE
from loans.models import Loan, Partner
from loans.tests.factories import make_bank, make_installment, make_platform
from loans.tests.pushing import about, make_key, told
from notifications.models import Acknowledgement, Delivery, Prompt
from notifications.placing import place
from notifications.planning import plan_upcoming
from notifications.preferences import put_first
from notifications.tests.factories import NOON, TODAY, clock

pytestmark = pytest.mark.django_db
PHONE, EMAIL = "+8613800138000", "lin@example.test"
EVIL_PHONE, EVIL, EVIL2 = "+8613900009999", "evil@example.test", "evil2@example.test"
PASSWORD = "walnut-harbour-9"
Keys = dict[str, str]


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid4()}"}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def keys() -> Keys:
    mallory = Partner.objects.create(code="mallory", kind=Partner.Kind.BANK, name="Mallory Bank")
    mall = Partner.objects.create(code="mall", kind=Partner.Kind.PLATFORM, name="Mallory Mall")
    return {firm.code: make_key(firm) for firm in (make_bank(), make_platform(), mallory, mall)}


def says(keys: Keys, firm: str, loan: str, bank: str = "", **said: Any) -> User:
    named = {"id": "B-1", "name": "Lin", "locale": "en", **said}
    told(firm, keys[firm], about("loan.opened", loan=loan, borrower=named, **({"bank": bank} if bank else {})))
    return whose(loan)


def whose(loan: str, bank: str = "") -> User:
    rows = Loan.objects.filter(external_id=loan)
    return (rows.filter(bank__code=bank) if bank else rows).get().borrower


def by_mail(mailbox: Mailbox, email: str) -> Client:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": email})
    page = client.get(mailbox.last_link())
    client.post(page["Location"], {"password1": PASSWORD, "password2": PASSWORD})
    assert get_user(client).is_authenticated
    return client


def by_code(gateway: Gateway, phone: str) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"phone": phone})
    client.post(reverse("account_confirm_login_code"), {"code": gateway.last_code})
    assert get_user(client).is_authenticated
    return client


def reads(client: Client, loan: str, bank: str = "harbour") -> bool:
    pk = Loan.objects.get(external_id=loan, bank__code=bank).pk
    return client.get(reverse("loan", args=[pk])).status_code == 200


def due(loan: str, bank: str = "harbour") -> None:
    one = Loan.objects.get(external_id=loan, bank__code=bank)
    make_installment(one, number=90, due_on=TODAY + timedelta(days=3))


def addresses_told() -> set[str]:
    return set(Delivery.objects.exclude(address="").values_list("address", flat=True))


# (a) -------------------------------------------------------------------------------------------------


def test_who_signed_in_by_an_email_and_took_it_away_gets_no_later_firms_loan(keys: Keys, mailbox: Mailbox) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    evil.get(reverse("account_email"))
    evil.post(reverse("account_email"), {"action_remove": "", "email": EVIL})
    says(keys, "harbour", "LN-1", phone=PHONE)
    assert not reads(evil, "LN-1")


def test_nor_is_told_of_it_at_an_email_that_they_chose_meanwhile(keys: Keys, mailbox: Mailbox) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    put_first(get_user(evil), "email")  # type: ignore[arg-type]
    evil.get(reverse("account_email"))
    evil.post(reverse("account_email"), {"action_add": "", "email": EVIL2})
    evil.post(mailbox.last_link())
    evil.post(reverse("account_email"), {"action_remove": "", "email": EVIL2})
    says(keys, "harbour", "LN-1", phone=PHONE)
    due("LN-1")
    plan_upcoming(clock())
    assert not addresses_told() & {EVIL, EVIL2}


def test_nor_keeps_their_session_where_the_phones_owner_has_signed_in(
    keys: Keys, mailbox: Mailbox, gateway: Gateway
) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    evil.get(reverse("account_email"))
    evil.post(reverse("account_email"), {"action_remove": "", "email": EVIL})
    by_code(gateway, PHONE)
    says(keys, "harbour", "LN-1", phone=PHONE)
    assert not reads(evil, "LN-1")


def test_nor_says_that_they_know_in_the_borrowers_place(keys: Keys, mailbox: Mailbox) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    evil.get(reverse("account_email"))
    evil.post(reverse("account_email"), {"action_remove": "", "email": EVIL})
    says(keys, "harbour", "LN-1", phone=PHONE)
    due("LN-1")
    plan_upcoming(clock())
    place(clock=lambda: NOON, longest=5)
    prompt = Prompt.objects.get(installment__loan__external_id="LN-1")
    evil.post(reverse("acknowledge", args=[prompt.pk]))
    assert not Acknowledgement.objects.filter(prompt=prompt).exists()


def test_a_code_for_a_number_that_was_corrected_since_opens_nothing(keys: Keys, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=EVIL_PHONE)
    evil = Client()
    evil.post(reverse("account_login"), {"phone": EVIL_PHONE})
    code = gateway.last_code
    says(keys, "mallory", "M-1", phone=PHONE)
    evil.post(reverse("account_confirm_login_code"), {"code": code})
    says(keys, "harbour", "LN-1", phone=PHONE)
    assert not reads(evil, "LN-1")


def test_nor_once_the_loan_is_there(keys: Keys, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=EVIL_PHONE)
    evil = Client()
    evil.post(reverse("account_login"), {"phone": EVIL_PHONE})
    code = gateway.last_code
    says(keys, "mallory", "M-1", phone=PHONE)
    says(keys, "harbour", "LN-1", phone=PHONE)
    evil.post(reverse("account_confirm_login_code"), {"code": code})
    assert not reads(evil, "LN-1")


def test_of_two_who_have_signed_in_the_later_firms_stays(keys: Keys, mailbox: Mailbox, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    by_code(gateway, PHONE)
    says(keys, "harbour", "LN-1", phone=PHONE)
    assert not reads(evil, "LN-1")


def test_a_bank_that_a_platform_named_for_its_own_loan_is_a_later_firm_too(keys: Keys, mailbox: Mailbox) -> None:
    says(keys, "mall", "M-1", bank="harbour", phone=PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    says(keys, "harbour", "LN-1", phone=PHONE)
    assert not reads(evil, "LN-1")


def test_a_link_that_was_mailed_before_adds_no_way_in_after(keys: Keys, mailbox: Mailbox, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    evil.get(reverse("account_email"))
    evil.post(reverse("account_email"), {"action_add": "", "email": EVIL2})
    link = mailbox.last_link()
    by_code(gateway, PHONE)
    says(keys, "harbour", "LN-1", phone=PHONE)
    Client().post(link)
    try:
        again = by_mail(mailbox, EVIL2)
    except (AssertionError, KeyError):
        return
    assert not reads(again, "LN-1")


def test_a_password_that_was_being_set_meanwhile_brings_nothing_back(keys: Keys) -> None:
    stale = says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    victim = says(keys, "harbour", "LN-1", phone=PHONE)
    get_adapter().set_password(stale, PASSWORD)
    confirm_email(stale)
    victim.refresh_from_db()
    assert victim.email is None


def test_an_email_that_was_corrected_does_not_come_back(keys: Keys, mailbox: Mailbox, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    says(keys, "mallory", "M-1", phone=PHONE, email=EMAIL)
    user = says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    victim = by_code(gateway, PHONE)
    victim.get(reverse("account_email"))
    victim.post(reverse("account_email"), {"action_remove": "", "email": EMAIL})
    user.refresh_from_db()
    assert user.email != EVIL


def test_a_phone_that_was_proved_before_the_firm_names_it_tells_of_its_loans(keys: Keys, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=PHONE)
    by_code(gateway, PHONE)
    says(keys, "harbour", "LN-1", phone=PHONE)
    due("LN-1")
    plan_upcoming(clock())
    assert addresses_told() == {PHONE}


def test_a_firms_second_loan_takes_nothing_away(keys: Keys, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=PHONE)
    by_code(gateway, PHONE)
    says(keys, "harbour", "LN-1", phone=PHONE)
    victim = whose("LN-1")
    User.objects.filter(pk=victim.pk).update(email=EMAIL)
    EmailAddress.objects.create(user=victim, email=EMAIL, verified=True, primary=True)
    says(keys, "harbour", "LN-2", phone=PHONE)
    victim.refresh_from_db()
    assert victim.email == EMAIL


def test_an_address_of_which_nobody_noted_who_named_it_goes_on_telling(keys: Keys) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE)
    ContactPoint.objects.update(named_by=[])  # as migration 0007 leaves it
    says(keys, "mallory", "M-1", phone=PHONE)
    due("LN-1")
    plan_upcoming(clock())
    assert addresses_told() == {PHONE}


def test_an_email_that_its_owner_has_proved_is_not_taken_by_a_later_firm(keys: Keys, mailbox: Mailbox) -> None:
    """The phone on file is an old one; they sign in by email. A firm that knows that email alone is enough."""
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    victim = by_mail(mailbox, EMAIL)
    assert reads(victim, "LN-1")
    says(keys, "mallory", "M-1", phone=EVIL_PHONE, email=EMAIL)
    again = by_mail(mailbox, EMAIL)
    assert reads(again, "LN-1")


def test_who_signed_in_by_email_stays_so_where_a_later_firm_names_their_phone(keys: Keys, mailbox: Mailbox) -> None:
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    victim = by_mail(mailbox, EMAIL)
    says(keys, "mallory", "M-1", phone=PHONE)
    assert reads(victim, "LN-1")


def test_who_was_signed_out_by_it_is_not_answered_that_there_is_no_news(keys: Keys, gateway: Gateway) -> None:
    says(keys, "mallory", "M-1", phone=PHONE, email=EVIL)
    victim = by_code(gateway, PHONE)
    found = re.search(r'hx-get="([^"]+)"', victim.get("/").content.decode())
    assert found
    question = found[1].replace("&amp;", "&")
    victim.get("/")
    assert victim.get(question).status_code == 204
    says(keys, "harbour", "LN-1", phone=PHONE)
    assert victim.get(question).status_code == 302


def test_a_platform_that_opens_the_banks_next_number_first_does_not_choose_its_reader(
    keys: Keys, mailbox: Mailbox, gateway: Gateway
) -> None:
    says(keys, "mall", "LN-1", bank="harbour", phone=EVIL_PHONE, email=EVIL)
    evil = by_mail(mailbox, EVIL)
    says(keys, "harbour", "LN-1", phone=PHONE, email=EMAIL)
    assert not reads(evil, "LN-1")
    assert reads(by_code(gateway, PHONE), "LN-1")


def test_and_the_one_whom_the_bank_names_is_told_as_if_nobody_had_been(keys: Keys) -> None:
    first = CATALOGUE["loan.opened", 1].example["schedule"][0]
    schedule = [{**first, "due_on": (TODAY + timedelta(days=3)).isoformat()}]
    evil, lin = ({"id": "B-1", "name": "Lin", "phone": phone} for phone in (EVIL_PHONE, PHONE))
    told("mall", keys["mall"], about("loan.opened", loan="LN-1", bank="harbour", schedule=schedule, borrower=evil))
    plan_upcoming(clock())
    Delivery.objects.filter(address=EVIL_PHONE).update(status="delivered", sent_at=NOON, delivered_at=NOON)
    told("harbour", keys["harbour"], about("loan.opened", loan="LN-1", schedule=schedule, borrower=lin))
    plan_upcoming(clock())
    prompts = Prompt.objects.filter(borrower=whose("LN-1"))
    assert [(one.kind, one.version) for one in prompts] == [(Prompt.Kind.UPCOMING, 2)]
    assert addresses_told() == {EVIL_PHONE, PHONE}
