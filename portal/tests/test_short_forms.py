"""Nobody fills a disk or a worker's time with a form: what is too long is refused before it is read."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse

from loans.tests.factories import make_bank
from portal.admin.report_upload import LARGEST, LARGEST_FORM
from portal.short_forms import MOST_BYTES
from portal.tests.desk import desk_of, make_operator
from portal.tests.test_error_pages import heading
from portal.tests.test_guards import _filled, _parts, addresses

pytestmark = pytest.mark.django_db
MULTIPART = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'


class Stream:
    """A file that never ends, and how much of it was asked for."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size: int = 65_536) -> bytes:
        start, self.read_bytes = self.read_bytes, self.read_bytes + size
        return (FILE + b"x" * size)[:size] if start == 0 else b"x" * size

    readline = read


@pytest.fixture
def stranger() -> Client:
    """Whose form is looked at for its token, as a browser's is."""
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    return client


def send(client: Client, path: str, length: int | str, **headers: Any) -> tuple[Any, int]:
    """The answer to so long a form, and how much of it was read."""
    stream = Stream()
    about: dict[str, Any] = {"CONTENT_TYPE": MULTIPART, "CONTENT_LENGTH": str(length), "wsgi.input": stream}
    return client.generic("POST", path, headers=headers, **about), stream.read_bytes


def test_no_address_reads_a_long_form_of_a_stranger(stranger: Client) -> None:
    for route, _entry in addresses(get_resolver()):
        path = "/" + "".join(_filled(part) for part in _parts(route))
        answer, read = send(stranger, path, 200_000_000)
        assert (path, answer.status_code < 500, read) == (path, True, 0)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("account_login", 413),
        ("account_reset_password", 413),
        ("set_language", 413),
        ("admin:login", 413),
        ("admin:loans_report_upload", 413),
        ("preferences", 413),
        ("dispute_open", 302),
    ],
)
@pytest.mark.parametrize("length", [MOST_BYTES + 1, LARGEST_FORM, "9" * 5_000])
def test_a_form_that_is_too_long_is_refused_unread(stranger: Client, name: str, status: int, length: int | str) -> None:
    answer, read = send(stranger, reverse(name), length)
    assert (answer.status_code, read) == (status, 0)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "That was too much at once"), ("zh-hans", "一次发得太多了"), ("zh-hant", "一次傳得太多了")],
)
def test_it_is_said_in_the_readers_language(stranger: Client, language: str, words: str) -> None:
    answer, _read = send(stranger, reverse("account_login"), MOST_BYTES + 1, accept_language=language)
    assert heading(answer.content) == words


def test_the_partners_interface_says_it_in_its_own_form(stranger: Client) -> None:
    answer, read = send(stranger, "/api/v1/token", MOST_BYTES + 1)
    assert (answer.status_code, answer.json()["code"], read) == (413, "too_large", 0)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_form_that_does_not_say_how_long_it_is_is_not_read(stranger: Client) -> None:
    answer, read = send(stranger, reverse("account_login"), "", transfer_encoding="chunked")
    assert (answer.status_code, read) == (403, 0)


def test_a_form_of_usual_length_is_read(stranger: Client) -> None:
    answer, read = send(stranger, reverse("account_login"), MOST_BYTES)
    assert answer.status_code == 403
    assert read > 0


def test_an_operator_may_still_bring_a_file_of_the_size_that_the_form_names() -> None:
    form = {"partner": make_bank().pk, "file": SimpleUploadedFile("a.xml", b"\n" * LARGEST)}
    desk = desk_of(make_operator())
    assert desk.post(reverse("admin:loans_report_upload"), form).status_code == 302
    form["file"] = SimpleUploadedFile("a.xml", b"\n" * (LARGEST + 1))
    assert "larger than 5 MB" in desk.post(reverse("admin:loans_report_upload"), form).content.decode()
    assert send(desk, reverse("admin:loans_report_upload"), LARGEST_FORM + 1)[0].status_code == 413
