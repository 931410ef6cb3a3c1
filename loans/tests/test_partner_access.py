"""Who may ask, for what, and how often."""

import base64
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.idp.oidc.models import Token
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from redis.exceptions import ConnectionError as NoRedis

from accounts.tests.factories import make_borrower
from loans.api.access import SCOPES
from loans.api.clients import add_client, end_client
from loans.models import Partner, PartnerClient
from loans.tests.asking import Program, ask_token, make_program, make_real_program, post_form
from loans.tests.factories import make_bank

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make_program(make_bank())


@pytest.fixture
def real() -> Program:
    return make_real_program(make_bank())


def test_id_and_secret_are_changed_for_a_token_that_lives_an_hour(real: Program) -> None:
    answer = ask_token(real.client.client_id, real.secret, scope="loans:read")
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 3600)
    assert told["scope"] == "loans:read"
    assert answer["Cache-Control"] == "no-store"
    assert not Token.objects.filter(hash__contains=told["access_token"]).exists(), "only its hash is kept"


def test_a_body_that_is_no_form_of_a_token_is_not_read() -> None:
    answer = post_form({"grant_type": "client_credentials", "client_id": "x" * 20_000, "client_secret": "y"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_they_may_come_as_http_basic(real: Program) -> None:
    word = base64.b64encode(f"{real.client.client_id}:{real.secret}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    assert post_form(form, authorization=f"Basic {word}").status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "\0", "client_secret": "\0"}, 401, "invalid_client"),
    ],
)
def test_a_token_is_refused_in_the_words_of_oauth(
    real: Program, change: dict[str, str], status: int, error: str
) -> None:
    form = {"grant_type": "client_credentials", "client_id": real.client.client_id, "client_secret": real.secret}
    answer = post_form(form | change)
    assert answer.status_code == status, answer.content
    assert answer.json()["error"] == error


def test_what_is_no_form_is_no_request_for_a_token() -> None:
    answer = Client().post("/api/v1/token", {"grant_type": "client_credentials"}, content_type="application/json")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (415, "unsupported_media_type")
    assert "application/json" not in f"{told['title']} {told['detail']}", "that is what was sent"


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer nothing", "Basic eDp5", "Bearer a b", "nonsense", "Bearer \xff"]
)
@pytest.mark.parametrize("path", ["loans", "loans/LN-1", "installments", "positions", "outward-events"])
def test_who_proves_nothing_is_told_so(header: str | None, path: str) -> None:
    answer = Client().get(f"/api/v1/{path}", headers={"authorization": header} if header else {})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_of_the_portal_opens_nothing(client: Client) -> None:
    client.force_login(make_borrower())
    assert client.get("/api/v1/loans").status_code == 401


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        *(("loans", "loans:read"), ("installments", "loans:read"), ("positions", "loans:read")),
        *(("loans/LN-1", "loans:read"), ("outward-events", "events:read"), ("outward-events/1", "events:read")),
    ],
)
def test_each_question_needs_its_scope(path: str, scope: str) -> None:
    others = make_program(make_bank(), set(SCOPES) - {scope})
    answer = others.get(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert scope in answer.json()["detail"]
    assert make_program(make_bank(), [scope]).get(path).status_code in {200, 404}


def test_an_old_token_opens_nothing(program: Program) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=3601)):
        assert program.get("loans").status_code == 401


def test_a_client_that_has_ended_and_its_tokens_are_worth_nothing(real: Program) -> None:
    assert real.get("loans").status_code == 200
    assert end_client(real.client.client_id, now=timezone.now())
    assert real.get("loans").status_code == 401
    assert ask_token(real.client.client_id, real.secret).status_code == 400
    assert not end_client(real.client.client_id, now=timezone.now())


def test_a_token_of_a_client_without_a_partner_opens_nothing(program: Program) -> None:
    PartnerClient.objects.filter(pk=program.client.pk).delete()
    assert program.get("loans").status_code == 401


def test_what_is_above_the_rate_is_told_to_come_again(program: Program, settings: Settings) -> None:
    settings.PARTNER_QUERIES_A_MINUTE = 2
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        answers = [program.get("loans") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "too_many_requests"
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_one_partners_rate_is_not_anothers(program: Program, settings: Settings) -> None:
    other = make_program(Partner.objects.create(code="other", kind="bank", name="Other"))
    settings.PARTNER_QUERIES_A_MINUTE = 1
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        assert [program.get("loans").status_code, program.get("loans").status_code] == [200, 429]
        assert other.get("loans").status_code == 200


def test_guessing_secrets_is_slowed_down(real: Program, settings: Settings) -> None:
    settings.PARTNER_TOKENS_A_MINUTE = 2
    with time_machine.travel(timezone.now().replace(second=10) + timedelta(minutes=1), tick=False):
        answers = [ask_token(real.client.client_id, "wrong").status_code for _ in range(3)]
    assert answers == [401, 401, 429]


def test_without_the_cache_questions_are_answered(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> bool:
        raise NoRedis("away")

    monkeypatch.setattr(type(caches["default"]), "add", away)
    assert program.get("loans").status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "head", "trace"])
def test_questions_are_asked_by_get(program: Program, method: str) -> None:
    answer: Any = Client().generic(method.upper(), "/api/v1/loans")
    assert answer.status_code == 405


def test_the_command_makes_a_client_and_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    make_bank()
    call_command("add_partner_client", "harbour", "Ledger", "--scope", "loans:read")
    words = capsys.readouterr().out.split()
    client_id, secret = words[words.index("client_id:") + 1], words[-1]
    assert ask_token(client_id, secret).json()["scope"] == "loans:read"
    call_command("add_partner_client", "--end", client_id)
    with pytest.raises(CommandError, match="no such client"):
        call_command("add_partner_client", "--end", client_id)
    with pytest.raises(CommandError, match="No partner has the code"):
        call_command("add_partner_client", "nobody", "Ledger")
    with pytest.raises(CommandError, match="Name the partner"):
        call_command("add_partner_client")


def test_a_scope_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="everything"):
        add_client(make_bank(), name="x", scopes=["everything"], now=timezone.now())


def test_who_may_read_events_hears_them_from_then_on() -> None:
    bank = make_bank()
    add_client(bank, name="x", scopes=["loans:read"], now=timezone.now())
    assert not Partner.objects.get(pk=bank.pk).hears_events
    add_client(bank, name="x", scopes=["events:read"], now=timezone.now())
    assert Partner.objects.get(pk=bank.pk).hears_events
