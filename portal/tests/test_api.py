"""What holds of every address of the partners' interface."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_an_unknown_address_is_a_problem_in_json(client: Client, method: str) -> None:
    answer: Any = client.generic(method.upper(), "/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.json()["type"] == "urn:dueproof:problem:not_found"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["partners/harbour/events", "token", "loans", "nowhere"])
def test_another_hosts_name_is_a_problem_in_json(path: str) -> None:
    answer: Any = Client(headers={"Host": "elsewhere.test"}).post(f"/api/v1/{path}", b"{}", "application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unknown_host"
    assert b"elsewhere" not in answer.content


@pytest.mark.django_db
def test_the_description_of_the_interface_is_open_to_everybody(client: Client) -> None:
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200
    assert b"openapi: 3" in answer.content


@pytest.mark.django_db
def test_the_description_is_the_committed_one_and_is_made_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.get("/api/v1/schema")
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *_all, **_options: pytest.fail("made again"))
    for language in ("en", "zh-hans", "xx"):
        answer = client.get("/api/v1/schema", {"version": "2", "lang": language}, headers={"accept-language": language})
        assert answer.content == (settings.BASE_DIR / "docs" / "openapi.yaml").read_bytes()
        assert answer["Content-Type"] == "application/vnd.oai.openapi; charset=utf-8"
        assert answer["Content-Disposition"] == 'inline; filename="Dueproof for partners.yaml"'


@pytest.mark.django_db
def test_the_description_is_also_there_as_json(client: Client) -> None:
    answer = client.get("/api/v1/schema", headers={"accept": "application/vnd.oai.openapi+json"})
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json"
    assert answer.json()["openapi"].startswith("3")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "accepted", "code"), [("POST", "*/*", "method_not_allowed"), ("GET", "text/xml", "not_acceptable")]
)
def test_what_the_description_refuses_is_a_problem_in_json(
    client: Client, method: str, accepted: str, code: str
) -> None:
    answer: Any = client.generic(method, "/api/v1/schema", headers={"accept": accepted})
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code


def test_the_committed_description_is_the_one_that_the_code_gives(tmp_path: Path) -> None:
    """`manage.py spectacular --fail-on-warn --validate --file docs/openapi.yaml` writes it."""
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "now.yaml"))
    committed = settings.BASE_DIR / "docs" / "openapi.yaml"
    assert (tmp_path / "now.yaml").read_text() == committed.read_text()
