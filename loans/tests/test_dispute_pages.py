"""A borrower's disputes in the browser: theirs and nobody else's, and never a lost word."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_agent
from loans import signals
from loans.disputes import answer, decide
from loans.models import Dispute, Installment, Loan
from loans.tests.disputes import FILE, heard, make_dispute
from loans.tests.factories import make_installment, make_loan
from loans.tests.pages import filled, form_url, read, text
from loans.tests.pictures import PDF, picture, upload

pytestmark = pytest.mark.django_db


def test_the_form_offers_what_it_is_about(page: Client, installment: Installment) -> None:
    shown = text(page.get(form_url(installment=installment.pk)))
    assert "¥100.00" in shown
    assert "Lantern Mall" in shown
    assert 'name="installment"' not in shown
    assert "you have a decision by" in shown


def test_for_a_loan_the_payment_is_chosen_and_not_typed(page: Client, installment: Installment) -> None:
    shown = text(page.get(form_url(loan=installment.loan_id)))
    assert "The whole loan" in shown
    assert f'<option value="{installment.pk}">' in shown


def test_who_has_one_loan_need_not_choose_it(page: Client, loan: Loan) -> None:
    response = page.get(form_url(about="prompt:7"))
    assert response.status_code == 302
    assert response["Location"] == form_url(about="prompt:7", loan=loan.pk)


def test_who_has_many_loans_chooses_among_their_own(page: Client, loan: Loan) -> None:
    second, strange = make_loan(loan.borrower), make_loan()
    shown = text(page.get(form_url()))
    assert loan.external_id in shown
    assert second.external_id in shown
    assert strange.external_id not in shown


def test_who_has_no_loan_is_told_so(page: Client) -> None:
    assert "No loan here yet" in text(page.get(form_url()))


def test_a_sent_form_opens_a_dispute_and_shows_where_it_stands(page: Client, installment: Installment) -> None:
    files = [upload("slip.jpg", picture()), upload("bill.pdf", PDF)]
    with heard(signals.dispute_opened) as calls:
        response = page.post(form_url(installment=installment.pk), filled(files=files, about="prompt:17"))
    dispute = Dispute.objects.get()
    assert (dispute.installment, dispute.loan, dispute.kind) == (installment, installment.loan, "not_told")
    assert calls == [{"dispute_id": dispute.pk, "about": "prompt:17"}]
    shown = read(page, response)
    for words in ("It is our turn: we decide by", dispute.receipt_number, "Nobody told me.", "slip.jpg", "bill.pdf"):
        assert words in shown


def test_the_payment_chosen_on_the_form_is_the_one_disputed(page: Client, installment: Installment) -> None:
    page.post(form_url(loan=installment.loan_id), filled(installment=installment.pk))
    page.post(form_url(loan=installment.loan_id), filled(installment=""))
    assert [dispute.installment for dispute in Dispute.objects.order_by("pk")] == [installment, None]


def test_a_payment_of_a_stranger_cannot_be_chosen(page: Client, loan: Loan) -> None:
    strange = make_installment(due_on=timezone.localdate())
    response = page.post(form_url(loan=loan.pk), filled(installment=strange.pk))
    assert response.status_code == 200
    assert not Dispute.objects.exists()


def test_a_form_sent_twice_leads_twice_to_the_same_dispute(page: Client, loan: Loan) -> None:
    form = filled()
    leads = [page.post(form_url(loan=loan.pk), form)["Location"] for _ in range(2)]
    assert leads[0] == leads[1]
    assert Dispute.objects.count() == 1


def test_every_form_has_a_token_of_its_own(page: Client, loan: Loan) -> None:
    tokens = {page.get(form_url(loan=loan.pk)).context["form"]["form_token"].value() for _ in range(2)}
    assert len(tokens) == 2


@pytest.mark.parametrize("token", ["", "no-uuid", "\0"])
def test_a_broken_token_costs_nobody_their_words(token: str, page: Client, loan: Loan) -> None:
    assert page.post(form_url(loan=loan.pk), filled(form_token=token)).status_code == 302


@pytest.mark.parametrize("about", ["x" * 65, "<script>", "prompt:17 or 1=1"])
def test_where_it_came_from_is_dropped_when_malformed(about: str, page: Client, loan: Loan) -> None:
    with heard(signals.dispute_opened) as calls:
        page.post(form_url(loan=loan.pk), filled(about=about))
    assert calls[0]["about"] == ""


@pytest.mark.parametrize("words", ["x" * 4001, "x\0y"])
def test_words_that_cannot_be_kept_are_shown_again(words: str, page: Client, loan: Loan) -> None:
    response = page.post(form_url(loan=loan.pk), filled(words=words))
    assert response.context["form"].errors["words"]
    assert words.replace("\0", "\0") in text(response)


def test_lines_count_as_a_browser_counts_them(page: Client, loan: Loan) -> None:
    page.post(form_url(loan=loan.pk), filled(words="\r\n".join(["x"] * 2000)))
    assert Dispute.objects.get().messages.get().words == "\n".join(["x"] * 2000)


def test_words_or_a_file_there_must_be(page: Client, loan: Loan) -> None:
    assert "Write a few words, or choose a file." in text(page.post(form_url(loan=loan.pk), filled(words="  ")))
    assert page.post(form_url(loan=loan.pk), filled(words="", files=[upload("a.pdf", PDF)])).status_code == 302


def test_an_open_dispute_about_the_same_thing_is_offered_first(page: Client, installment: Installment) -> None:
    dispute = make_dispute(installment.loan, installment=installment)
    make_dispute(installment.loan)
    shown = text(page.get(form_url(installment=installment.pk)))
    assert dispute.receipt_number in shown
    assert shown.count("You have told us about this already") == 1


def test_a_sixth_undecided_dispute_of_a_loan_is_not_opened_and_leads_to_the_five(page: Client, loan: Loan) -> None:
    installment = make_installment(loan, due_on=timezone.localdate())
    five = [make_dispute(loan, installment=about) for about in (None, installment, None, installment, None)]
    shown = text(page.get(form_url(loan=loan.pk)))
    assert "Not more than 5 can be open for one loan." in shown
    sent = text(page.post(form_url(loan=loan.pk), filled(words="And this.")))
    assert sent.count("Not more than 5 can be open for one loan.") == 1
    assert "And this." in sent
    assert [dispute.receipt_number for dispute in five if dispute.receipt_number not in sent] == []
    assert all(reverse("dispute", args=[dispute.pk]) in sent for dispute in five)
    decide(dispute=five[0], agent=make_agent(), decision="upheld", words="Yes.", now=timezone.now())
    assert page.post(form_url(loan=loan.pk), filled(words="And this.")).status_code == 302
    assert Dispute.objects.filter(loan=loan).count() == 6


def test_a_form_that_opened_the_fifth_leads_to_it_when_it_is_sent_again(page: Client, loan: Loan) -> None:
    for _number in range(4):
        make_dispute(loan)
    form = filled()
    leads = [page.post(form_url(loan=loan.pk), form)["Location"] for _ in range(2)]
    assert leads[0] == leads[1]


def test_another_loan_has_room_of_its_own(page: Client, loan: Loan) -> None:
    for _number in range(5):
        make_dispute(loan)
    other = make_loan(loan.borrower)
    assert page.post(form_url(loan=other.pk), filled()).status_code == 302


@pytest.mark.parametrize("words", [".", "?!", "…", "😀"])
def test_of_something_else_words_or_a_file_have_to_say_what(words: str, page: Client, loan: Loan) -> None:
    refused = text(page.post(form_url(loan=loan.pk), filled(kind="other", words=words)))
    assert "Write a few words, or choose a file." in refused
    assert page.post(form_url(loan=loan.pk), filled(kind="not_told", words=words)).status_code == 302
    file = upload("a.pdf", PDF)
    assert page.post(form_url(loan=loan.pk), filled(kind="other", words=words, files=[file])).status_code == 302


@pytest.mark.parametrize("words", ["7", "我", "é"])
def test_of_something_else_one_letter_or_digit_is_enough(words: str, page: Client, loan: Loan) -> None:
    assert page.post(form_url(loan=loan.pk), filled(kind="other", words=words)).status_code == 302


@pytest.mark.parametrize("kind", ["loan", "installment"])
@pytest.mark.parametrize("value", ["", "x", "-1", "0", "９", "1e3", "99999999999999999999999", "1" * 5000])
def test_what_is_no_number_of_ours_is_not_found(kind: str, value: str, page: Client, loan: Loan) -> None:
    assert page.get(form_url(**{kind: value})).status_code == 404


def test_a_strangers_loan_installment_and_dispute_are_not_found(page: Client, loan: Loan) -> None:
    strange = make_installment(due_on=timezone.localdate())
    dispute = make_dispute(strange.loan, files=[FILE])
    file = dispute.files.get()
    addresses = [
        form_url(loan=strange.loan_id),
        form_url(installment=strange.pk),
        reverse("dispute", args=[dispute.pk]),
        reverse("dispute_file", args=[dispute.pk, file.pk]),
    ]
    for address in addresses:
        assert page.get(address).status_code == 404, address
        assert page.post(address, filled()).status_code in {404, 405}, address
    assert dispute.messages.count() == 1
    assert dispute.receipt_number not in text(page.get(reverse("disputes")))


def test_who_is_not_signed_in_is_led_to_sign_in(loan: Loan) -> None:
    dispute = make_dispute(loan, files=[FILE])
    for address in (
        reverse("disputes"),
        form_url(loan=loan.pk),
        reverse("dispute", args=[dispute.pk]),
        reverse("dispute_file", args=[dispute.pk, dispute.files.get().pk]),
    ):
        response = Client().get(address)
        assert response.status_code == 302
        assert "next=" in response["Location"]
        assert Client().post(address, filled()).status_code in {302, 405}
    assert dispute.messages.count() == 1


def test_the_page_says_whose_turn_it_is(page: Client, loan: Loan) -> None:
    dispute, agent = make_dispute(loan, now=timezone.now()), make_agent()
    address = reverse("dispute", args=[dispute.pk])
    assert "It is our turn: we decide by" in text(page.get(address))
    answer(dispute=dispute, agent=agent, words="Which <day>?", now=timezone.now())
    shown = text(page.get(address))
    assert "We have written to you. Answer if you like" in shown
    assert "Which &lt;day&gt;?" in shown
    response = page.post(address, {"words": "Monday", "form_token": str(uuid4())})
    assert response["Location"].startswith(f"{address}#message-")
    assert "It is our turn" in text(page.get(address))
    decide(dispute=dispute, agent=agent, decision="partly", words="Half of it.", now=timezone.now())
    shown = text(page.get(address))
    assert "Decided: You are right in part." in shown
    assert "Half of it." in shown
    assert "<textarea" not in shown
    assert agent.name not in shown


def test_a_late_decision_is_owned_up_to(page: Client, loan: Loan) -> None:
    loan.bank.phone = "+86 10 5555 0100"
    loan.bank.save()
    dispute = make_dispute(loan, now=timezone.now() - timedelta(days=16))
    shown = text(page.get(reverse("dispute", args=[dispute.pk])))
    assert "We are late" in shown
    assert "+86 10 5555 0100" in shown


def test_words_added_after_the_decision_are_given_back(page: Client, loan: Loan) -> None:
    dispute = make_dispute(loan)
    address = reverse("dispute", args=[dispute.pk])
    decide(dispute=dispute, agent=make_agent(), decision="rejected", words="No.", now=timezone.now())
    shown = text(page.post(address, {"words": "But I have the slip!", "form_token": str(uuid4())}))
    assert "this was not added" in shown
    assert "But I have the slip!" in shown
    assert dispute.messages.count() == 2


def test_a_full_dispute_says_so_and_keeps_the_words(page: Client, loan: Loan) -> None:
    dispute = make_dispute(loan, files=[FILE] * 12)
    response = page.post(
        reverse("dispute", args=[dispute.pk]),
        {"words": "one more", "files": [upload("a.pdf", PDF)], "form_token": str(uuid4())},
    )
    shown = text(response)
    assert "There is no room for more files here." in shown
    assert "one more</textarea>" in shown
    assert dispute.messages.count() == 1


def test_the_list_shows_what_is_decided_next_first(page: Client, loan: Loan) -> None:
    later = make_dispute(loan, now=timezone.now())
    sooner = make_dispute(loan, now=timezone.now() - timedelta(days=3))
    decided = make_dispute(loan, now=timezone.now() - timedelta(days=9))
    decide(dispute=decided, agent=make_agent(), decision="upheld", words="Yes.", now=timezone.now())
    response = page.get(reverse("disputes"))
    assert [dispute for dispute, _standing in response.context["undecided"]] == [sooner, later]
    assert [dispute for dispute, _standing in response.context["decided"]] == [decided]
    assert "2 are open. The next decision is due by" in text(response)


def test_no_dispute_yet_is_a_page_too(page: Client) -> None:
    assert "Nothing here yet." in text(page.get(reverse("disputes")))


def test_the_list_costs_the_same_for_one_and_for_forty(
    page: Client, loan: Loan, django_assert_max_num_queries: Any
) -> None:
    for _ in range(40):
        make_dispute(make_loan(loan.borrower))
    with django_assert_max_num_queries(5):
        page.get(reverse("disputes"))


def test_a_dispute_costs_the_same_with_many_messages_and_never_reads_a_file(
    page: Client, loan: Loan, django_assert_max_num_queries: Any
) -> None:
    dispute = make_dispute(loan, files=[FILE] * 3)
    for _ in range(20):
        answer(dispute=dispute, agent=make_agent(), words="Hm.", now=timezone.now())
    with django_assert_max_num_queries(6) as queries:
        page.get(reverse("dispute", args=[dispute.pk]))
    assert not any('"loans_disputefile"."content",' in query["sql"] for query in queries.captured_queries)


def test_no_page_of_disputes_is_shown_again_without_asking_who_is_there(page: Client, loan: Loan) -> None:
    urls = [reverse("disputes"), form_url(loan=loan.pk), reverse("dispute", args=[make_dispute(loan).pk])]
    assert [url for url in urls if "no-cache" not in page.get(url).get("Cache-Control", "")] == []
