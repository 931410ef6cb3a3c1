"""The inbox and one message: theirs alone, as it was told, and one button."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment, Loan
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Prompt
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt
from notifications.tests.pages import sign_in, tell, words
from notifications.views.messages import PAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
INBOX = reverse("messages")
DUE = date(2026, 11, 25)


@pytest.fixture
def loan(borrower: User) -> Loan:
    return make_loan(borrower)


@pytest.fixture
def prompt(loan: Loan) -> Prompt:
    return tell(make_installment(loan, due_on=DUE, total=Decimal("1234.56")), "sms")


@pytest.fixture
def page(borrower: User) -> Client:
    return sign_in(borrower)


def url(prompt: Prompt) -> str:
    return reverse("message", args=[prompt.pk])


def answer_url(prompt: Prompt) -> str:
    return reverse("acknowledge", args=[prompt.pk])


def in_app(prompt: Prompt) -> Delivery:
    return prompt.deliveries.get(channel=Delivery.Channel.IN_APP)


class TestWhoSeesIt:
    def test_nobody_without_signing_in(self, prompt: Prompt) -> None:
        for address in (INBOX, url(prompt)):
            assert reverse("account_login") in Client().get(address)["Location"]
        assert reverse("account_login") in Client().post(answer_url(prompt))["Location"]
        assert not Acknowledgement.objects.exists()

    @pytest.mark.parametrize("who", ["another borrower", "an agent"])
    def test_nobody_but_its_borrower(self, prompt: Prompt, who: str) -> None:
        stranger = sign_in(make_borrower() if who == "another borrower" else make_agent(is_superuser=True))
        assert stranger.get(url(prompt)).status_code == 404
        assert stranger.post(answer_url(prompt)).status_code == 404
        assert "1,234.56" not in stranger.get(INBOX).content.decode()
        assert not Acknowledgement.objects.exists()
        assert in_app(prompt).seen_at is None

    def test_another_borrowers_loan_is_no_filter(self, prompt: Prompt) -> None:
        assert sign_in(make_borrower()).get(INBOX, {"loan": prompt.loan.pk}).status_code == 404


class TestInbox:
    def test_it_is_empty_in_words(self, page: Client) -> None:
        assert "Nothing yet. We write to you before a payment is due" in words(page.get(INBOX))

    def test_what_is_only_planned_is_not_in_it(self, page: Client, loan: Loan) -> None:
        make_delivery(make_prompt(make_installment(loan, due_on=DUE)), Delivery.Channel.IN_APP, facts=None)
        assert "Nothing yet." in words(page.get(INBOX))

    def test_it_shows_what_when_and_how_it_went(self, page: Client, prompt: Prompt) -> None:
        shown = words(page.get(INBOX))
        assert "Payment due on Wed 25 November" in shown
        assert prompt.loan.external_id in shown
        assert "SMS: Handed over · In this portal: Not opened yet" in shown
        assert "22 Nov" in shown

    def test_an_old_message_is_listed_under_the_day_that_it_named(self, page: Client, prompt: Prompt) -> None:
        Installment.objects.update(due_on=DUE + timedelta(days=7), version=2)
        assert "Payment due on Wed 25 November" in words(page.get(INBOX))

    def test_it_marks_as_new_what_was_not_opened(self, page: Client, prompt: Prompt) -> None:
        assert "New Payment due on" in words(page.get(INBOX))
        page.get(url(prompt))
        assert "New" not in words(page.get(INBOX)).split("Payment due on")[0]

    def test_what_was_answered_elsewhere_is_not_new(self, page: Client, prompt: Prompt) -> None:
        page.post(answer_url(prompt))
        assert "New" not in words(page.get(INBOX)).split("Payment due on")[0]

    def test_the_newest_comes_first(self, page: Client, loan: Loan) -> None:
        installment = make_installment(loan, due_on=TODAY)
        tell(installment, kind="upcoming", stage=0, planned_at=NOON - timedelta(days=3))
        Installment.objects.update(due_on=TODAY - timedelta(days=1))
        tell(installment, kind="overdue", stage=1)
        shown = words(page.get(INBOX))
        assert shown.index("Payment was due on Sat 21 November") < shown.index("Payment due on Sun 22 November")

    def test_it_keeps_to_one_loan_if_asked(self, page: Client, borrower: User, prompt: Prompt) -> None:
        other = tell(make_installment(make_loan(borrower), due_on=DUE + timedelta(days=1)))
        shown = words(page.get(INBOX, {"loan": other.loan.pk}))
        assert "Payment due on Thu 26 November" in shown
        assert "Payment due on Wed 25 November" not in shown

    @pytest.mark.parametrize("query", [{"loan": "x"}, {"loan": ""}, {"loan": "9" * 400}, {"page": "x"}, {"page": "0"}])
    def test_a_strange_query_shows_it_all(self, page: Client, prompt: Prompt, query: dict[str, str]) -> None:
        assert "Payment due on Wed 25 November" in words(page.get(INBOX, query))

    def test_it_comes_in_pages(self, page: Client, loan: Loan) -> None:
        for number in range(PAGE + 1):
            tell(make_installment(loan, due_on=DUE + timedelta(days=number)))
        first, second = (page.get(INBOX, {"page": number, "loan": loan.pk}) for number in (1, 2))
        assert words(first).count("Payment due on") == PAGE
        assert f"?loan={loan.pk}&amp;page=2" in first.content.decode()
        assert words(second).count("Payment due on") == 1
        assert "Page 2 of 2" in words(second)

    def test_it_takes_the_same_queries_for_one_and_for_many(
        self, page: Client, prompt: Prompt, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        """Session, person; then how many, which, their tellings, the loans, and whether they said "no more"."""
        with django_assert_num_queries(7):
            page.get(INBOX)
        for number in range(PAGE):
            tell(make_installment(make_loan(prompt.borrower), due_on=DUE + timedelta(days=number)), "sms", "email")
        with django_assert_num_queries(7):
            page.get(INBOX)


class TestMessage:
    def test_it_shows_the_words_as_told(self, page: Client, prompt: Prompt) -> None:
        shown = words(page.get(url(prompt)))
        assert "¥1,234.56 is due Wed 25 November, in 3 days" in shown
        assert "From Lantern Mall and Harbour Bank, Sun 22 November, 12:00" in shown
        assert "How it reached you" in shown
        assert "have been revised since" not in shown

    def test_it_keeps_the_figures_of_its_day(self, page: Client, prompt: Prompt) -> None:
        Installment.objects.update(total=Decimal(900), outstanding=Decimal(900), version=2)
        shown = words(page.get(url(prompt)))
        assert "¥1,234.56" in shown
        assert "A later message has taken its place, or it no longer applies." in shown
        assert "I know" not in shown

    def test_it_says_if_the_words_were_revised(self, page: Client, prompt: Prompt) -> None:
        prompt.deliveries.update(wording="upcoming/3/en@000000000000")
        assert "have been revised since" in words(page.get(url(prompt)))

    @pytest.mark.parametrize(
        ("state", "said"), [("awaiting_bank", "This is paid meanwhile."), ("withdrawn", "no longer to be paid")]
    )
    def test_what_is_done_with_asks_nothing(self, page: Client, prompt: Prompt, state: str, said: str) -> None:
        Installment.objects.update(state=state)
        shown = words(page.get(url(prompt)))
        assert said in shown
        assert "I know" not in shown

    def test_it_leads_to_a_dispute_about_itself(self, page: Client, prompt: Prompt) -> None:
        href = f"{reverse('dispute_open')}?installment={prompt.installment_id}&amp;about=prompt:{prompt.pk}"
        assert href in page.get(url(prompt)).content.decode()

    def test_news_of_a_dispute_leads_to_it(self, page: Client, loan: Loan) -> None:
        dispute = make_dispute(loan, now=NOON)
        news = Prompt.objects.filter(dispute=dispute).first() or make_prompt(
            make_installment(loan, due_on=DUE), kind="dispute_opened", dispute=dispute
        )
        shown = page.get(url(news))
        assert reverse("dispute", args=[dispute.pk]) in shown.content.decode()
        assert "I know" not in words(shown)

    def test_what_was_not_told_yet_says_so(self, page: Client, loan: Loan) -> None:
        prompt = make_prompt(make_installment(loan, due_on=DUE))
        make_delivery(prompt, Delivery.Channel.IN_APP, facts=None)
        shown = words(page.get(url(prompt)))
        assert "This has not been told yet." in shown
        assert "I know" not in shown

    def test_facts_that_cannot_be_read_cost_the_words_and_not_the_page(self, page: Client, prompt: Prompt) -> None:
        prompt.deliveries.update(facts={"language": "en"})
        assert "Payment due on Wed 25 November" in words(page.get(url(prompt)))

    def test_opening_it_is_noted_once(self, page: Client, prompt: Prompt) -> None:
        page.head(url(prompt))
        assert in_app(prompt).seen_at is None
        for _ in range(2):
            page.get(url(prompt))
        assert in_app(prompt).status == Delivery.Status.DELIVERED
        assert NoticeEvent.objects.filter(kind="seen", prompt_id=prompt.pk).count() == 1

    @pytest.mark.parametrize(
        ("language", "heading"),
        [("zh-hans", "11月25日（周三）应付¥1,234.56，还有3天"), ("zh-hant", "11月25日（週三）")],
    )
    def test_chinese_reads_right(self, language: str, heading: str) -> None:
        borrower = make_borrower(locale=language)
        prompt = tell(make_installment(make_loan(borrower), due_on=DUE, total=Decimal("1234.56")))
        response = sign_in(borrower).get(url(prompt))
        assert heading in words(response)
        assert f'lang="{language}"' in response.content.decode()


class TestAcknowledging:
    def test_the_button_is_bound_to_what_was_told(self, page: Client, prompt: Prompt) -> None:
        response = page.post(answer_url(prompt))
        assert response["Location"] == url(prompt)
        made = Acknowledgement.objects.get()
        assert (made.method, made.amount, made.due_on) == ("in_app", Decimal("1234.56"), DUE)
        assert made.delivery == in_app(prompt)
        shown = words(page.get(url(prompt)))
        assert "You told us on Sun 22 November, 12:00 that you know." in shown
        assert "Please tell us" not in shown

    def test_twice_is_once(self, page: Client, prompt: Prompt) -> None:
        for _ in range(2):
            assert page.post(answer_url(prompt)).status_code == 302
        assert Acknowledgement.objects.count() == 1

    def test_in_place_it_answers_with_the_part_alone(self, page: Client, prompt: Prompt) -> None:
        response = page.post(answer_url(prompt), headers={"HX-Request": "true"})
        body = response.content.decode()
        assert "You told us on Sun 22 November, 12:00 that you know." in body
        assert "<html" not in body

    def test_reading_the_address_answers_nothing(self, page: Client, prompt: Prompt) -> None:
        assert page.get(answer_url(prompt)).status_code == 405
        assert not Acknowledgement.objects.exists()

    @pytest.mark.parametrize("target", ["https://elsewhere.test/", "//elsewhere.test/", "no-page", "messages", "1"])
    def test_it_goes_back_only_to_our_own_pages(self, page: Client, prompt: Prompt, target: str) -> None:
        response = page.post(answer_url(prompt), {"next": target})
        assert response["Location"] == url(prompt)
        assert page.post(answer_url(prompt), {"next": "/"})["Location"] == "/"

    @pytest.mark.parametrize("in_place", [True, False])
    def test_what_asks_for_nothing_says_so(self, page: Client, loan: Loan, in_place: bool) -> None:
        prompt = make_prompt(make_installment(loan, due_on=DUE))
        headers = {"HX-Request": "true"} if in_place else {}
        response = page.post(answer_url(prompt), headers=headers)
        assert response["HX-Redirect" if in_place else "Location"] == url(prompt)
        assert "This message needs no answer." in words(page.get(url(prompt)))

    def test_a_forged_form_is_refused(self, borrower: User, prompt: Prompt) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(borrower)
        response = strict.post(answer_url(prompt))
        assert response.status_code == 403
        assert "Please do that once more" in words(response)
        assert not Acknowledgement.objects.exists()
