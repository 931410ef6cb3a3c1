"""Where providers hand over what borrowers write: authenticate, keep, do what it asks, and answer in their way."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from notifications import inbound_texts
from notifications.channels.aliyun_reports import read_batch
from notifications.channels.inbound import InboundText, read_aliyun, read_kannel, read_twilio
from notifications.channels.segments import is_gsm
from notifications.channels.twiml import write_text_answer
from notifications.webhooks.door import PLAIN, is_secret, is_too_long, nothing_here, refuse, webhook
from notifications.webhooks.twilio_door import Called, admit

LONGEST: Final = 8_000
"""Of Kannel's line; the web server takes little more (`limit_request_line`)."""
LONGEST_BATCH: Final = 1_000_000
REQUIRED: Final = frozenset({"From", "Body"})
UCS2: Final = "2"
"""Kannel's number of the coding that writes any letter, as `channels.kannel` says it of what it sends."""
NO_MESSAGE: Final = "A message has a sender and a text."


@webhook("kannel_in", "GET")
def kannel_text(request: HttpRequest, token: str) -> HttpResponse:
    """One message by Kannel's sms-service; what is answered here goes back to its sender as an SMS."""
    if not is_secret(token, settings.SMS_CALLBACK_TOKEN):
        return nothing_here()
    raw = request.META["QUERY_STRING"].encode("utf-8", "replace")
    if len(raw) > LONGEST:
        return refuse(413, "A message of this length is not Kannel's.")
    answer = _receive(read_kannel(raw), raw)
    return refuse(400, NO_MESSAGE) if answer is None else _answer_kannel(answer)


def _answer_kannel(words: str) -> HttpResponse:
    """Whatever is said of its letters, Kannel writes an answer in seven bits unless this header says otherwise."""
    answer = HttpResponse(words, content_type=f"{PLAIN}; charset=utf-8")
    if not is_gsm(words):
        answer.headers["X-Kannel-Coding"] = UCS2
    return answer


@webhook("twilio_in", "POST")
def twilio_text(request: HttpRequest) -> HttpResponse:
    """One message by Twilio, signed; it is answered in its markup."""
    called = admit(request, REQUIRED)
    if not isinstance(called, Called):
        return called
    answer = _receive(read_twilio(called.form), called.raw)
    if answer is None:
        return refuse(400, NO_MESSAGE)
    return HttpResponse(write_text_answer(answer), content_type="application/xml")


@webhook("aliyun_in", "POST")
def aliyun_texts(request: HttpRequest, token: str) -> HttpResponse:
    """A batch of messages (SmsUp). An answer would need a registered template of its own, so none goes out: what was
    done stands in the portal.
    """
    if not is_secret(token, settings.ALIYUN_CALLBACK_TOKEN):
        return nothing_here()
    if is_too_long(request, LONGEST_BATCH):
        return refuse(413, "A batch of this length is not Alibaba Cloud's.")
    # An empty push is answered as any other, or it would come again three times.
    if read_batch(request.body) != [] and _receive(read_aliyun(request.body), request.body) is None:
        return refuse(400, NO_MESSAGE)
    return JsonResponse({"code": 0, "msg": "ok"})


def _receive(texts: list[InboundText], raw: bytes) -> str | None:
    """The answer for their senders, empty for none; None where no message is of anybody.

    A phone can send a text without a sign in it. Kannel would answer a refusal by an SMS of its own ("could not fetch
    content"), and Alibaba Cloud would bring the whole batch again: it is taken, and nothing is kept of it.
    """
    of_somebody = [text for text in texts if text.says_who]
    if not of_somebody:
        return None
    saying = [text for text in of_somebody if text.says_what]
    return inbound_texts.receive(saying, raw, now=timezone.now()) if saying else ""
