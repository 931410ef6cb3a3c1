"""Files in a borrower's forms, and out again: bounded, named when refused, and never at the cost of the words."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.files import MAX_FILE_BYTES
from loans.models import Dispute, DisputeFile, Loan
from loans.tests.disputes import FILE, make_dispute
from loans.tests.pages import filled, form_url, text
from loans.tests.pictures import PDF, upload
from loans.uploads import MAX_REQUEST_BYTES

pytestmark = pytest.mark.django_db


def test_a_refused_file_is_named_and_the_words_are_kept(page: Client, loan: Loan) -> None:
    files = [upload("good.pdf", PDF), upload("bill.jpg", PDF)]
    response = page.post(form_url(loan=loan.pk), filled(words="I <paid> on Monday.", files=files))
    shown = text(response)
    assert response.status_code == 200
    assert "“bill.jpg” ends in .jpg but holds a PDF file" in shown
    assert "Choose these files again, your browser did not keep them: good.pdf, bill.jpg" in shown
    assert "I &lt;paid&gt; on Monday.</textarea>" in shown
    assert 'value="not_told"' in shown
    assert response.context["form"]["kind"].value() == "not_told"
    assert not Dispute.objects.exists()


def test_a_missing_choice_is_said_and_files_are_to_be_chosen_again(page: Client, loan: Loan) -> None:
    shown = text(page.post(form_url(loan=loan.pk), filled(kind="", files=[upload("good.pdf", PDF)])))
    assert "Choose what is wrong." in shown
    assert "Choose this file again, your browser did not keep it: good.pdf" in shown
    assert "Nobody told me.</textarea>" in shown


def test_four_files_are_one_too_many(page: Client, loan: Loan) -> None:
    files = [upload(f"{number}.pdf", PDF) for number in range(4)]
    response = page.post(form_url(loan=loan.pk), filled(files=files))
    assert len(response.context["form"].files.getlist("files")) == 3
    shown = text(response)
    assert "You chose 4 files; 3 can be sent at a time." in shown
    assert "0.pdf, 1.pdf, 2.pdf, 3.pdf" in shown
    assert "Nobody told me.</textarea>" in shown
    assert not Dispute.objects.exists()


def test_three_files_are_taken(page: Client, loan: Loan) -> None:
    page.post(form_url(loan=loan.pk), filled(files=[upload(f"{number}.pdf", PDF) for number in range(3)]))
    assert DisputeFile.objects.count() == 3


@pytest.mark.parametrize("size", [MAX_FILE_BYTES + 1, 5 * MAX_FILE_BYTES])
def test_a_file_that_is_too_large_is_dropped_and_named_and_the_words_are_kept(
    size: int, page: Client, loan: Loan
) -> None:
    files = [upload("first.pdf", PDF), upload("huge.pdf", PDF + b"\n" * size), upload("last.pdf", PDF)]
    response = page.post(form_url(loan=loan.pk), filled(files=files))
    shown = text(response)
    assert "“huge.pdf” is larger than 5 MB" in shown
    assert "first.pdf, huge.pdf, last.pdf" in shown
    assert "Nobody told me.</textarea>" in shown
    assert len(response.context["form"].errors["files"]) == 1
    assert [file.name for file in response.context["form"].files.getlist("files")] == ["first.pdf", "last.pdf"]


def test_an_empty_file_is_named(page: Client, loan: Loan) -> None:
    assert "“none.pdf” is empty" in text(page.post(form_url(loan=loan.pk), filled(files=[upload("none.pdf", b"")])))


def test_more_than_a_request_may_hold_gets_a_page_and_not_a_bare_error(page: Client, loan: Loan) -> None:
    response = page.post(form_url(loan=loan.pk), filled(words="x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)))
    assert response.status_code == 413
    assert "That was too much at once" in text(response)


def test_a_hundred_files_get_a_page_and_not_a_bare_error(page: Client, loan: Loan) -> None:
    files = [upload(f"{number}.pdf", PDF) for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FILES + 1)]
    response = page.post(form_url(loan=loan.pk), filled(files=files))
    assert response.status_code == 413
    assert not Dispute.objects.exists()


@pytest.mark.parametrize(
    ("length", "status"), [(str(MAX_REQUEST_BYTES + 1), 413), ("-1", 400), ("many", 200), ("9" * 5000, 413)]
)
def test_a_request_that_announces_too_much_is_not_read(length: str, status: int, page: Client, loan: Loan) -> None:
    response = page.post(form_url(loan=loan.pk), filled(), CONTENT_LENGTH=length)
    assert response.status_code == status
    assert not Dispute.objects.exists()


def test_a_form_without_its_csrf_token_is_refused(borrower: User, loan: Loan) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(borrower)
    assert strict.post(form_url(loan=loan.pk), filled()).status_code == 403
    token = strict.get(form_url(loan=loan.pk)).context["csrf_token"]
    sent = strict.post(form_url(loan=loan.pk), filled(csrfmiddlewaretoken=str(token), files=[upload("a.pdf", PDF)]))
    assert sent.status_code == 302


def test_a_name_of_a_file_cannot_write_html(page: Client, loan: Loan) -> None:
    dispute = make_dispute(loan)
    address = reverse("dispute", args=[dispute.pk])
    evil = SimpleUploadedFile("<img src=x onerror=alert(1)>.pdf", PDF)
    page.post(address, {"words": "", "files": [evil], "form_token": str(uuid4())})
    assert "<img" not in text(page.get(address))


def test_a_file_is_handed_to_its_owner_to_keep_and_not_to_open(page: Client, loan: Loan) -> None:
    dispute = make_dispute(loan)
    address = reverse("dispute", args=[dispute.pk])
    page.post(address, {"words": "", "files": [upload('还款 "x".pdf', PDF)], "form_token": str(uuid4())})
    file = DisputeFile.objects.get()
    response = page.get(reverse("dispute_file", args=[dispute.pk, file.pk]))
    assert b"".join(response.streaming_content) == PDF  # type: ignore[attr-defined]
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store"


def test_a_file_is_found_only_under_its_own_dispute(page: Client, loan: Loan) -> None:
    first, second = make_dispute(loan, files=[FILE]), make_dispute(loan)
    assert page.get(reverse("dispute_file", args=[second.pk, first.files.get().pk])).status_code == 404


def test_an_agent_reads_files_only_with_the_permission_for_it(loan: Loan) -> None:
    dispute = make_dispute(loan, files=[FILE])
    address = reverse("dispute_file", args=[dispute.pk, dispute.files.get().pk])
    agent, client = make_agent(), Client()
    client.force_login(agent)
    assert client.get(address).status_code == 404
    agent.user_permissions.add(Permission.objects.get(codename="view_dispute"))
    assert client.get(address).status_code == 200
    assert client.get(reverse("dispute", args=[dispute.pk])).status_code == 404


def test_the_permission_without_the_desk_opens_no_file(page: Client, borrower: User) -> None:
    dispute = make_dispute(files=[FILE])
    borrower.user_permissions.add(Permission.objects.get(codename="view_dispute"))
    assert page.get(reverse("dispute_file", args=[dispute.pk, dispute.files.get().pk])).status_code == 404
