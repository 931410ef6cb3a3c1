"""The interface does what it says of itself: Schemathesis asks it, over a real port, what its description allows and
what it does not.
"""

from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django.live_server_helper import LiveServer
from schemathesis.checks import CHECKS, load_all_checks

from loans.api.signature import MESSAGE_ID, TIMESTAMP, sign
from loans.models import Partner
from loans.tests.factories import make_bank
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
        if MESSAGE_ID.fullmatch(given[0]) and TIMESTAMP.fullmatch(given[1]):
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


def is_about_the_signature(case: Any) -> bool:
    """Whether what is tried is a request whose signature is left out or made up: then it gets none of ours."""
    tried = case.meta.phase.data if case.meta else None
    return "webhook-signature" in (getattr(tried, "parameter", ""), *str(getattr(tried, "description", "")).split("`"))


described = schemathesis.openapi.from_path(settings.BASE_DIR / "docs" / "openapi.yaml")


@described.parametrize()
@examples(max_examples=10, suppress_health_check=list(HealthCheck), deadline=None)
def test_the_interface_keeps_to_its_description(case: Any, signature: Signature, live_server: LiveServer) -> None:
    if "partner" in case.path_parameters:
        case.path_parameters["partner"] = "harbour"
    auth = None if is_about_the_signature(case) else signature
    case.call_and_validate(base_url=live_server.url, auth=auth, excluded_checks=[BEYOND_SHAPE])
