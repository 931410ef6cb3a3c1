"""What the first page asks of its reader, and how it renews itself."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loans.models import Installment, Loan
from loans.tests.factories import make_installment
from notifications.acknowledgement import acknowledge
from notifications.models import Acknowledgement
from notifications.tests.factories import NOON, make_prompt
from portal.tests.first_page import HOME, opening, read
from portal.tests.people import day, tell, wait_for_bank

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def test_a_message_that_asks_can_be_answered_right_here(page: Client, loan: Loan) -> None:
    prompt = tell(make_installment(loan, due_on=day(3)))
    assert "I know" in opening(page)
    response = page.post(reverse("acknowledge", args=[prompt.pk]), {"next": HOME})
    assert response["Location"] == HOME
    assert Acknowledgement.objects.get().prompt == prompt
    shown = read(page)
    assert "I know" not in shown
    assert "Thank you. We noted that you know." in shown


def test_only_the_latest_message_about_a_payment_asks(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=day(3))
    tell(installment, stage=7, planned_at=NOON - timedelta(days=4))
    latest = tell(installment, stage=3)
    body = page.get(HOME).content.decode()
    assert body.count("I know") == 1
    assert reverse("acknowledge", args=[latest.pk]) in body


@pytest.mark.parametrize("state", ["planned", "not_placed", "answered", "changed"])
def test_what_needs_no_answer_now_does_not_ask(page: Client, loan: Loan, state: str) -> None:
    installment = make_installment(loan, due_on=day(3))
    if state == "not_placed":
        make_prompt(installment)
    else:
        prompt = tell(installment, **({"tell_at": NOON + timedelta(hours=1)} if state == "planned" else {}))
    if state == "answered":
        acknowledge(prompt_id=prompt.pk, method="in_app", delivery_id=None, now=NOON)
    if state == "changed":
        Installment.objects.filter(pk=installment.pk).update(version=2)
    assert "I know" not in read(page)


class TestRefreshing:
    """The part that renews itself."""

    @staticmethod
    def address(body: str) -> str:
        found = re.search(r'hx-get="([^"]+)"', body)
        assert found
        return found.group(1).replace("&amp;", "&")

    def test_without_news_it_answers_that_nothing_changed(self, page: Client, loan: Loan) -> None:
        tell(make_installment(loan, due_on=day(3)))
        response = page.get(self.address(page.get(HOME).content.decode()), headers={"HX-Request": "true"})
        assert response.status_code == 204
        assert response.content == b""

    def test_news_come_as_the_part_alone(self, page: Client, loan: Loan) -> None:
        installment = make_installment(loan, due_on=day(3))
        address = self.address(page.get(HOME).content.decode())
        wait_for_bank(installment, paid_on=day(0))
        response = page.get(address, headers={"HX-Request": "true"})
        body = response.content.decode()
        assert response.status_code == 200
        assert 'data-announce="Paid, waiting for the bank: ¥100.00"' in body
        assert "<html" not in body
        assert page.get(self.address(body), headers={"HX-Request": "true"}).status_code == 204
