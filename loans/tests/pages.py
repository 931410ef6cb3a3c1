"""What tests of a borrower's dispute pages share."""

from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse


def text(response: Any) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def form_url(**query: Any) -> str:
    return reverse("dispute_open", query=query)


def filled(**fields: Any) -> dict[str, Any]:
    return {"kind": "not_told", "words": "Nobody told me.", "form_token": str(uuid4()), **fields}


def read(page: Client, response: Any) -> str:
    """The page that a sent form leads to."""
    assert response.status_code == 302, text(response)
    return text(page.get(response["Location"]))
