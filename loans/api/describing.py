"""How the questions describe themselves in the OpenAPI document."""

from collections.abc import Callable
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers

from loans.api import answers, asked, problems
from loans.api.access import SCOPES
from loans.api.idempotency import HEADER
from loans.api.problems import Problem
from loans.api.schema import refusals

Described = Callable[..., Any]
OF_QUESTIONS: Final = (
    *(problems.INVALID, problems.NOT_SIGNED_IN, problems.FORBIDDEN, problems.METHOD, problems.NOT_ACCEPTABLE),
    problems.TOO_MANY,
)
"""What every question may be refused with."""


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "loans.api.access.TokenOfPartner"
    name = "PartnerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        flow = {"tokenUrl": "/api/v1/token", "scopes": SCOPES}
        return {"type": "oauth2", "flows": {"clientCredentials": flow}}

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        return {self.name: [auto_schema.view.scope]}


class TokenAsked(serializers.Serializer[Any]):
    grant_type = serializers.ChoiceField(["client_credentials"])
    client_id = serializers.CharField(required=False, help_text="Or both of them as HTTP Basic.")
    client_secret = serializers.CharField(required=False)
    scope = serializers.CharField(required=False, help_text="Divided by blanks; all of the client's, if left out.")


class TokenMembers(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    scope = serializers.CharField()


class TokenRefused(serializers.Serializer[Any]):
    """As RFC 6749, section 5.2, has it."""

    error = serializers.CharField()
    error_description = serializers.CharField(required=False)


def question(
    operation: str, summary: str, answer: Any, *also: Problem, examples: dict[str, Any] | None = None, **options: Any
) -> Described:
    """A GET that is answered with `answer`, or with one of the usual problems and `also` these."""
    shown = [
        OpenApiExample(name, value=value, response_only=True, status_codes=["200"])
        for name, value in (examples or {}).items()
    ]
    return extend_schema(
        operation_id=operation,
        summary=summary,
        responses={200: answer, **refusals((*OF_QUESTIONS, *also))},
        examples=shown,
        **options,
    )


_LOAN: Final = {
    "number": "LN-00017",
    "bank": "harbour",
    "platform": "lantern",
    "product": "Phone plan",
    "currency": "CNY",
    "principal": "1200.000",
    "disbursed_on": "2026-10-01",
    "schedule_version": 1,
    "next_due_on": "2026-12-03",
    "next_outstanding": "100.000",
}
_EVENT: Final = {
    "id": 90412,
    "type": "prompt.delivered",
    "occurred_at": "2026-11-30T02:00:07.114203Z",
    "data": {
        "loan": "LN-00017",
        "bank": "harbour",
        "prompt": 311,
        "kind": "upcoming",
        "stage": 3,
        "installment": 2,
        "due_on": "2026-12-03",
        "amount": "412.500",
        "currency": "CNY",
        "level": "delivered",
        "channel": "sms",
    },
}
_DUE: Final = {
    "id": 90398,
    "type": "prompt.due_to_send",
    "occurred_at": "2026-11-30T01:00:00.031877Z",
    "data": {
        "loan": "LN-00017",
        "bank": "harbour",
        "prompt": 311,
        "kind": "upcoming",
        "stage": 3,
        "installment": 2,
        "due_on": "2026-12-03",
        "amount": "412.500",
        "currency": "CNY",
        "responsible": "harbour",
        "report_by": "2026-11-30T05:00:00+00:00",
        "portal_at": "2026-11-30T05:00:00+00:00",
        "needs_proof": False,
        "backup": None,
    },
}

_KEY: Final = OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, required=True, description="One a request.")

describe_loans: Final = question("list_loans", "Loans", answers.LoanPage, parameters=[asked.AskedForLoans])
describe_loan: Final = question(
    *("read_loan", "One loan", answers.LoanAnswer, problems.NOT_FOUND, problems.AMBIGUOUS_LOAN),
    parameters=[asked.AskedForLoan],
    examples={"answer": _LOAN},
)
describe_installments: Final = question(
    "list_installments", "Installments", answers.InstallmentPage, parameters=[asked.AskedForInstallments]
)
describe_positions: Final = question(
    "list_positions", "What each firm says", answers.PositionPage, parameters=[asked.AskedForPositions]
)
describe_outward_events: Final = question(
    "list_outward_events", "Events from a cursor on", answers.OutwardEventPage, parameters=[asked.AskedForEvents]
)
describe_outward_event: Final = question(
    "read_outward_event",
    "One event",
    answers.OutwardEventAnswer,
    problems.NOT_FOUND,
    examples={"answer": _EVENT, "turn": _DUE},
)
describe_redelivery: Final = extend_schema(
    operation_id="redeliver_outward_event",
    summary="Have an event posted again to each of your endpoints",
    request=None,
    parameters=[_KEY],
    responses={
        202: answers.QueuedAnswer,
        **refusals(
            (
                *(problems.NOT_SIGNED_IN, problems.FORBIDDEN, problems.METHOD, problems.NOT_ACCEPTABLE),
                *(problems.TOO_MANY, problems.NOT_FOUND, problems.NO_IDEMPOTENCY_KEY, problems.KEY_IN_USE),
                *(problems.KEY_REUSED, problems.INVALID, problems.MEDIA),
            )
        ),
    },
)
describe_token: Final = extend_schema(
    operation_id="make_token",
    summary="A token for id and secret",
    auth=[],
    request={"application/x-www-form-urlencoded": TokenAsked},
    responses={
        200: TokenMembers,
        (400, "application/json"): TokenRefused,
        (401, "application/json"): TokenRefused,
        **refusals((problems.METHOD, problems.NOT_ACCEPTABLE, problems.MEDIA, problems.TOO_MANY)),
    },
)
