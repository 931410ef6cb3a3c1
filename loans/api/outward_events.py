"""Partners ask for the events that they are told, from any cursor on, and have one posted again."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from loans.api import problems
from loans.api.asked import Asked, AskedForEvents
from loans.api.asking import Question
from loans.api.describing import describe_outward_event, describe_outward_events, describe_redelivery
from loans.api.idempotency import once
from loans.api.problems import ProblemError
from loans.models import OutwardEvent
from loans.outward.cursor import settled_until
from loans.outward.payload import event_as_json
from loans.outward.replaying import replay


class OutwardEvents(Question):
    """Never shows an event while an older one may still appear: who goes on from `next` misses none."""

    scope = "events:read"

    @describe_outward_events
    def get(self, request: Request) -> Response:
        asked = AskedForEvents.read(request.query_params)
        after, partner_id = asked["after"], self.partner().pk
        until = settled_until(partner_id, after)
        found = OutwardEvent.objects.of(partner_id).between(after, until)[: asked["limit"]]
        told = [_told(event) for event in found]
        return Response({"results": told, "next": told[-1]["id"] if told else after})


class OneOutwardEvent(Question):
    scope = "events:read"

    @describe_outward_event
    def get(self, request: Request, event_id: int) -> Response:
        Asked.read(request.query_params)
        event = OutwardEvent.objects.of(self.partner().pk).filter(pk=event_id).first()
        if event is None:
            raise ProblemError(problems.NOT_FOUND)
        return Response(_told(event))


class Redelivery(Question):
    http_method_names = ("post",)
    scope = "events:write"

    @describe_redelivery
    def post(self, request: Request, event_id: int) -> Response:
        partner_id = self.partner().pk

        def redeliver() -> tuple[int, dict[str, Any]]:
            if not OutwardEvent.objects.of(partner_id).filter(pk=event_id).exists():
                raise ProblemError(problems.NOT_FOUND)
            return 202, {"queued": replay(partner_id, first=event_id, last=event_id, now=timezone.now())}

        return once(request, redeliver)


def _told(event: OutwardEvent) -> dict[str, Any]:
    return event_as_json(event.pk, event.kind, event.occurred_at, event.data)
