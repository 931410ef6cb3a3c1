"""Kannel's delivery callbacks: a GET whose address holds a secret and whose query is the report."""

import re
from typing import Final
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from notifications import receipts
from notifications.channels.kannel_reports import UUID
from notifications.webhooks.door import PLAIN, is_secret, nothing_here, refuse, webhook

LONGEST_REPORT: Final = 4096
_TYPE: Final = re.compile(r"[0-9]{1,5}")
"""A number, also one that a later Kannel may add. Both are in every address that we give to Kannel."""


@webhook("kannel", "GET")
def kannel_report(request: HttpRequest, token: str) -> HttpResponse:
    """One delivery report. Kannel signs nothing: whoever knows the secret may report."""
    if not is_secret(token, settings.SMS_CALLBACK_TOKEN):
        return nothing_here()
    raw = request.META["QUERY_STRING"].encode("utf-8", "replace")
    if len(raw) > LONGEST_REPORT:
        return refuse(413, "A report of this length is not Kannel's.")
    told = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    if not _TYPE.fullmatch(told.get("type", "").strip()) or not UUID.fullmatch(
        told.get("reference", "").strip().lower()
    ):
        return refuse(400, "A delivery report has a type and a reference.")
    receipts.store(provider="kannel", raw=raw)
    return HttpResponse("ok", content_type=PLAIN)
