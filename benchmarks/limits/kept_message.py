"""The limit of taking pushed events: a view that verifies the signature and does one INSERT of the same message."""

import json
import os
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from loans.api.signature import is_signed

SECRET: Final = "EVENTS_SECRET"
"""The variable of the environment that names the partner's secret to the web server."""
PARTNER: Final = "EVENTS_PARTNER"
_INSERT: Final = """
INSERT INTO loans_report (partner_id, kind, name, content, digest, message_id, headers, received_at, status,
                          applied, unchanged, unmatched, waiting_count, refusals, remarks)
VALUES (%s, 'events', %s, %s, '', %s, %s, %s, 'received', 0, 0, 0, 0, '[]', '[]')
"""


@login_not_required
@csrf_exempt
def keep(request: HttpRequest) -> HttpResponse:
    """POST."""
    message_id, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    signature, body = request.headers["webhook-signature"], request.body
    if not is_signed(signature, os.environ[SECRET], message_id, int(timestamp), body):
        return HttpResponse(status=401)
    headers = json.dumps({"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature})
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, (os.environ[PARTNER], message_id, body, message_id, headers, timezone.now()))
    return HttpResponse(status=202)
