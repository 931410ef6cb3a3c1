"""The first page: every state, in words; nobody else's loans; the same few queries however much there is."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Dispute, Loan, Payment, PaymentPart, Report
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.acknowledgement import acknowledge
from notifications.tests.factories import NOON
from portal.tests.first_page import HOME, opening, read
from portal.tests.people import day, make_payment, make_settled, sign_in, tell, wait_for_bank

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def test_nobody_sees_it_without_signing_in() -> None:
    response = Client().get(HOME)
    assert response.status_code == 302
    assert reverse("account_login") in response["Location"]


def test_nobody_sees_the_loans_of_another(page: Client) -> None:
    strange = make_installment(make_loan(make_borrower()), due_on=day(3))
    make_payment(strange, Payment.Status.SETTLED, paid_on=day(-1))
    tell(strange)
    shown = read(page)
    assert "No loan here yet" in shown
    assert strange.loan.external_id not in shown
    assert "¥" not in shown


def test_an_agent_without_loans_is_shown_the_way_to_the_desk() -> None:
    agent = make_agent(locale="en")
    assert reverse("admin:index") in sign_in(agent).get(HOME).content.decode()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-1, "Overdue by 1 day "),
        (-2, "Overdue by 2 days"),
        (0, "Due today"),
        (1, "Due tomorrow"),
        (3, "Due in 3 days"),
        (30, "Due in 30 days"),
        (200, "Due in 200 days"),
    ],
)
def test_it_opens_with_what_is_due_next(page: Client, loan: Loan, days: int, words: str) -> None:
    make_installment(loan, due_on=day(days), total=Decimal("1234.56"))
    make_installment(loan, due_on=day(days + 30), total=Decimal("77"))
    shown = opening(page)
    assert words in shown
    assert "¥1,234.56" in shown
    assert f"{loan.product} &nbsp;· {loan.external_id}" in shown
    assert "from Lantern Mall, funded by Harbour Bank" in shown


def test_the_amount_stands_before_everything_but_its_state(page: Client, loan: Loan) -> None:
    make_installment(loan, due_on=day(3))
    assert re.search(r"Due in 3 days\s+To be paid:\s+¥100\.00\s+Wed 25 November", opening(page))


def test_today_is_the_borrowers_own_day() -> None:
    eastern = make_borrower(time_zone="Pacific/Auckland")  # it is 17:00 there
    western = make_borrower(time_zone="America/Los_Angeles")  # it is 20:00 on the day before
    for borrower in (eastern, western):
        make_installment(make_loan(borrower), due_on=day(0))
    assert "Due today" in opening(sign_in(eastern))
    assert "Due tomorrow" in opening(sign_in(western))


def test_what_is_overdue_comes_before_what_is_due(page: Client, borrower: User, loan: Loan) -> None:
    make_installment(loan, due_on=day(1), total=Decimal(10))
    make_installment(make_loan(borrower), due_on=day(-40), total=Decimal(20))
    shown = opening(page)
    assert "Overdue by 40 days" in shown
    assert "¥20.00" in shown


def test_overdue_names_the_number_to_call(page: Client, borrower: User) -> None:
    loan = make_loan(borrower, platform=make_platform(phone="+86 400 555 0123"))
    make_installment(loan, due_on=day(-2))
    body = page.get(HOME).content.decode()
    assert 'href="tel:+864005550123"' in body
    assert "the earlier you do, the more can be done" in body


@pytest.mark.parametrize(("days", "said"), [(-1, True), (0, True), (5, False)])
def test_who_has_just_paid_sees_how_old_the_banks_word_is(page: Client, loan: Loan, days: int, said: bool) -> None:
    make_installment(loan, due_on=day(days))
    heard = {"kind": Report.Kind.STATEMENT, "name": "a.xml", "content": b"<>", "digest": "1"}
    Report.objects.create(partner=loan.bank, received_at=NOON - timedelta(hours=18), **heard)
    words = "Harbour Bank last told us about payments on Sat 21 November, 18:00. A payment made since may not show yet."
    assert (words in opening(page)) is said


def test_what_the_reader_has_answered_stays_said(page: Client, loan: Loan) -> None:
    prompt = tell(make_installment(loan, due_on=day(3)))
    acknowledge(prompt_id=prompt.pk, method="in_app", delivery_id=None, now=NOON)
    assert "You told us on Sun 22 November, 12:00 that you know." in opening(page)


def test_how_to_pay_gives_the_firms_words_and_a_reference_to_copy(page: Client, borrower: User) -> None:
    loan = make_loan(borrower, platform=make_platform(how_to_pay="Tap <Me>.\nThen Bills."))
    installment = make_installment(loan, due_on=day(3))
    body = page.get(HOME).content.decode()
    assert "Tap &lt;Me&gt;.<br>Then Bills." in body
    assert f'<span class="code">{installment.payment_reference}</span>' in body


def test_paid_and_waiting_says_who_has_it_and_until_when(page: Client, borrower: User) -> None:
    loan = make_loan(borrower, bank=make_bank(usual_lag_days=2))
    wait_for_bank(make_installment(loan, due_on=day(0)), paid_on=day(-1))
    shown = opening(page)
    assert "Paid, waiting for the bank" in shown
    expected = (
        "Paid at Lantern Mall on Sat 21 November, awaiting Harbour Bank. The bank usually shows it within 2 days."
    )
    assert expected in shown
    assert "You need not do anything." in shown
    assert "How to pay" not in read(page)


def test_one_day_of_waiting_is_one_day(page: Client, loan: Loan) -> None:
    wait_for_bank(make_installment(loan, due_on=day(0)), paid_on=day(0))
    assert "usually shows it within 1 day." in opening(page)


def test_waiting_longer_than_usual_leads_to_a_person(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=day(-5))
    wait_for_bank(installment, paid_on=day(-6))
    assert "This takes longer than usual. You need not pay again" in opening(page)
    assert f"{reverse('dispute_open')}?installment={installment.pk}" in page.get(HOME).content.decode()


def test_what_waits_for_the_bank_steps_back_behind_what_presses(page: Client, loan: Loan) -> None:
    wait_for_bank(make_installment(loan, due_on=day(-1), total=Decimal(50)), paid_on=day(-1))
    make_installment(loan, due_on=day(2), total=Decimal(60))
    shown = read(page)
    assert re.search(r"Due in 2 days\s+To be paid:\s+¥60\.00", shown)
    assert "¥50.00 is on its way" in shown


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            Payment.Status.SETTLED,
            "¥100.00 has arrived Paid on Sat 21 November, booked by Harbour Bank on Sun 22 November",
        ),
        (Payment.Status.RETURNED, "¥100.00 came back You paid on Sat 21 November, and the money was returned."),
    ],
)
def test_the_last_payment_stands_below(page: Client, loan: Loan, status: str, words: str) -> None:
    first = make_installment(loan, due_on=day(-30))
    make_payment(first, Payment.Status.SETTLED, paid_on=day(-31), amount=Decimal(7))
    make_payment(first, status, paid_on=day(-1), booked_on=day(0))
    shown = read(page)
    assert words in shown
    assert "¥7.00" not in shown


def test_part_of_it_paid_is_said(page: Client, loan: Loan) -> None:
    make_installment(loan, due_on=day(3), total=Decimal(500), paid=Decimal(200))
    shown = opening(page)
    assert "¥300.00" in shown
    assert "¥200.00 of ¥500.00 has arrived, ¥300.00 is still to be paid" in shown


def test_what_is_on_its_way_is_said_beside_what_is_asked_for_whatever_payments_it_is_of(
    page: Client, loan: Loan
) -> None:
    one = make_installment(loan, due_on=day(1))
    other = make_installment(loan, due_on=day(31))
    for amount, parts in ((40, {one: 40}), (115, {other: 90, one: 25})):
        payment = make_payment(max(parts, key=parts.__getitem__), "received", paid_on=day(-1), amount=Decimal(amount))
        for installment, part in parts.items():
            PaymentPart.objects.create(
                payment=payment, installment=installment, amount=Decimal(part), since=Decimal(part)
            )
    booked = make_payment(one, Payment.Status.SETTLED, paid_on=day(-9), amount=Decimal(5))
    PaymentPart.objects.create(payment=booked, installment=one, amount=Decimal(5))
    assert "¥65.00 is on its way to Harbour Bank: please do not pay that a second time." in opening(page)


def test_a_dispute_says_by_when_it_is_decided(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=day(-2))
    dispute = make_dispute(loan, installment=installment, now=NOON)
    shown = opening(page)
    assert "You told us something is wrong" in shown
    assert "Reminders that it is late rest until we have decided, by Mon 7 December at the latest." in shown
    assert reverse("dispute", args=[dispute.pk]) in page.get(HOME).content.decode()


def test_a_decided_dispute_is_no_longer_spoken_of(page: Client, loan: Loan, borrower: User) -> None:
    dispute = make_dispute(loan, installment=make_installment(loan, due_on=day(-2)), now=NOON)
    Dispute.objects.filter(pk=dispute.pk).update(
        status="decided", decision="rejected", decided_at=NOON, decided_by=borrower
    )
    assert "Overdue by 2 days" in opening(page)


def test_settled_loans_say_that_nothing_is_to_be_paid(page: Client, loan: Loan) -> None:
    make_settled(loan, due_on=day(-30))
    shown = opening(page)
    assert "Nothing to pay" in shown
    assert "All your loans are settled." in shown


def test_a_calm_page_says_that_there_is_nothing_else_to_do(page: Client, loan: Loan) -> None:
    make_installment(loan, due_on=day(20))
    assert "There is nothing else to do." in read(page)
    make_installment(loan, due_on=day(5))
    assert "There is nothing else to do." not in read(page)


def test_others_within_thirty_days_are_listed_and_later_ones_are_not(page: Client, borrower: User, loan: Loan) -> None:
    for days, total in ((3, 10), (30, 11), (31, 12)):
        make_installment(make_loan(borrower), due_on=day(days), total=Decimal(total))
    others = read(page).split("Also within 30 days")[1].split("Your loans")[0]
    assert "¥11.00" in others
    assert "¥12.00" not in others


def test_an_unreachable_phone_is_shown_masked(page: Client, borrower: User, loan: Loan) -> None:
    make_installment(loan, due_on=day(3))
    phone = ContactPoint.objects.filter(user=borrower, kind="phone")
    phone.update(unreachable_since=NOON - timedelta(days=2))
    shown = read(page)
    assert f"Text messages to {phone.get().masked} have not reached you since Fri 20 November." in shown
    assert phone.get().address not in shown


@pytest.mark.parametrize(
    ("language", "date_words"),
    [("zh-hans", "11月25日（周三）"), ("zh-hant", "11月25日（週三）"), ("en", "Wed 25 November")],
)
def test_money_and_days_read_right_in_each_language(language: str, date_words: str) -> None:
    borrower = make_borrower(locale=language)
    make_installment(make_loan(borrower), due_on=day(3), total=Decimal("12345678.90"))
    response = sign_in(borrower).get(HOME)
    body = response.content.decode()
    assert f'<html lang="{language}">' in body
    assert "¥12,345,678.90" in body
    assert date_words in body


def test_the_year_stands_there_only_when_it_is_another(page: Client, loan: Loan) -> None:
    make_installment(loan, due_on=day(45))
    assert "Wed 6 January 2027" in opening(page)


def test_other_currencies_keep_their_own_digits(page: Client, borrower: User) -> None:
    make_installment(make_loan(borrower, currency="JPY"), due_on=day(3), total=Decimal(98000))
    assert "JP¥98,000 " in opening(page)


def test_it_takes_the_same_query_for_one_loan_and_for_forty(
    page: Client, borrower: User, loan: Loan, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Session, person, and all that the page shows: three for a session that is new to the process, else one."""
    tell(make_installment(loan, due_on=day(3)))
    with django_assert_num_queries(3):
        page.get(HOME)
    with django_assert_num_queries(1):
        page.get(HOME)
    for number in range(39):
        other = make_loan(borrower, product="A machine with a name of well over sixty characters, as some have")
        installment = make_installment(other, due_on=day(number - 10))
        tell(installment, kind="overdue" if number < 10 else "upcoming")
        make_dispute(other, installment=installment, now=NOON)
        wait_for_bank(make_installment(other, due_on=day(number)), paid_on=day(-1))
    with django_assert_num_queries(1):
        response = page.get(HOME)
    assert "more payments" in response.content.decode()


def test_it_is_not_shown_again_unasked_and_not_framed(page: Client) -> None:
    response = page.get(HOME)
    assert response["Cache-Control"] == "private, no-cache"
    assert response["X-Frame-Options"] == "DENY"
    policy = response["Content-Security-Policy"]
    assert "unsafe-" not in policy
    assert "style=" not in response.content.decode()
