"""Partners' files at the desk: brought by hand, read as statements, handed out again as they came."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.intake.keeping import keep
from loans.models import Report, Statement, StatementLine
from loans.models.report_part import PART_BYTES
from loans.tests.camt_files import write_statement
from loans.tests.factories import make_bank
from loans.tests.returns import booked
from loans.tests.test_detached_signatures import make_key
from loans.tests.test_statement_heads import balance, send, statement
from loans.tests.test_statement_reading import ENTRY
from portal.admin.report_upload import LARGEST
from portal.tests.desk import desk_of, make_desk_agent, make_operator, make_superuser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
CONTENT = write_statement([ENTRY])
UPLOAD = "/desk/loans/report/upload/"


@pytest.fixture
def operator() -> User:
    return make_operator()


@pytest.fixture
def desk(operator: User) -> Client:
    return desk_of(operator)


def post(desk: Client, content: bytes = CONTENT, *, signature: bytes | None = None, name: str = "053.xml") -> str:
    """The page that the form leads to."""
    form = {"partner": make_bank().pk, "file": SimpleUploadedFile(name, content)}
    if signature is not None:
        form["signature"] = SimpleUploadedFile(f"{name}.sig", signature)
    return desk.post(reverse("admin:loans_report_upload"), form, follow=True).content.decode()


def test_a_file_that_is_uploaded_is_taken_in_and_its_report_is_shown(desk: Client, operator: User) -> None:
    page = post(desk)
    report = Report.objects.get()
    assert (report.name, report.kind, report.status) == ("053.xml", "statement", "applied")
    assert "1 record was applied." in page
    assert StatementLine.objects.count() == 1
    assert operator.logentry_set.get().get_change_message() == "Uploaded."


def test_the_same_file_again_is_told_and_changes_nothing(desk: Client) -> None:
    post(desk)
    assert "received before" in post(desk)
    assert Report.objects.count() == 1


def test_what_is_refused_is_told_in_words_with_its_place(desk: Client) -> None:
    page = post(desk, b"<Document>")
    assert "1 refusal; see below." in page
    assert "cannot be read as XML" in page
    assert Report.objects.get().status == "refused"


def test_a_signed_file_needs_its_signature_here_too(desk: Client) -> None:
    secret = make_key(make_bank())
    assert "is not signed" in post(desk)
    assert "1 record was applied." in post(desk, signature=secret.sign(CONTENT))


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (b"x" * (LARGEST + 1), "larger than 5 MB"), (None, "required")]
)
def test_a_form_that_cannot_be_taken_says_why_and_keeps_nothing(
    desk: Client, content: bytes | None, words: str
) -> None:
    form: dict[str, object] = {"partner": make_bank().pk}
    if content is not None:
        form["file"] = SimpleUploadedFile("053.xml", content)
    answer = desk.post(reverse("admin:loans_report_upload"), form)
    assert (answer.status_code, words in answer.content.decode()) == (200, True)
    assert not Report.objects.exists()


def test_only_those_with_the_permission_upload_and_only_they_see_the_way() -> None:
    agents = desk_of(make_desk_agent())
    for page in (agents, desk_of(make_agent())):
        assert page.get(reverse("admin:loans_report_upload")).status_code == 403
        assert page.post(reverse("admin:loans_report_upload"), {}).status_code == 403
    assert Client().get(reverse("admin:loans_report_upload")).status_code == 302
    assert UPLOAD not in agents.get(reverse("admin:loans_report_changelist")).content.decode()


def test_the_list_of_reports_leads_to_the_form(desk: Client) -> None:
    page = desk.get(reverse("admin:loans_report_changelist")).content.decode()
    assert reverse("admin:loans_report_upload") in page
    assert 'enctype="multipart/form-data"' in desk.get(reverse("admin:loans_report_upload")).content.decode()


def test_statements_that_do_not_agree_or_miss_one_before_stand_in_the_list_and_on_their_report(desk: Client) -> None:
    send(statement(7, balance("OPBD", "1.00") + balance("CLBD", "1.00")))
    send(statement(9, balance("OPBD", "1.00") + balance("CLBD", "91.00"), booked("E-1")))
    listed = desk.get(reverse("admin:loans_statement_changelist")).content.decode()
    assert "camt.053 9" in listed
    assert "camt.053 7" not in listed
    for words in ("does not agree by −¥10.00", "one before it is missing"):
        assert words in listed
        assert (
            words
            in desk.get(reverse("admin:loans_report_change", args=[Report.objects.latest("pk").pk])).content.decode()
        )
    for standing, count in (("unbalanced", 1), ("gap", 1), ("all", 2)):
        page = desk.get(reverse("admin:loans_statement_changelist"), {"standing": standing}).content.decode()
        assert page.count("camt.053 ") == count, standing
    assert (
        desk.get(reverse("admin:loans_statement_change", args=[Statement.objects.latest("pk").pk])).status_code == 200
    )


def test_a_large_report_is_handed_out_as_it_came() -> None:
    content = bytes(range(256)) * (PART_BYTES // 256) + b"the end"
    report = keep(make_bank(), "statement", "053.xml", BytesIO(content))
    answer = desk_of(make_superuser()).get(reverse("admin:loans_report_raw", args=[report.pk]))
    assert b"".join(answer.streaming_content) == content  # type: ignore[attr-defined]
