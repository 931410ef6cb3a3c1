"""A borrower is found by whatever the agent has before them, quickly."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Dispute
from loans.receipt_numbers import read_receipt_number
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.tests.factories import TODAY
from portal.admin.finding import find_borrowers
from portal.tests.desk import desk_of, make_desk_agent, make_world
from portal.tests.people import make_payment

pytestmark = pytest.mark.django_db
LIST = "admin:accounts_user_changelist"
PHONE, EMAIL = "+8613987654321", "li.ming@example.test"


@pytest.fixture
def desk() -> Client:
    return desk_of(make_desk_agent())


@pytest.fixture
def wanted() -> User:
    """李明 Ann, among others."""
    for _place in range(3):
        make_loan(make_borrower())
    person = User.objects.create_user(EMAIL, phone=PHONE, name="李明 Ann Smith", locale="en")
    for kind, address in (("phone", PHONE), ("email", EMAIL)):
        ContactPoint.objects.create(user=person, kind=kind, address=address, source="partner")
    make_loan(person, external_id="HB-2026-990417")
    return person


def found(desk: Client, typed: str) -> list[User]:
    response = desk.get(reverse(LIST), {"q": typed})
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


@pytest.mark.parametrize(
    "typed",
    [
        "李明",
        "李",
        "ann",
        "Smith 李明",
        "  smith   ann ",
        "an",
        PHONE,
        "13987654321",
        "139 8765 4321",
        "(139) 8765-4321",
        "0086 139 8765 4321",
        "+86 139-8765-4321",
        "86 13987654321",
        "013987654321",
        "4321",
        EMAIL,
        "LI.MING@EXAMPLE.TEST",
        "HB-2026-990417",
        "hb-2026-9904",
        "990417",
    ],
)
def test_each_way_of_typing_finds_the_one_person(desk: Client, wanted: User, typed: str) -> None:
    if typed == "an":
        wanted.name = "Ann Smith"
        wanted.save()
    assert found(desk, typed) == [wanted]


@pytest.mark.parametrize("typed", ["nobody", "999999999", "x@y", "'; DROP TABLE", "%", "٣٤٥٦٧", "+", "00", "–" * 40])
def test_what_fits_nobody_finds_nobody(desk: Client, wanted: User, typed: str) -> None:
    assert found(desk, typed) == []


@pytest.mark.parametrize("spelling", ["{}", " {} ", "lower", "bare", "short"])
def test_a_receipt_number_finds_who_was_given_it_however_it_is_typed(desk: Client, wanted: User, spelling: str) -> None:
    number = make_dispute(wanted.loans.get()).receipt_number
    make_dispute(make_loan(make_borrower()))
    typed = {"lower": number.lower(), "bare": number.replace("-", ""), "short": number[2:].replace("-", " ")}
    assert found(desk, typed.get(spelling, spelling.format(number))) == [wanted]


def test_the_reference_of_a_period_and_the_id_of_a_payment_find_who_paid_under_them(desk: Client, wanted: User) -> None:
    installment = make_installment(wanted.loans.get(), due_on=TODAY, payment_reference="PAY-77-3")
    make_payment(installment, "received", paid_on=TODAY, end_to_end_id="LM0007703")
    assert found(desk, "PAY-77-3") == found(desk, "LM0007703") == [wanted]


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_receipt_number_or_none(typed: str) -> None:
    number = read_receipt_number(typed)
    assert number == "" or (read_receipt_number(number) == number and len(number) == 11)


def test_an_old_number_still_finds_its_owner(desk: Client, wanted: User) -> None:
    ContactPoint.objects.create(
        user=wanted, kind="phone", address="+8613700001111", source="owner", retired_at=wanted.date_joined
    )
    assert found(desk, "137 0000 1111") == [wanted]


@pytest.mark.parametrize("typed", ["020 7946 0958", "2079460958", "+44 20 7946 0958", "0044 2079460958", "0958"])
def test_a_number_of_another_country_is_found_as_people_there_write_it(desk: Client, wanted: User, typed: str) -> None:
    person = make_borrower()
    ContactPoint.objects.filter(user=person, kind="phone").update(address="+442079460958")
    User.objects.filter(pk=person.pk).update(phone="+442079460958")
    assert found(desk, typed) == [person]


def tells_of(person: User, typed: str) -> bool:
    return find_borrowers(User.objects.filter(pk=person.pk), typed).exists()


def test_no_part_of_a_phone_finds_anybody_but_the_one_that_its_mask_shows(wanted: User) -> None:
    digits, national = PHONE.removeprefix("+"), PHONE.removeprefix("+86")
    places = range(len(digits))
    parts = {digits[start : end + 1] for start in places for end in places if end - start >= 2}
    telling = {typed for part in parts for typed in (part, f"+{part}", f"00{part}") if tells_of(wanted, typed)}
    assert telling == {digits, f"+{digits}", f"00{digits}", national, national[-4:], f"+{national[-4:]}"}


def test_no_part_of_an_email_finds_anybody(wanted: User) -> None:
    places = range(len(EMAIL))
    parts = {EMAIL[start : end + 1] for start in places for end in places} - {EMAIL}
    assert [part for part in parts if "@" in part and tells_of(wanted, part)] == []


def test_a_number_too_short_to_be_shown_in_part_is_found_as_a_whole_only(desk: Client, wanted: User) -> None:
    ContactPoint.objects.filter(user=wanted, kind="phone").update(address="+4712345")
    User.objects.filter(pk=wanted.pk).update(phone="+4712345")
    assert (found(desk, "2345"), found(desk, "+4712345")) == ([], [wanted])


def test_people_of_the_desk_are_not_borrowers(desk: Client) -> None:
    agent = make_agent()
    assert found(desk, str(agent.email)) == []
    assert found(desk, "") == []


def test_the_list_says_who_cannot_be_reached_and_hides_addresses(desk: Client) -> None:
    world = make_world()
    ContactPoint.objects.filter(kind="phone").update(unreachable_since=world.borrower.date_joined)
    page = desk.get(reverse(LIST)).content.decode()
    assert "phone unreachable" in page
    assert f"+86•••••{str(world.borrower.phone)[-4:]}" in page
    assert not [secret for secret in world.secrets if secret in page]


def test_a_search_costs_as_many_queries_as_one_that_finds_little(desk: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get(reverse(LIST), {"q": "Borrower"})
        return len(queries)

    make_loan(make_borrower())
    few = cost()
    for _place in range(20):
        make_loan(make_borrower())
    assert cost() == few <= 8


@pytest.mark.parametrize("typed", ["李明", "Smith", PHONE, "139 8765 4321", "4321", EMAIL, "990417", "D-7K3M-92QX"])
def test_indexes_can_answer_every_part_of_a_search(wanted: User, typed: str) -> None:
    Dispute.objects.filter(pk=make_dispute(wanted.loans.get()).pk).update(receipt_number="D-7K3M-92QX")
    found = find_borrowers(User.objects.filter(is_staff=False), typed)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a few rows are always read faster one by one
    assert "Seq Scan" not in found.explain()
    assert found.get() == wanted


def test_what_no_database_can_hold_is_refused_politely(desk: Client, wanted: User) -> None:
    response = desk.get(reverse(LIST), {"q": "\x00"})
    assert "Null characters are not allowed." in response.content.decode()
