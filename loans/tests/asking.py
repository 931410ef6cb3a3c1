"""A partner's program that asks, for tests."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.idp.oidc.models import Token
from django.test import Client, override_settings
from django.utils import timezone

from loans.api.access import SCOPES
from loans.api.clients import add_client
from loans.models import Partner, PartnerClient


@dataclass(frozen=True)
class Program:
    """Asks with its token."""

    client: PartnerClient
    secret: str
    token: str

    def get(self, path: str, **query: Any) -> Any:
        return Client().get(f"/api/v1/{path}", query, headers={"authorization": f"Bearer {self.token}"})

    def post(self, path: str, key: str | None = None, **body: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}"} | ({"idempotency-key": key} if key else {})
        return Client().post(f"/api/v1/{path}", body or None, content_type="application/json", headers=headers)


def ask_token(client_id: str, secret: str, **more: str) -> Any:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **more}
    return post_form(form)


def post_form(form: Mapping[str, str], **headers: str) -> Any:
    body = urlencode(form)
    return Client().post("/api/v1/token", body, content_type="application/x-www-form-urlencoded", headers=headers)


def make_program(partner: Partner, scopes: Collection[str] = tuple(SCOPES)) -> Program:
    """One that has a token already; its secret is hashed quickly, or each test would take half a second for it."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        client, secret = add_client(partner, name="Ledger", scopes=scopes, now=timezone.now())
    token = secrets.token_urlsafe()
    made = Token(type=Token.Type.ACCESS_TOKEN, client=client.client, expires_at=timezone.now() + timedelta(hours=1))
    made.set_value(token)
    made.set_scopes(sorted(scopes))
    made.save()
    return Program(client, secret, token)


def make_real_program(partner: Partner) -> Program:
    """One whose secret is hashed as in life, with the token that it was given for it."""
    client, secret = add_client(partner, name="Ledger", scopes=SCOPES, now=timezone.now())
    return Program(client, secret, ask_token(client.client_id, secret).json()["access_token"])
