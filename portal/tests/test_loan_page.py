"""The page of one loan: paid, left, next, both firms' words, what was told; only for its borrower."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.disputes import MAX_UNDECIDED_A_LOAN, decide
from loans.models import Installment, Loan, Partner, Payment, PaymentPart, Position, Report
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.acknowledgement import acknowledge
from notifications.models import Delivery, Prompt
from notifications.tests.factories import NOON, make_delivery, make_prompt, make_receipt
from portal.tests.people import day, make_payment, make_settled, sign_in, tell, wait_for_bank

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def read(page: Client, loan: Loan) -> str:
    """What there is to read, in one line."""
    response = page.get(reverse("loan", args=[loan.pk]))
    assert response.status_code == 200
    main = response.content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def say(installment: Installment, partner: Partner, status: str, as_of: datetime) -> Position:
    report = Report.objects.create(
        partner=partner, kind=Report.Kind.LOANS, name="a.json", content=b"{}", digest=f"{as_of}", received_at=as_of
    )
    paid = installment.total if status == "paid" else Decimal(0)
    return Position.objects.create(
        installment=installment, partner=partner, status=status, paid=paid, as_of=as_of, report=report
    )


@pytest.mark.parametrize("who", ["another borrower", "an agent"])
def test_it_is_not_there_for_anyone_else(loan: Loan, who: str) -> None:
    stranger = make_borrower() if who == "another borrower" else make_agent(is_superuser=True)
    response = sign_in(stranger).get(reverse("loan", args=[loan.pk]))
    assert response.status_code == 404
    assert loan.external_id not in response.content.decode()


def test_nobody_sees_it_without_signing_in(loan: Loan) -> None:
    response = Client().get(reverse("loan", args=[loan.pk]))
    assert response.status_code == 302
    assert reverse("account_login") in response["Location"]


def test_a_loan_that_does_not_exist_is_not_there(page: Client) -> None:
    assert page.get(reverse("loan", args=[9_000_000_000_000_000])).status_code == 404
    assert page.get("/loans/99999999999999999999999/").status_code == 404


def test_it_says_what_is_paid_what_is_left_and_what_comes_next(page: Client, loan: Loan) -> None:
    make_settled(loan, due_on=day(-30))
    make_installment(loan, due_on=day(5), total=Decimal(500), paid=Decimal(200))
    make_installment(loan, due_on=day(35), total=Decimal(500), state=Installment.State.WITHDRAWN)
    shown = read(page, loan)
    assert "Paid so far ¥300.00" in shown
    assert "Left to pay ¥300.00" in shown
    assert re.search(r"Next ¥300\.00 Fri 27 November Due in 5 days", shown)
    assert "¥200.00 of ¥500.00 has arrived, ¥300.00 is still to be paid" in shown


def test_the_squares_have_a_twin_in_words(page: Client, loan: Loan) -> None:
    make_settled(loan, due_on=day(-60))
    make_settled(loan, due_on=day(-30))
    wait_for_bank(make_installment(loan, due_on=day(-1)), paid_on=day(-1))
    make_installment(loan, due_on=day(-1))
    make_installment(loan, due_on=day(3))
    make_installment(loan, due_on=day(33))
    body = page.get(reverse("loan", args=[loan.pk])).content.decode()
    squares = body.split('class="squares"')[1].split("</div>")[0]
    keys = re.findall(r'class="square (\w+)"', squares)
    assert keys == ["settled", "settled", "awaiting_bank", "overdue", "due_soon", "planned"]
    shown = read(page, loan)
    for words in ("2 paid", "1 waiting for the bank", "1 overdue", "1 due within 7 days", "1 to come"):
        assert words in shown


def test_long_schedules_fold_their_paid_start_and_their_far_end(page: Client, loan: Loan) -> None:
    for number in range(12):
        make_settled(loan, due_on=day(-30 * (12 - number)))
    for number in range(12):
        make_installment(loan, due_on=day(30 * number + 3))
    shown = read(page, loan)
    assert "11 earlier payments" in shown
    assert "8 later payments" in shown
    body = page.get(reverse("loan", args=[loan.pk])).content.decode()
    assert [int(number) for number in re.findall(r'id="payment-(\d+)"', body)] == list(range(1, 25))


def test_a_loan_without_a_schedule_says_so(page: Client, loan: Loan) -> None:
    assert "Harbour Bank has not sent the schedule yet." in read(page, loan)


def test_a_settled_loan_says_what_was_paid(page: Client, loan: Loan) -> None:
    make_settled(loan, due_on=day(-30))
    assert "This loan is settled. You paid ¥100.00." in read(page, loan)


def test_both_firms_words_stand_side_by_side_where_they_differ(page: Client, borrower: User) -> None:
    loan = make_loan(borrower, bank=make_bank(usual_lag_days=3))
    installment = make_installment(loan, due_on=day(0))
    wait_for_bank(installment, paid_on=day(-1))
    say(installment, make_bank(), "due", NOON - timedelta(hours=30))
    say(installment, make_platform(), "paid", NOON - timedelta(hours=20))
    shown = read(page, loan)
    assert "The two firms do not say the same about payment 1" in shown
    assert re.search(r"Lantern Mall Paid as of Sat 21 November, 16:00 Harbour Bank To be paid as of Sat 21", shown)
    assert "Harbour Bank usually shows a payment within 3 days of Lantern Mall." in shown
    assert f"{reverse('dispute_open')}?installment={installment.pk}" in page.get(f"/loans/{loan.pk}/").content.decode()


def test_a_bank_that_has_said_nothing_yet_is_said_to(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=day(0))
    say(installment, make_platform(), "paid", NOON)
    assert "Harbour Bank Has not said anything yet" in read(page, loan)


@pytest.mark.parametrize(("hours", "differ"), [(1, True), (-1, False)])
def test_a_platform_differs_only_where_it_spoke_after_the_bank(
    page: Client, loan: Loan, hours: int, differ: bool
) -> None:
    installment = make_settled(loan, due_on=day(-3))
    say(installment, make_bank(), "paid", NOON - timedelta(days=1))
    say(installment, make_platform(), "due", NOON - timedelta(days=1) + timedelta(hours=hours))
    assert ("do not pay twice" in read(page, loan)) is differ


def test_where_both_say_the_same_nothing_is_said_of_it(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=day(0))
    for partner in (make_bank(), make_platform()):
        say(installment, partner, "due", NOON)
    assert "do not say the same" not in read(page, loan)


def test_what_was_told_shows_every_level_of_proof(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=day(3))
    prompt = make_prompt(installment)
    rows = {
        Delivery.Channel.SMS: {"status": "delivered", "sent_at": NOON, "delivered_at": NOON},
        Delivery.Channel.EMAIL: {"status": "sent", "sent_at": NOON},
        Delivery.Channel.IN_APP: {"status": "sent", "sent_at": NOON},
    }
    made = {channel: make_delivery(prompt, channel, **fields) for channel, fields in rows.items()}
    email, in_app = made[Delivery.Channel.EMAIL], made[Delivery.Channel.IN_APP]
    shown = read(page, loan)
    assert re.search(r"SMS to \+86•••••\d{4}: Delivered Sun 22 November, 12:00", shown)
    assert re.search(r"Email to b•••@example\.test: Handed over Sun 22", shown)
    assert "Message in this portal: Not opened yet" in shown
    make_receipt(email, "accepted")
    assert "Accepted on the way to you" in read(page, loan)
    Delivery.objects.filter(pk=in_app.pk).update(seen_at=NOON)
    assert "Message in this portal: Opened" in read(page, loan)
    acknowledge(prompt_id=prompt.pk, method="in_app", delivery_id=None, now=NOON)
    assert "Message in this portal: You told us that you know" in read(page, loan)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "queued"}, "Planned"),
        ({"status": "retrying"}, "Planned"),
        ({"status": "unconfirmed", "sent_at": NOON}, "Handed over, arrival not confirmed"),
        ({"status": "failed", "claimed_at": NOON}, "Not delivered"),
        ({"status": "cancelled"}, "Not sent: not needed any more"),
    ],
)
def test_what_did_not_arrive_is_said_as_well(page: Client, loan: Loan, fields: dict[str, object], words: str) -> None:
    make_delivery(make_prompt(make_installment(loan, due_on=day(3))), Delivery.Channel.SMS, **fields)
    assert f": {words}" in read(page, loan)


def test_a_prompt_that_reached_nobody_says_that_a_person_is_on_it(page: Client, loan: Loan) -> None:
    make_prompt(make_installment(loan, due_on=day(3)), status=Prompt.Status.ESCALATED)
    assert "None of these reached you for certain, so a person is on it." in read(page, loan)


def test_what_was_told_about_other_loans_stays_there(page: Client, borrower: User, loan: Loan) -> None:
    tell(make_installment(make_loan(borrower), due_on=day(3)))
    assert "Nothing yet." in read(page, loan)


def test_a_late_feed_is_dated(page: Client, loan: Loan) -> None:
    Report.objects.create(
        partner=loan.bank,
        kind=Report.Kind.STATEMENT,
        name="a.xml",
        content=b"<>",
        digest="1",
        received_at=NOON - timedelta(hours=18),
    )
    assert "Harbour Bank last told us about payments on Sat 21 November, 18:00." in read(page, loan)


def test_a_dispute_about_the_whole_loan_holds_for_each_of_its_payments(page: Client, loan: Loan) -> None:
    make_installment(loan, due_on=day(-3))
    make_dispute(loan, now=NOON)
    shown = read(page, loan)
    assert "You told us so about this loan. We decide by Mon 7 December" in shown
    assert "You told us something is wrong" in shown


def test_money_and_days_read_right_in_chinese(borrower: User, loan: Loan) -> None:
    User.objects.filter(pk=borrower.pk).update(locale="zh-hant")
    make_payment(make_installment(loan, due_on=day(3), total=Decimal("12345678.90")), "settled", paid_on=day(-400))
    shown = read(sign_in(User.objects.get(pk=borrower.pk)), loan)
    assert "¥12,345,678.90" in shown
    assert "11月25日（週三）" in shown
    assert "2025年10月18日（週六）" in shown


def test_it_takes_the_same_eleven_queries_for_a_short_loan_and_a_long_one(
    page: Client, loan: Loan, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Session and person, then nine."""
    agent = make_agent()
    tell(make_installment(loan, due_on=day(3)), "sms")
    with django_assert_num_queries(11):
        page.get(reverse("loan", args=[loan.pk]))
    for number in range(40):
        installment = make_installment(loan, due_on=day(number + 4))
        tell(installment, "sms", "email")
        say(installment, make_bank(), "due", timezone.now() - timedelta(seconds=number))
        say(installment, make_platform(), "paid", timezone.now() - timedelta(seconds=number, hours=1))
        make_payment(installment, Payment.Status.SETTLED, paid_on=day(-number))
        dispute = make_dispute(loan, installment=installment, now=NOON)
        if number >= MAX_UNDECIDED_A_LOAN - 1:
            decide(dispute=dispute, agent=agent, decision="upheld", words="Yes.", now=NOON)
    with django_assert_num_queries(11):
        page.get(reverse("loan", args=[loan.pk]))


def test_the_part_that_renews_itself_answers_only_with_news(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=day(3))

    def asks_for(body: str) -> str:
        found = re.search(r'hx-get="([^"]+)"', body)
        assert found
        return found.group(1).replace("&amp;", "&")

    address = asks_for(page.get(reverse("loan", args=[loan.pk])).content.decode())
    assert page.get(address).status_code == 204
    wait_for_bank(installment, paid_on=day(0))
    news = page.get(address).content.decode()
    assert "Paid, waiting for the bank" in news
    assert "<html" not in news
    assert page.get(asks_for(news)).status_code == 204


def test_the_part_of_anothers_loan_is_not_there(page: Client) -> None:
    stranger = make_loan(make_borrower())
    assert page.get(reverse("loan", args=[stranger.pk]), {"part": "state"}).status_code == 404


def paid(loan: Loan, amount: int, credit: int = 0, parts: dict[Installment, int] | None = None) -> Payment:
    made = Payment.objects.create(
        loan=loan, amount=Decimal(amount), credit=Decimal(credit), currency=loan.currency, status="settled",
        paid_on=day(-1), booked_on=day(-1),
    )  # fmt: skip
    for installment, share in (parts or {}).items():
        PaymentPart.objects.create(payment=made, installment=installment, amount=Decimal(share))
    return made


def test_a_payment_that_also_pays_ahead_says_what_goes_where(page: Client, loan: Loan) -> None:
    first, second = make_settled(loan, due_on=day(-1)), make_settled(loan, due_on=day(29))
    paid(loan, 200, parts={first: 100, second: 100})
    shown = read(page, loan)
    assert re.search(r"It goes to: Payment 1, due [\w ]+ ¥100\.00 Payment 2, due [\w ]+ ¥100\.00", shown)


def test_more_than_was_owed_stays_the_borrowers_and_is_said(page: Client, loan: Loan) -> None:
    first = make_settled(loan, due_on=day(-1))
    paid(loan, 130, credit=30, parts={first: 100})
    shown = read(page, loan)
    assert f"You paid ¥30.00 more than was owed. {loan.bank.name} keeps it for you." in shown
    assert "¥30.00 of it is more than was owed" in shown


def test_a_payment_for_a_settled_loan_arrived_and_nothing_was_owed(page: Client, loan: Loan) -> None:
    make_settled(loan, due_on=day(-1))
    paid(loan, 100, credit=100)
    assert "¥100.00 has arrived" in read(page, loan)
    assert "Nothing was left to pay when it arrived." in read(page, loan)
