"""The first page is not made again while nothing has changed, and never shown when something has."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.models import Dispute, Installment, Loan, Partner, Payment, Report
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.acknowledgement import acknowledge
from notifications.models import Delivery, Prompt
from notifications.tests.factories import NOON
from portal.pages import home as page_of_home
from portal.tests.people import day, make_payment, sign_in, tell, wait_for_bank

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HOME = reverse("home")
PART = {"HX-Request": "true"}


def tag_of(page: Client) -> str:
    response = page.get(HOME)
    assert response.status_code == 200
    return str(response["ETag"])


def again(page: Client, tag: str) -> int:
    return page.get(HOME, headers={"If-None-Match": tag}).status_code


def part_again(page: Client) -> str:
    """Where the page asks whether there is news."""
    found = re.search(r'hx-get="([^"]+)"', page.get(HOME).content.decode())
    assert found
    return found[1].replace("&amp;", "&")


@pytest.fixture
def told(loan: Loan) -> Prompt:
    """What is on the page at first: a message about what is due in three days, another payment, a loan beside it."""
    make_installment(loan, due_on=day(33))
    make_loan(loan.borrower)
    return tell(make_installment(loan, due_on=day(3)))


@pytest.mark.usefixtures("told")
def test_while_nothing_changes_the_page_is_not_made_again(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    tag, part = tag_of(page), part_again(page)
    monkeypatch.setattr(page_of_home, "read_overview", lambda *_args, **_more: pytest.fail("it was made"))
    response = page.get(HOME, headers={"If-None-Match": tag})
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)
    assert response["Cache-Control"] == "private, no-cache"
    assert page.get(part, headers=PART).status_code == 204


@pytest.mark.usefixtures("told")
def test_finding_that_out_takes_one_query(page: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tag, part = tag_of(page), part_again(page)
    with django_assert_num_queries(1):
        assert again(page, tag) == 304
    with django_assert_num_queries(1):
        assert page.get(part, headers=PART).status_code == 204


def pay(told: Prompt) -> None:
    assert told.installment
    wait_for_bank(told.installment, paid_on=day(0))


def settle(told: Prompt) -> None:
    Installment.objects.filter(prompts=told).update(state="settled", paid=100, outstanding=0)


def pay_in_part(told: Prompt) -> None:
    Installment.objects.filter(prompts=told).update(paid=Decimal("0.01"), outstanding=Decimal("99.99"))


def move_the_day(told: Prompt) -> None:
    Installment.objects.filter(prompts=told).update(due_on=day(4))


def plan_another(told: Prompt) -> None:
    make_installment(told.loan, due_on=day(20))


def give_a_loan(told: Prompt) -> None:
    make_loan(told.borrower)


def book_elsewhere(told: Prompt) -> None:
    installment = told.loan.installments.exclude(prompts=told).get()
    make_payment(installment, Payment.Status.SETTLED, paid_on=day(-1), booked_on=day(0))


def hear_the_bank(told: Prompt) -> None:
    heard = {"kind": Report.Kind.STATEMENT, "name": "a.xml", "content": b"<>", "digest": "1"}
    Report.objects.create(partner=told.loan.bank, received_at=NOON - timedelta(hours=1), **heard)


def open_dispute(told: Prompt) -> None:
    make_dispute(told.loan, installment=told.installment, now=NOON)


def know(told: Prompt) -> None:
    acknowledge(prompt_id=told.pk, method="link", delivery_id=None, now=NOON)


def place_message(told: Prompt) -> None:
    tell(told.loan.installments.exclude(prompts=told).get(), stage=7)


def take_message_back(told: Prompt) -> None:
    Delivery.objects.filter(prompt=told).update(facts=None)


def void(told: Prompt) -> None:
    Prompt.objects.filter(pk=told.pk).update(voided_at=NOON)


def lose_the_phone(told: Prompt) -> None:
    ContactPoint.objects.filter(user=told.borrower, kind="phone").update(unreachable_since=NOON)


def rename_the_bank(told: Prompt) -> None:
    Partner.objects.filter(pk=told.loan.bank_id).update(name="Haven Bank")


def change_how_to_pay(told: Prompt) -> None:
    Partner.objects.filter(loans_sold=told.loan).update(how_to_pay="Otherwise.")


def rename_the_product(told: Prompt) -> None:
    Loan.objects.filter(pk=told.loan.pk).update(product="Another plan")


def change_language(told: Prompt) -> None:
    User.objects.filter(pk=told.borrower_id).update(locale="zh-hans")


def move_away(told: Prompt) -> None:
    User.objects.filter(pk=told.borrower_id).update(time_zone="America/Los_Angeles")


def begin_at_the_desk(told: Prompt) -> None:
    User.objects.filter(pk=told.borrower_id).update(is_staff=True)


CHANGES: list[Callable[[Prompt], Any]] = [
    *(pay, settle, pay_in_part, move_the_day, plan_another, give_a_loan, book_elsewhere, hear_the_bank, open_dispute),
    *(know, place_message, take_message_back, void, lose_the_phone, rename_the_bank, change_how_to_pay),
    *(rename_the_product, change_language, move_away, begin_at_the_desk),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_the_page_shows_turns_its_stamp(page: Client, told: Prompt, change: Callable[[Prompt], Any]) -> None:
    tag, part = tag_of(page), part_again(page)
    change(told)
    assert again(page, tag) == 200
    assert page.get(part, headers=PART).status_code == 200
    assert again(page, tag_of(page)) == 304


@pytest.mark.parametrize(("status", "words"), [("answered", "We have written to you"), ("decided", "")])
def test_a_step_of_a_dispute_turns_it(page: Client, told: Prompt, status: str, words: str) -> None:
    dispute = make_dispute(told.loan, installment=None, now=NOON)
    tag = tag_of(page)
    decided = {"decision": "rejected", "decided_at": NOON, "decided_by": told.borrower} if not words else {}
    Dispute.objects.filter(pk=dispute.pk).update(status=status, **decided)
    assert again(page, tag) == 200
    assert words in page.get(HOME).content.decode()


def test_midnight_of_the_borrower_turns_it() -> None:
    western = make_borrower(time_zone="America/Los_Angeles")
    make_installment(make_loan(western), due_on=day(0))
    page = sign_in(western)
    tag = tag_of(page)
    with time_machine.travel(datetime(2026, 11, 22, 7, 59, tzinfo=UTC), tick=False):
        assert again(page, tag) == 304
    with time_machine.travel(datetime(2026, 11, 22, 8, 0, tzinfo=UTC), tick=False):
        assert again(page, tag) == 200
        assert "Due today" in page.get(HOME).content.decode()


def test_a_message_turns_it_when_its_time_has_come(page: Client, loan: Loan) -> None:
    tell(make_installment(loan, due_on=day(3)), tell_at=NOON + timedelta(hours=1))
    tag = tag_of(page)
    with time_machine.travel(NOON + timedelta(minutes=59), tick=False):
        assert again(page, tag) == 304
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        assert again(page, tag) == 200


def test_the_stamp_of_one_person_is_nobody_elses(page: Client) -> None:
    """Both pages say that there is no loan yet."""
    other = sign_in(make_borrower())
    assert tag_of(page) != tag_of(other)
    assert again(other, tag_of(page)) == 200


def test_the_stamp_of_one_session_is_not_that_of_the_next(page: Client, borrower: User) -> None:
    assert again(sign_in(borrower), tag_of(page)) == 200


def test_a_page_that_says_what_was_just_done_is_kept_by_nobody(page: Client, told: Prompt) -> None:
    page.post(reverse("acknowledge", args=[told.pk]), {"next": HOME})
    thanks = page.get(HOME)
    assert "Thank you. We noted that you know." in thanks.content.decode()
    assert "no-store" in thanks["Cache-Control"]
    assert "ETag" not in thanks
    assert "Thank you." not in page.get(HOME).content.decode()


def test_thanks_are_said_to_a_browser_that_has_the_page(page: Client, told: Prompt) -> None:
    know(told)
    tag = tag_of(page)
    page.post(reverse("acknowledge", args=[told.pk]), {"next": HOME})
    assert again(page, tag) == 200


def test_what_the_page_does_not_show_is_no_news(page: Client, told: Prompt) -> None:
    tag = tag_of(page)
    Prompt.objects.filter(pk=told.pk).update(look_again_at=NOON + timedelta(hours=9))
    make_bank()
    make_loan(make_borrower())
    assert again(page, tag) == 304


def test_signing_out_makes_the_browser_forget_its_pages(page: Client) -> None:
    assert page.post(reverse("account_logout"))["Clear-Site-Data"] == '"cache"'
    assert page.get(HOME).status_code == 302
