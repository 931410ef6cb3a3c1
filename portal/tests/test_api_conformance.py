"""The interface does what it says of itself: Schemathesis asks it, over a real port, what its description allows and
what it does not.
"""

from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from django.conf import settings as ours
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from schemathesis.checks import CHECKS, load_all_checks

from accounts.tests.factories import make_borrower
from loans.api.signature import MESSAGE_ID, TIMESTAMP, sign
from loans.models import Partner
from loans.tests.asking import make_program
from loans.tests.factories import make_bank, make_loan, make_schedule
from loans.tests.outward import tell
from loans.tests.pushing import make_key

load_all_checks()
# What the description allows may still contradict itself (sums, a date in the future, the platform's word from a bank).
BEYOND_SHAPE = CHECKS.get_one("positive_data_acceptance")


class Signature(requests.auth.AuthBase):
    """Signs the bytes that go out, where the request has a possible id and time; what is left out stays out."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        headers = request.headers
        given = [str(headers.get(name, "")) for name in ("webhook-id", "webhook-timestamp")]
        signs = "webhook-signature" in headers and MESSAGE_ID.fullmatch(given[0]) and TIMESTAMP.fullmatch(given[1])
        if signs:
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            assert isinstance(body, bytes)
            message_id, now = str(uuid4()), int(timezone.now().timestamp())
            headers["webhook-id"], headers["webhook-timestamp"] = message_id, str(now)
            headers["webhook-signature"] = sign(self.secret, message_id, now, body)
        return request


@pytest.fixture
def signature(live_server: LiveServer) -> Signature:
    bank = make_bank()
    secret = make_key(bank)
    Partner.objects.update(events_per_minute=1_000_000)
    return Signature(secret)


class Token(requests.auth.AuthBase):
    """Proves itself as a partner's program does, where a request does not say something else."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.setdefault("authorization", f"Bearer {self.token}")
        return request


@pytest.fixture
def token(settings: Settings) -> Token:
    """Of a bank that has a loan with an event, so that questions have answers, and may ask as often as it likes."""
    settings.PARTNER_QUERIES_A_MINUTE = settings.PARTNER_TOKENS_A_MINUTE = 1_000_000
    loan = make_loan(make_borrower(), external_id="LN-1")
    make_schedule(loan, first_due_on=timezone.localdate())
    program = make_program(loan.bank)
    tell(loan, 3)
    return Token(program.token)


def is_about_the_signature(case: Any) -> bool:
    """Whether what is tried is a request whose signature is left out or made up: then it gets none of ours."""
    tried = case.meta.phase.data if case.meta else None
    return "webhook-signature" in (getattr(tried, "parameter", ""), *str(getattr(tried, "description", "")).split("`"))


described = schemathesis.openapi.from_path(ours.BASE_DIR / "docs" / "openapi.yaml")


@described.parametrize()
@examples(max_examples=10, suppress_health_check=list(HealthCheck), deadline=None)
def test_the_interface_keeps_to_its_description(
    case: Any, signature: Signature, token: Token, live_server: LiveServer
) -> None:
    if "partner" in case.path_parameters:
        case.path_parameters["partner"] = "harbour"
    pushes = "partner" in case.path_parameters
    unsigned = is_about_the_signature(case)
    auth = (None if unsigned else signature) if pushes else None if case.path.endswith("/token") else token
    case.call_and_validate(base_url=live_server.url, auth=auth, excluded_checks=[BEYOND_SHAPE])
