"""Where providers report: authenticate, store raw, answer. No business here."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from notifications.receipts import store

LONGEST_REPORT = 4096


@login_not_required
@csrf_exempt
@require_GET
def kannel_report(request: HttpRequest, token: str) -> HttpResponse:
    """One delivery report of Kannel, as the query of a GET. A wrong token is answered like a page that is not there.

    A fault of ours is a 500, at which Kannel tries again; a repeated report is stored again and answered alike.
    """
    expected = settings.SMS_CALLBACK_TOKEN
    if not expected or not constant_time_compare(token, expected):
        return HttpResponseNotFound()
    raw = request.META["QUERY_STRING"].encode("utf-8", "replace")
    if len(raw) > LONGEST_REPORT:
        return HttpResponse("A report of this length is not Kannel's.", status=413, content_type="text/plain")
    store(provider="kannel", raw=raw)
    return HttpResponse("ok", content_type="text/plain")
