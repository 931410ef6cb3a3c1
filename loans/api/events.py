"""Partners push events here, and ask what became of them."""

import json
from functools import wraps
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from loans.api import problems, refusals
from loans.api.authentication import Signed, SignedByPartner, caller_of, who_signed
from loans.api.keeping import AnotherMessageError, keep
from loans.api.methods import MethodFirst
from loans.api.problems import PROBLEMS, ProblemError, answer_plainly, code_of
from loans.api.schema import describe_push, describe_report
from loans.api.throttling import EventsAMinute, count, has_room, seconds_left
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
        if request.method == "POST":
            _check_media(request._request)
        super().initial(request, *args, **kwargs)

    @describe_push
    def post(self, request: Request, partner: str) -> Response:
        return Response(_take(request._request, partner, caller_of(request).partner, _signed(request)), status=202)


_by_the_framework: Final = PushedEvents.as_view()


@wraps(_by_the_framework)
def push_events(request: HttpRequest, partner: str) -> HttpResponseBase:
    """What `PushedEvents` does, step by step, without REST framework where nothing of it is asked for.

    Its part of a request costs more than verifying, reading and keeping a message. Other methods than POST, and what
    has to be negotiated, are its own.
    """
    if request.method != "POST":
        return _by_the_framework(request, partner=partner)
    if request.META.get("QUERY_STRING") or not _takes_json(request):
        answer = _by_the_framework(request, partner=partner)
        if answer.status_code >= 400:
            refusals.note(partner, vars(answer).get("data", {}).get("code", ""), timezone.now())
        return answer
    try:
        _check_media(request)
        caller, signed = who_signed(request, partner)
        if not has_room(caller.partner):
            raise exceptions.Throttled(seconds_left())
        kept = _take(request, partner, caller.partner, signed)
    except exceptions.APIException as error:
        if (refused := answer_plainly(error)) is None:
            raise
        refusals.note(partner, code_of(error), timezone.now())
        return refused
    return HttpResponse(json.dumps(kept, separators=(",", ":")), status=202, content_type="application/json")


vars(push_events)["for_providers"] = True  # partners' systems have no session, language or form: the short way


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


def _check_media(request: HttpRequest) -> None:
    if request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(problems.MEDIA, "The body must be application/json.")


def _takes_json(request: HttpRequest) -> bool:
    """Whether it is plain to see; of anything else REST framework decides."""
    return request.META.get("HTTP_ACCEPT", "*/*") in {"*/*", "application/json"}


def _take(request: HttpRequest, code: str, sender: Partner, signed: Signed) -> dict[str, Any]:
    """Keep what was signed; returns what its sender is told. Raises ProblemError."""
    events, wrong = _read(sender, signed)
    try:
        report_id, wrong = keep(sender, signed, wrong)
    except AnotherMessageError:
        raise ProblemError(problems.ANOTHER_MESSAGE) from None
    if wrong:
        errors = [mistake._asdict() for mistake in wrong.mistakes]
        raise ProblemError(PROBLEMS[wrong.code], wrong.detail, report=report_id, errors=errors)
    if len(events) > 1:
        count(sender, len(events) - 1)
    address = reverse("api_report", kwargs={"partner": code, "report_id": report_id})
    return {"report": report_id, "status_url": request.build_absolute_uri(address)}


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
