"""What holds of every address of the partners' interface."""

from typing import Any

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_an_unknown_address_is_a_problem_in_json(client: Client, method: str) -> None:
    answer: Any = client.generic(method.upper(), "/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.json()["type"] == "urn:dueproof:problem:not_found"


@pytest.mark.django_db
def test_the_description_of_the_interface_is_open_to_everybody(client: Client) -> None:
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200
    assert b"openapi: 3" in answer.content
