"""The page behind the link in a message. It needs no sign-in and shows no more than the message was about."""

from contextlib import suppress
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.acknowledgement import NothingToAcknowledge, acknowledge, mark_opened, read_link
from notifications.bundles import answers_to
from notifications.models import Acknowledgement, Delivery
from notifications.signatures import LinkExpired, LinkInvalid
from notifications.telling import telling_of

HEADERS: Final = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


# The signed token in the address is the only authority here: no cookie is read, so there is no request to forge. And
# under `no-referrer` a browser sends "Origin: null", which Django's check would refuse.
@login_not_required
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what the message was about and changes nothing but "opened"; POST acknowledges it."""
    try:
        delivery = read_link(token)
    except LinkExpired:
        return _answer(request, "messages/link_expired.html", status=410)
    except LinkInvalid:
        return _answer(request, "messages/link_invalid.html", status=404)
    with translation.override(_language(request, delivery)), timezone.override(delivery.prompt.borrower.zone):
        return _acknowledge(request, delivery) if request.method == "POST" else _show(request, delivery)


def _show(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    if request.method == "GET":
        mark_opened(delivery, now=timezone.now())
    telling = telling_of(delivery.prompt, delivery)
    answer = answers_to([delivery.prompt]).get(delivery.prompt_id)
    context = {"prompt": delivery.prompt, "telling": telling, "acknowledgement": answer}
    return _answer(request, "messages/link.html", context)


def _acknowledge(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    with suppress(NothingToAcknowledge):  # the page says what there is to know instead
        acknowledge(
            prompt_id=delivery.prompt_id,
            method=Acknowledgement.Method.LINK,
            delivery_id=delivery.pk,
            now=timezone.now(),
        )
    # The address as it came, so that a reload shows the thanks and sends nothing again.
    return _sealed(HttpResponseRedirect(request.get_full_path(), status=303))


def _answer(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    language = translation.get_language()
    others = [(code, name) for code, name in settings.LANGUAGES if code != language]
    response = _sealed(render(request, template, {**(context or {}), "other_languages": others}, status=status))
    response.headers["Content-Language"] = language
    return response


def _sealed(response: HttpResponse) -> HttpResponse:
    """Neither this address nor what stands behind it is passed on or kept."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def _language(request: HttpRequest, delivery: Delivery) -> str:
    chosen = request.GET.get("language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else delivery.prompt.borrower.locale
