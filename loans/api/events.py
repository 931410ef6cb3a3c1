"""Partners push events here, and ask what became of them."""

from typing import Any, cast

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from loans.api import problems
from loans.api.authentication import Signed, SignedByPartner, caller_of
from loans.api.keeping import AnotherMessageError, keep
from loans.api.methods import MethodFirst
from loans.api.problems import PROBLEMS, ProblemError
from loans.api.schema import describe_push, describe_report
from loans.api.throttling import EventsAMinute, count
from loans.intake.events.reading import Pushed, read_message
from loans.intake.events.shape import ShapeError
from loans.models import Event, Partner, Report


class _FromPartner(MethodFirst):
    authentication_classes = (SignedByPartner,)
    throttle_classes = (EventsAMinute,)
    http_method_names = ("get", "post")


class PushedEvents(_FromPartner):
    """POST: keep the message and answer 202; it is applied by a sweep a second later, not while its sender waits."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST" and request.content_type.partition(";")[0].strip().lower() != "application/json":
            raise ProblemError(problems.MEDIA)
        super().initial(request, *args, **kwargs)

    @describe_push
    def post(self, request: Request, partner: str) -> Response:
        sender, signed = caller_of(request).partner, _signed(request)
        events, wrong = _read(sender, signed)
        try:
            report_id = keep(sender, signed, wrong)
        except AnotherMessageError:
            raise ProblemError(problems.ANOTHER_MESSAGE) from None
        if wrong:
            errors = [mistake._asdict() for mistake in wrong.mistakes]
            raise ProblemError(PROBLEMS[wrong.code], wrong.detail, report=report_id, errors=errors)
        if len(events) > 1:
            count(sender, len(events) - 1)
        address = reverse("api_report", kwargs={"partner": partner, "report_id": report_id})
        return Response({"report": report_id, "status_url": request.build_absolute_uri(address)}, status=202)


class ReportStatus(_FromPartner):
    """GET: what became of a message. The request is signed with the message's own webhook-id, over an empty body."""

    @describe_report
    def get(self, request: Request, partner: str, report_id: int) -> Response:
        sender, signed = caller_of(request).partner, _signed(request)
        asked = Report.objects.filter(pk=report_id, partner=sender, kind=Report.Kind.EVENTS)
        report = asked.filter(message_id=signed.message_id).defer("content").first()
        if report is None:
            raise ProblemError(problems.NOT_FOUND)
        return Response(_told(report))


def _signed(request: Request) -> Signed:
    return cast("Signed", request.auth)


def _read(sender: Partner, signed: Signed) -> tuple[list[Pushed], ShapeError | None]:
    try:
        return read_message(signed.body, Partner.Kind(sender.kind), signed.at), None
    except ShapeError as wrong:
        return [], wrong


def _told(report: Report) -> dict[str, Any]:
    events = [_outcome(event) for event in report.events.order_by("place")]
    refusals = [] if events else report.refusals
    return {
        "report": report.pk,
        "webhook_id": report.message_id,
        "received_at": report.received_at,
        "status": report.status,
        "events": events,
        "errors": [
            {"pointer": refusal["place"], "code": refusal["code"], "detail": refusal["reason"]} for refusal in refusals
        ],
    }


def _outcome(event: Event) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "type": event.type,
        "status": event.status,
        "code": event.code,
        "reason": event.reason,
        "decided_at": event.decided_at,
    }
