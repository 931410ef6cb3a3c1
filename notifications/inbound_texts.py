"""What borrowers write back by SMS: "I know" with its code, "no more SMS", or something that a person reads.

"Stop" is always obeyed (47 CFR 64.1200(a)(10)), also where SMS is the last channel that reaches somebody: their
prompts then go to a person, and the answer says so. It is confirmed once, in the answer to that very message.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Consent, ContactPoint, User
from notifications.acknowledgement import LINK_LIVES, acknowledge_delivery
from notifications.channels.inbound import InboundText as Words
from notifications.events import record
from notifications.models import Acknowledgement, Callback, Delivery, InboundText, NoticeEvent, Prompt
from notifications.preferences import set_channel
from notifications.reach import reachable
from notifications.replies import Acknowledge, Other, Reply, Stop, classify
from notifications.signatures import reply_code

Meaning = InboundText.Meaning


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a message: a word for the desk, the telling it answers, and what its sender is told (or nothing)."""

    outcome: str
    delivery_id: int | None = None
    answer: str = ""


@transaction.atomic
def receive(words: Words, raw: bytes, *, now: datetime) -> str:
    """Keep one authenticated message, do what it asks for, and give the answer for its sender, empty for none."""
    callback = Callback.objects.create(provider=f"{words.provider}_in", raw=raw, received_at=now, applied_at=now)
    reply = classify(words.text)
    borrower = _sender(words.sender_e164)
    if borrower is None:
        done = Done("sender not known")
    else:
        with translation.override(borrower.locale):
            done = _do(reply, borrower, words.sender_e164, now)
    InboundText.objects.create(
        callback=callback,
        borrower=borrower,
        meaning=_meaning(reply),
        outcome=done.outcome,
        delivery_id=done.delivery_id,
        received_at=now,
    )
    return done.answer


def _sender(address: str) -> User | None:
    point = ContactPoint.objects.live().filter(kind=ContactPoint.Kind.PHONE, address=address).select_related("user")
    found = list(point[:2]) if address else []
    return found[0].user if len(found) == 1 else None


def _meaning(reply: Reply) -> InboundText.Meaning:
    match reply:
        case Stop():
            return Meaning.STOP
        case Acknowledge():
            return Meaning.ACKNOWLEDGE
        case Other():
            return Meaning.OTHER


def _do(reply: Reply, borrower: User, address: str, now: datetime) -> Done:
    match reply:
        case Stop():
            return _stop(borrower, now)
        case Acknowledge(code):
            return _acknowledge(borrower, address, code, now)
        case Other():
            return Done("for a person to read")


def _stop(borrower: User, now: datetime) -> Done:
    channel = Delivery.Channel.SMS
    if not set_channel(borrower, channel, enabled=False, now=now, source=Consent.Source.REPLY):
        return Done("switched off before")
    if reachable([borrower.pk])[borrower.pk]:
        return Done("switched off", answer=gettext("You get no more SMS from us. We use your other channels."))
    answer = gettext(
        "You get no more SMS from us. As nothing else reaches you, a person calls before a payment is due."
    )
    return Done("switched off, a person calls", answer=answer)


def _acknowledge(borrower: User, address: str, code: str, now: datetime) -> Done:
    """The code names a telling that went to this very number."""
    asked = Delivery.objects.filter(
        prompt__borrower=borrower,
        prompt__kind__in=Prompt.ASKING,
        channel=Delivery.Channel.SMS,
        address=address,
        sent_at__gte=now - LINK_LIVES,
    )
    found = next((pk for pk in asked.order_by("-pk").values_list("pk", flat=True) if reply_code(pk) == code), None)
    if found is None or not acknowledge_delivery(found, method=Acknowledgement.Method.REPLY, now=now):
        return Done("code names nothing", answer=gettext("This code is not known here. Please open the link instead."))
    record(NoticeEvent.Kind.REPLIED, borrower_id=borrower.pk, at=now, delivery_id=found)
    return Done("acknowledged", found, gettext("Thank you. We noted that you know."))
