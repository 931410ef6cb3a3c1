"""How old the proof of a mail firm's call is, where it signs a time: a captured one is good for days, not for ever.

Mailgun signs a time and a token within the report and calls again for 8 hours
(documentation.mailgun.com, "Automatic Retries"); SendGrid signs a header and the body and calls again for 24 hours
(docs.sendgrid.com, "Troubleshooting the Event Webhook"). Of Resend's time svix allows five minutes by itself. Postmark
signs none, and the others none that anymail checks.
"""

from datetime import datetime, timedelta
from math import isfinite
from typing import Final

import orjson
from django.http import HttpRequest

OLDEST: Final = timedelta(days=3)
"""Well over what either takes to call again, whether or not it signs each call anew."""
_SENDGRIDS: Final = "X-Twilio-Email-Event-Webhook-Timestamp"


def is_too_old(esp: str, request: HttpRequest, now: datetime) -> bool:
    """Whether a call, proved to be of the firm `esp`, was signed too long ago. False where no time is signed, and where
    it is ahead: nobody else can sign one, and a clock of theirs costs no report.

    Raises one of `esp_proofs.UNREADABLE` where the time, in seconds since 1970, cannot be read.
    """
    match esp:
        case "mailgun" if request.content_type == "application/json":
            signed = orjson.loads(request.body)["signature"]["timestamp"]
        case "mailgun":
            signed = request.POST["timestamp"]
        case "sendgrid" if _SENDGRIDS in request.headers:
            signed = request.headers[_SENDGRIDS]
        case _:
            return False
    if not isfinite(at := float(signed)):
        raise ValueError("what is signed is no moment")
    return now.timestamp() - at > OLDEST.total_seconds()
