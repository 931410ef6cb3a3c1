"""How the interface describes itself: components of the OpenAPI document, made from the catalogues."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers

from loans.api import problems
from loans.api.authentication import HEADERS
from loans.api.problems import PROBLEMS, Problem
from loans.api.signature import MESSAGE_ID, TIMESTAMP
from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.event_types import EventType
from loans.intake.events.fields import Identifier, Members, Moment
from loans.intake.events.shape import SPOKEN
from loans.models import Event, Report

Described = Callable[..., Any]
_MOMENT: Final = "2026-01-12T09:30:00+08:00"


class MistakeMembers(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="Where in the body, as a JSON pointer (RFC 6901).")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemMembers(serializers.Serializer[Any]):
    """application/problem+json (RFC 9457). Decide by `code`; the words may change."""

    type = serializers.CharField(help_text="urn:dueproof:problem: and the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.ChoiceField(sorted(PROBLEMS))
    detail = serializers.CharField()
    errors = MistakeMembers(many=True, required=False)  # type: ignore[assignment]
    report = serializers.IntegerField(required=False, help_text="Under which the message was kept all the same.")


class KeptMembers(serializers.Serializer[Any]):
    report = serializers.IntegerField()
    status_url = serializers.URLField()


class OutcomeMembers(serializers.Serializer[Any]):
    id = serializers.CharField()
    type = serializers.CharField()
    status = serializers.ChoiceField(Event.Status.values)
    code = serializers.CharField(help_text="Why it was refused or waits; else empty.")
    reason = serializers.CharField()
    decided_at = serializers.DateTimeField()


class ReportMembers(serializers.Serializer[Any]):
    report = serializers.IntegerField()
    webhook_id = serializers.CharField()
    received_at = serializers.DateTimeField()
    status = serializers.ChoiceField(Report.Status.values)
    events = OutcomeMembers(many=True, help_text="In the order of the message; empty until they have been looked at.")
    errors = MistakeMembers(many=True, help_text="Why the message was refused.")  # type: ignore[assignment]


class SignatureScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "loans.api.authentication.SignedByPartner"
    name = "StandardWebhooks"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        said = "Standard Webhooks 1.0: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; docs/partners.md."
        return {"type": "apiKey", "in": "header", "name": "webhook-signature", "description": said}


def _event_members(event_type: EventType) -> type[Members]:
    """The whole event as a serializer, for the description alone."""
    name = "".join(part.capitalize() for part in event_type.name.split("."))
    members = {
        "__doc__": event_type.summary,
        "id": Identifier(help_text="Yours, each once in a message."),
        "type": serializers.ChoiceField([event_type.name]),
        "version": serializers.ChoiceField([event_type.version], required=False),
        "occurred_at": Moment(help_text="When your books said so; of two words the one with the later moment holds."),
        "data": event_type.members(),
    }
    return type(f"{name}Event", (Members,), members)


EVENT_MEMBERS: Final[dict[str, Any]] = {
    event_type.name: _event_members(event_type) for event_type in CATALOGUE.values()
}


class BatchMembers(Members):
    """Up to a thousand events, taken as a whole or not at all."""

    events = PolymorphicProxySerializer(
        component_name="Event",
        serializers=EVENT_MEMBERS,
        resource_type_field_name="type",
        many=True,
    )


_MESSAGE: Final = PolymorphicProxySerializer(
    component_name="Message",
    serializers=[*EVENT_MEMBERS.values(), BatchMembers],
    resource_type_field_name=None,
)


def example_of(event_type: EventType) -> dict[str, Any]:
    """An event of this type as it may be pushed."""
    said = {"id": f"evt-{event_type.name}", "type": event_type.name, "occurred_at": _MOMENT}
    return said | {"data": dict(event_type.example)}


def _examples() -> list[OpenApiExample]:
    single = [
        OpenApiExample(event_type.name, value=example_of(event_type), summary=event_type.summary, request_only=True)
        for event_type in CATALOGUE.values()
    ]
    told = (CATALOGUE["payment.received", 1], CATALOGUE["position.snapshot", 1])  # both may be a platform's
    batch = {"events": [example_of(event_type) for event_type in told]}
    return [*single, OpenApiExample("batch", value=batch, summary="Several at once.", request_only=True)]


def refusals(found: Iterable[Problem]) -> dict[tuple[int, str], OpenApiResponse]:
    """The answers with these problems, by status, each with an example."""
    by_status = sorted(found, key=lambda one: (one.status, one.code))
    return {
        (int(status), problems.MEDIA_TYPE): OpenApiResponse(
            ProblemMembers, description=status.phrase, examples=[_problem_example(one) for one in group]
        )
        for status, group in groupby(by_status, key=lambda one: one.status)
    }


def _problem_example(one: Problem) -> OpenApiExample:
    body = problems.body_of(one)
    if one.code in SPOKEN or one is problems.INVALID:
        body["errors"] = [{"pointer": "/data", "code": one.code, "detail": one.title}]
    return OpenApiExample(one.code, value=body, response_only=True, status_codes=[str(int(one.status))])


_SIGNATURE: Final = [
    OpenApiParameter("partner", str, OpenApiParameter.PATH, description="Your code.", pattern="^[-a-zA-Z0-9_]+$"),
    *(
        OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=said, pattern=f"^{pattern}$")
        for name, said, pattern in (
            (HEADERS[0], "Yours, another one for each message; the same where it is sent again.", MESSAGE_ID.pattern),
            (HEADERS[1], "Seconds since 1970 UTC, within five minutes of our clock.", TIMESTAMP.pattern),
        )
    ),
]
_OF_SIGNATURES: Final = (
    *(problems.UNSIGNED, problems.MESSAGE_ID, problems.STALE, problems.AHEAD, problems.WRONG_SIGNATURE),
    *(problems.TOO_LARGE, problems.NO_LENGTH, problems.CUT_OFF, problems.TOO_MANY, problems.METHOD),
    problems.NOT_ACCEPTABLE,
)
_OF_MESSAGES: Final = (
    *(problems.NOT_UTF8, problems.NOT_JSON, problems.REPEATED_KEY, problems.TOO_MANY_EVENTS, problems.INVALID),
    *(problems.ANOTHER_MESSAGE, problems.MEDIA),
    *(PROBLEMS[code] for code in SPOKEN),
)

describe_push: Final[Described] = extend_schema(
    operation_id="push_events",
    summary="Push one event or several",
    request=_MESSAGE,
    parameters=_SIGNATURE,
    examples=_examples(),
    responses={
        202: OpenApiResponse(KeptMembers, description="Kept, and applied within seconds."),
        **refusals((*_OF_SIGNATURES, *_OF_MESSAGES)),
    },
)
describe_report: Final[Described] = extend_schema(
    operation_id="read_report",
    summary="What became of a message",
    parameters=_SIGNATURE,
    responses={200: ReportMembers, **refusals((*_OF_SIGNATURES, problems.NOT_FOUND))},
)


def close_objects(result: dict[str, Any], **_generation: Any) -> dict[str, Any]:
    """A SPECTACULAR_SETTINGS hook: say of what is pushed that a member which is not named is refused."""
    for name, component in result["components"]["schemas"].items():
        if name in _CLOSED:
            component["additionalProperties"] = False
    return result


def _components_of(members: Members) -> set[str]:
    """The names of these members' component and of those within."""
    nested = [getattr(field, "child", field) for field in members.fields.values()]
    return {type(members).__name__}.union(*(_components_of(one) for one in nested if isinstance(one, Members)))


_CLOSED: Final = {"BatchMembers"}.union(*(_components_of(members()) for members in EVENT_MEMBERS.values()))
