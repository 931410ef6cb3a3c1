"""HEAD is answered as GET would be, without the body."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.acknowledgement import LINK_LIVES
from notifications.models import Delivery
from notifications.signatures import link_token
from notifications.tests.factories import NOON, TODAY
from notifications.tests.pages import tell
from portal.bodiless import BodilessMiddleware

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def ask(method: str, address: str) -> HttpResponse:
    """The answer as the server is handed it: the client of the tests drops the body of HEAD by itself."""
    answer = WSGIHandler().get_response(WSGIRequest(RequestFactory().generic(method, address).environ))
    assert isinstance(answer, HttpResponse)
    return answer


def link() -> str:
    installment = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    delivery = tell(installment, "sms").deliveries.get(channel=Delivery.Channel.SMS)
    return reverse("acknowledge_link", args=[link_token(delivery.pk, NOON + LINK_LIVES)])


@pytest.mark.parametrize(
    ("address", "status"),
    [(link, 200), (lambda: "/k/nonsense/", 404), (lambda: "/nowhere/", 404), (lambda: "/accounts/login/", 200),
     (lambda: "/webhooks/nobody/", 404)],
)  # fmt: skip
def test_the_server_is_handed_no_body_and_the_headers_of_one(address: Callable[[], str], status: int) -> None:
    asked = address()
    head, get = ask("HEAD", asked), ask("GET", asked)
    assert (head.status_code, head.content) == (status, b"")
    assert get.content
    assert (head["Content-Type"], head["Content-Length"].isdecimal()) == (get["Content-Type"], True)


def test_a_file_is_not_sent_and_is_closed(rf: RequestFactory) -> None:
    content = BytesIO(b"a file")
    answer = BodilessMiddleware(lambda _request: FileResponse(content))(rf.head("/"))
    assert b"".join(answer) == b""
    answer.close()
    assert content.closed


def test_another_method_is_answered_as_it_was(rf: RequestFactory) -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("a body")

    assert BodilessMiddleware(view)(rf.get("/")).content == b"a body"
