"""The first page: what do I owe next, when, and did my last payment arrive?"""

from datetime import date

from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from accounts.requests import SignedInRequest
from portal.pages.nothing_new import UNCHANGED
from portal.pages.overview import ask_overview, read_overview
from portal.pages.shell import fill
from portal.pages.stamp import stamp_of
from portal.reading_ahead import remember


@require_safe
def home(request: SignedInRequest) -> HttpResponseBase:
    """The page, or with `?part=state` the part that refreshes itself; `seen` names what the reader has before them.

    A page that the reader's browser has already, and that has not changed, is not made again.
    """
    remember(request.session.session_key, request.user)
    today = timezone.localdate()
    rows = ask_overview(request.user, today=today, now=timezone.now())
    stamp = stamp_of(request, rows, today)
    if request.GET.get("part") == "state":
        return _part(request, rows, today, stamp)
    return _whole(request, rows, today, stamp)


def _part(request: SignedInRequest, rows: str, today: date, stamp: str) -> HttpResponse:
    if request.GET.get("seen") == stamp:
        answer = HttpResponse(status=UNCHANGED)
    else:
        answer = HttpResponse(fill("portal/home_live.html", reverse("home"), _parts(request, rows, today, stamp)))
    add_never_cache_headers(answer)
    return answer


def _whole(request: SignedInRequest, rows: str, today: date, stamp: str) -> HttpResponseBase:
    """A page that greets, or says what was just done, does so once: it is not to be kept."""
    if len(get_messages(request)):
        greeting = render(request, "portal/home.html", _parts(request, rows, today, stamp))
        add_never_cache_headers(greeting)
        return greeting
    tag = f'W/"{stamp}"'
    answer = get_conditional_response(request, etag=tag)
    if answer is None:
        answer = _made(request, _parts(request, rows, today, stamp))
    answer.headers["ETag"] = tag
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


def _made(request: SignedInRequest, parts: dict[str, str]) -> HttpResponse:
    """The page whole. Its languages lead back to its own address, so one with a query is made by itself."""
    if request.META.get("QUERY_STRING"):
        return render(request, "portal/home.html", parts)
    return HttpResponse(fill("portal/home.html", reverse("home"), parts))


def _parts(request: SignedInRequest, rows: str, today: date, stamp: str) -> dict[str, str]:
    overview, token = read_overview(rows, today=today), get_token(request)
    facts = {"overview": overview, "today": today, "csrf_token": token}
    return {"state": render_to_string("portal/home_state.html", facts, request), "stamp": stamp, "csrf_token": token}
