"""The page behind the link in a message: no sign-in, no more than the message, and only its button acknowledges."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.acknowledgement import LINK_LIVES
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Prompt
from notifications.signatures import link_token
from notifications.tests.factories import NOON, facts, make_delivery, make_prompt
from notifications.tests.pages import sign_in, tell, words
from notifications.wording.facts import FactItem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def borrower() -> User:
    return make_borrower(name="Li Xiaoyu")


@pytest.fixture
def delivery(borrower: User) -> Delivery:
    loan = make_loan(borrower, external_id="LN-SECRET-0017")
    prompt = tell(make_installment(loan, due_on=date(2026, 11, 25), total=Decimal("1234.56")), "sms")
    return prompt.deliveries.get(channel=Delivery.Channel.SMS)


def link(delivery: Delivery) -> str:
    return reverse("acknowledge_link", args=[link_token(delivery.pk, NOON + LINK_LIVES)])


def test_it_shows_firm_amount_and_day_and_one_button(delivery: Delivery) -> None:
    shown = words(Client().get(link(delivery)))
    assert "Lantern Mall and Harbour Bank say:" in shown
    assert "¥1,234.56" in shown
    assert "due on Wed 25 November in 3 days" in shown
    assert shown.count("I know") == 1


def test_it_shows_a_stranger_nothing_more(delivery: Delivery) -> None:
    body = Client().get(link(delivery)).content.decode()
    installment = delivery.prompt.installment
    assert installment is not None
    for secret in ("Li Xiaoyu", "LN-SECRET", installment.payment_reference, delivery.address, "borrower"):
        assert secret not in body
    assert "Phone plan ··0017" in body


def test_whoever_is_signed_in_sees_the_same(delivery: Delivery) -> None:
    stranger = sign_in(make_borrower(name="Somebody Else"))
    body = stranger.get(link(delivery)).content.decode()
    assert "Sign out" not in body
    assert "Sign in for more" in body


def test_it_needs_and_sets_no_cookie(delivery: Delivery) -> None:
    client = Client()
    client.get(link(delivery))
    client.post(link(delivery))
    assert not client.cookies


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_it_acknowledges_nothing(delivery: Delivery, method: str) -> None:
    for _ in range(2):
        getattr(Client(), method)(link(delivery))
    delivery.refresh_from_db()
    assert not Acknowledgement.objects.exists()
    assert delivery.prompt.status == Prompt.Status.ACTIVE
    assert delivery.status == Delivery.Status.SENT
    assert (delivery.seen_at is not None) is (method == "get")
    assert NoticeEvent.objects.filter(kind="seen").count() == (1 if method == "get" else 0)


def test_its_button_acknowledges_what_this_message_said(delivery: Delivery) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Origin": "null"})  # as a browser under no-referrer sends it
    response = strict.post(link(delivery))
    assert (response.status_code, response["Location"]) == (303, link(delivery))
    made = Acknowledgement.objects.get()
    assert (made.method, made.delivery, made.amount) == ("link", delivery, Decimal("1234.56"))
    shown = words(Client().get(link(delivery)))
    assert "Thank you, we know that you know" in shown
    assert "You told us on Sun 22 November, 12:00." in shown
    assert "I know" not in shown


def test_pressing_it_again_thanks_again(delivery: Delivery) -> None:
    for _ in range(2):
        assert Client().post(link(delivery)).status_code == 303
    assert Acknowledgement.objects.count() == 1
    assert "Thank you" in words(Client().get(link(delivery)))


@pytest.mark.parametrize(
    ("state", "said"), [("settled", "This is paid already"), ("withdrawn", "This is no longer to be paid")]
)
def test_what_is_done_with_says_so(delivery: Delivery, state: str, said: str) -> None:
    Installment.objects.update(state=state, outstanding=0, paid=Decimal("1234.56"))
    shown = words(Client().get(link(delivery)))
    assert said in shown
    assert "I know" not in shown


def test_of_several_payments_one_paid_and_one_withdrawn_nothing_more_is_to_be_paid(delivery: Delivery) -> None:
    companion = make_prompt(make_installment(make_loan(delivery.prompt.borrower), due_on=date(2026, 11, 25)))
    Prompt.objects.filter(pk=companion.pk).update(told_with=delivery.prompt)
    Installment.objects.update(state="settled", outstanding=0, paid=F("total"))
    Installment.objects.filter(prompts=delivery.prompt_id).update(state="withdrawn", total=0, principal=0, paid=0)
    assert "There is nothing more to pay" in words(Client().get(link(delivery)))


def test_figures_that_changed_are_not_acknowledged(delivery: Delivery) -> None:
    Installment.objects.update(version=2, total=Decimal(900), outstanding=Decimal(900))
    shown = words(Client().get(link(delivery)))
    assert "A later message has taken its place, or it no longer applies" in shown
    assert "1,234.56" not in shown
    assert "900" not in shown
    assert "I know" not in shown


def test_a_telling_without_facts_offers_to_sign_in(borrower: User) -> None:
    bare = make_delivery(make_prompt(make_installment(make_loan(borrower), due_on=date(2026, 11, 25))), facts=None)
    assert "Sign in to read it." in words(Client().get(link(bare)))
    assert Client().post(link(bare)).status_code == 303
    assert not Acknowledgement.objects.exists()


def test_an_old_link_is_gone_and_says_what_to_do(delivery: Delivery) -> None:
    old = reverse("acknowledge_link", args=[link_token(delivery.pk, NOON - timedelta(seconds=1))])
    for response in (Client().get(old), Client().post(old)):
        assert response.status_code == 410
        assert "This link is too old" in words(response)
        assert reverse("account_login") in response.content.decode()
        assert "1,234.56" not in response.content.decode()
    assert not Acknowledgement.objects.exists()


@pytest.mark.parametrize("change", ["cut", "turned", "nonsense"])
def test_an_altered_link_is_not_there_and_says_what_to_do(delivery: Delivery, change: str) -> None:
    token = link_token(delivery.pk, NOON + LINK_LIVES)
    altered = {"cut": token[:-4], "turned": ("B" if token[0] == "A" else "A") + token[1:], "nonsense": "k'é%00"}[change]
    address = reverse("acknowledge_link", args=[altered])
    for response in (Client().get(address), Client().post(address)):
        assert response.status_code == 404
        assert "This link is not complete" in words(response)
    assert not Acknowledgement.objects.exists()


def test_a_link_to_a_telling_that_is_not_there_is_not_there(delivery: Delivery) -> None:
    token = link_token(delivery.pk + 1000, NOON + LINK_LIVES)
    assert Client().get(reverse("acknowledge_link", args=[token])).status_code == 404


def test_neither_the_address_nor_the_page_is_kept_or_passed_on(delivery: Delivery) -> None:
    old = reverse("acknowledge_link", args=[link_token(delivery.pk, NOON - timedelta(days=1))])
    for response in (Client().get(link(delivery)), Client().post(link(delivery)), Client().get(old)):
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]
        assert "noindex" in response["X-Robots-Tag"]


@pytest.mark.parametrize(
    ("locale", "asked", "shown_in"),
    [("zh-hans", "", "zh-hans"), ("zh-hant", "", "zh-hant"), ("zh-hans", "en", "en"), ("en", "xx", "en")],
)
def test_it_speaks_the_readers_language_and_lets_them_choose(locale: str, asked: str, shown_in: str) -> None:
    loan = make_loan(make_borrower(locale=locale))
    prompt = tell(make_installment(loan, due_on=date(2026, 11, 25)), "sms")
    delivery = prompt.deliveries.get(channel=Delivery.Channel.SMS)
    response = Client().get(link(delivery), {"language": asked} if asked else {}, headers={"Accept-Language": "fr"})
    assert f'<html lang="{shown_in}">' in response.content.decode()
    assert response["Content-Language"] == shown_in
    day = {"zh-hans": "11月25日（周三）", "zh-hant": "11月25日（週三）", "en": "Wed 25 November"}[shown_in]
    assert day in words(response)


def test_the_day_is_counted_in_the_borrowers_zone() -> None:
    loan = make_loan(make_borrower(time_zone="America/Los_Angeles"))  # still the 21st there
    delivery = tell(make_installment(loan, due_on=date(2026, 11, 22)), "sms", stage=1).deliveries.get(channel="sms")
    assert "due on Sun 22 November tomorrow" in words(Client().get(link(delivery)))


def test_it_names_each_of_several_payments_and_what_may_be_reported() -> None:
    delivery = make_delivery(make_prompt(), status="sent", sent_at=NOON)
    several = (FactItem("Phone ··0017", Decimal(100), "", 1), FactItem("Kitchen ··0061", Decimal(250), "", 2))
    told = facts(delivery.prompt)._replace(amount=Decimal(350), items=several, report_on=date(2026, 12, 20))
    Delivery.objects.filter(pk=delivery.pk).update(facts=told.as_json())
    shown = words(Client().get(link(delivery)))
    assert "¥350.00" in shown
    assert "for these payments together: Phone ··0017: ¥100.00 Kitchen ··0061: ¥250.00" in shown
    assert "may report it to a credit bureau, but not before Sun 20 December" in shown
