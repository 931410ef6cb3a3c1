""" "No more" that only the provider heard: it refuses our message, since the reader has told this sender to stop.

Twilio obeys STOP by itself and need not bring it to us; Alibaba Cloud does so, too. By which way it was said does not
matter to the law (47 CFR 64.1200(a)(10)): it ends machines' calls as well, of which the next rung would be one.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from accounts.models import Consent, ContactPoint, User
from notifications.channels.base import Outcome
from notifications.channels.registry import suppliers_for
from notifications.heard import Heard
from notifications.models import Delivery
from notifications.preferences import MACHINES, stop_machines
from notifications.signatures import delivery_id_in

SMS: Final = Delivery.Channel.SMS
OBEY_THEMSELVES: Final = {"twilio": "START", "aliyun": ""}
"""Providers that go on refusing after a "stop", with what the reader answers to one of our messages so that they are
let through again. Of Alibaba Cloud no such word is known."""


def obey_refusals(outcomes: Iterable[Outcome], *, now: datetime) -> None:
    """Obey what providers said when they were asked to take these messages."""
    _obey([delivery_id_in(outcome.reference) for outcome in outcomes if outcome.opted_out], now)


def obey_reports(heard: Iterable[Heard], *, now: datetime) -> None:
    """Obey what providers reported. To be called before the reports move anything: whoever locks both locks people
    first.
    """
    _obey([one.delivery_id for one in heard if one.record.opted_out and one.delivery_id], now)


def _obey(delivery_ids: Collection[int], now: datetime) -> None:
    """Switch machines off for everybody whose number it is, as "stop" from there would have.

    The same refusal, however often it is met, is one withdrawal: where they are off already nothing changes, and of a
    message that was handed over before its reader last said yes the refusal is older than that yes.
    """
    if not delivery_ids:
        return
    refused = Delivery.objects.filter(pk__in=delivery_ids, channel=SMS, handed_at__isnull=False)
    handed = dict(refused.order_by("handed_at").values_list("address", "handed_at"))
    phones = ContactPoint.objects.live().filter(kind=ContactPoint.Kind.PHONE, address__in=handed)
    for phone in phones.select_related("user").order_by("user_id"):
        agreed = Consent.objects.filter(user=phone.user, channel__in=MACHINES, given=True)
        if not agreed.filter(at__gt=handed[phone.address]).exists():
            stop_machines(phone.user, now=now, source=Consent.Source.PROVIDER, address=phone.address)


def lifted_by(user: User) -> str | None:
    """What the reader has to answer to one of our messages before they arrive again, whatever is switched on here;
    empty where no word is known. None where nobody holds them back.

    A provider that was told to stop lets messages through when it is told otherwise, and does not tell us: what shows
    it is one that arrived since. A number of later is held back by nobody.
    """
    words = [OBEY_THEMSELVES[provider] for provider in suppliers_for(SMS) if provider in OBEY_THEMSELVES]
    heard_by = (Consent.Source.REPLY, Consent.Source.PROVIDER)
    said = Consent.objects.filter(user=user, channel=SMS, given=False, source__in=heard_by).first()
    phone = ContactPoint.objects.live().filter(user=user, kind=ContactPoint.Kind.PHONE).first()
    if not words or said is None or phone is None or phone.created_at > said.at:
        return None
    arrived = Delivery.objects.filter(prompt__borrower=user, channel=SMS, address=phone.address)
    return None if arrived.filter(delivered_at__gt=said.at).exists() else next(filter(None, words), "")
