"""The borrower's own "I know", and the weaker "it was opened"."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifications.addresses import LINKS, MESSAGES
from notifications.cancellation import LIVE, cancel_unsent
from notifications.ending_told import set_free
from notifications.events import about, record_all
from notifications.letting_off import let_off
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Prompt
from notifications.named import named, named_by_what_arrived
from notifications.partner_news import tell_acknowledged
from notifications.signatures import LinkExpired, LinkInvalid, link_token, read_link_token
from notifications.states import Status, Step, advance
from notifications.told_meanwhile import close_answered
from notifications.wording.facts import Facts

LINK_LIVES: Final = timedelta(days=45)
"""From the sending: past the due date of any prompt and a month of asking what that message was."""
REASON: Final = "acknowledged"

__all__ = [
    "LinkExpired",
    "LinkInvalid",
    "acknowledge",
    "acknowledge_delivery",
    "address_of",
    "mark_opened",
    "mark_seen",
    "read_link",
]


class NothingToAcknowledge(Exception):  # noqa: N818  (it names what is true of the prompt)
    """The prompt asks for no acknowledgement, or nothing has been said about it yet."""


def address_of(delivery_id: int, prompt_id: int, *, asks: bool, now: datetime) -> str:
    """Where the button of a message leads.

    One that `asks` for an answer gets a signed, expiring link that needs no sign-in; any other its page behind one.
    """
    if asks:
        return f"{settings.PUBLIC_URL}/{LINKS}{link_token(delivery_id, now + LINK_LIVES)}/"
    return f"{settings.PUBLIC_URL}/{MESSAGES}{prompt_id}/"


def read_link(token: str, now: datetime | None = None) -> Delivery:
    """The delivery that a link opens, with its prompt. Raises LinkExpired or LinkInvalid. Changes nothing."""
    delivery_id = read_link_token(token, now or timezone.now())
    found = Delivery.objects.select_related(
        "prompt__borrower", "prompt__installment__loan__bank", "prompt__installment__loan__platform"
    )
    try:
        return found.get(pk=delivery_id)
    except Delivery.DoesNotExist as error:
        raise LinkInvalid(f"Delivery {delivery_id} does not exist.") from error


@transaction.atomic
def acknowledge(*, prompt_id: int, method: str, delivery_id: int | None, now: datetime) -> Acknowledgement:
    """Record that the borrower knows: bound to the amount, date and wording of the telling that they answered.

    `delivery_id` None means the message in the portal. Said twice, the first one stands and is returned. Raises
    NothingToAcknowledge for a prompt that asks for none, not by this method, or has not been told.
    """
    told = Delivery.objects.select_related("prompt").filter(prompt=prompt_id)
    told = told.filter(pk=delivery_id) if delivery_id else told.filter(channel=Delivery.Channel.IN_APP)
    delivery = told.exclude(facts=None).first()
    if delivery is None or not _may_answer(delivery.prompt, method):
        raise NothingToAcknowledge(f"Prompt {prompt_id} has nothing to acknowledge by {method}.")
    facts = Facts.from_json(delivery.facts or {})
    if facts.amount is None or facts.due_on is None:
        raise NothingToAcknowledge(f"Delivery {delivery.pk} named no amount or no date.")
    answered = _named(delivery, facts.amount)
    if not answered:
        raise NothingToAcknowledge(f"Delivery {delivery.pk} named nothing that prompt {prompt_id} is about.")
    common = {
        "borrower_id": delivery.prompt.borrower_id,
        "delivery": delivery,
        "method": method,
        "currency": facts.currency,
        "due_on": facts.due_on,
        "wording": delivery.wording,
        "acknowledged_at": now,
    }
    return _record(answered, common, now)


def _may_answer(prompt: Prompt, method: str) -> bool:
    return prompt.kind in (Prompt.ANSWERED_UNREAD if method in Acknowledgement.UNREAD else Prompt.ASKING)


def _record(named: Sequence[tuple[Prompt, Decimal]], common: dict[str, Any], now: datetime) -> Acknowledgement:
    """Each with the amount that was named for it; those that were answered before stay as they are."""
    unanswered = [(one, amount) for one, amount in named if not hasattr(one, "acknowledgement")]
    if not unanswered:
        answered: Acknowledgement = named[0][0].acknowledgement
        return answered
    (first, own), *rest = unanswered
    made, new = Acknowledgement.objects.get_or_create(prompt=first, defaults={**common, "amount": own})
    if new:
        others = [Acknowledgement(prompt=one, amount=amount, **common) for one, amount in rest]
        Acknowledgement.objects.bulk_create(others, ignore_conflicts=True)
        _settle([one for one, _amount in unanswered], made, now)
        tell_acknowledged([made, *others], at=now)
    return made


def acknowledge_delivery(delivery_id: int | None, *, method: str, now: datetime) -> bool:
    """The same for the telling of this id; False where it is none or has nothing to acknowledge."""
    delivery = Delivery.objects.filter(pk=delivery_id or 0).first()
    if delivery is None:
        return False
    try:
        acknowledge(prompt_id=delivery.prompt_id, method=method, delivery_id=delivery.pk, now=now)
    except NothingToAcknowledge:
        return False
    return True


def _named(delivery: Delivery, amount: Decimal) -> list[tuple[Prompt, Decimal]]:
    """The prompts whose installments the message named, with the amount that it named for each."""
    leading = delivery.prompt
    bundle = Prompt.objects.bundles([leading.pk]).select_related("acknowledgement").order_by("pk")
    if figures := named(delivery):
        return [(one, figures[one.installment_id or 0].amount) for one in bundle.filter(installment__in=figures)]
    # Facts that were kept before a single one of a bundle had its item: it was the one that was not void by then.
    left = bundle.filter(Q(voided_at=None) | Q(voided_at__gt=delivery.handed_at or delivery.prompt.planned_at))
    return [(one, amount) for one in (left if len(left) == 1 else [leading])]


def mark_seen(*, prompt: Prompt, now: datetime) -> None:
    """The signed-in borrower opened the message: it provably reached them."""
    delivery = prompt.deliveries.filter(channel=Delivery.Channel.IN_APP, seen_at=None).first()
    if delivery is None:
        return
    with transaction.atomic():
        advance([Step(delivery_id=delivery.pk, to=Status.DELIVERED)], now=now)
        _note_seen(delivery, prompt, now)


def mark_opened(delivery: Delivery, *, now: datetime) -> None:
    """Somebody or something fetched the link: weak, since mail scanners do it too, and it moves nothing."""
    with transaction.atomic():
        _note_seen(delivery, delivery.prompt, now)


def _note_seen(delivery: Delivery, prompt: Prompt, now: datetime) -> None:
    if not Delivery.objects.filter(pk=delivery.pk, seen_at=None).update(seen_at=now):
        return
    seen = about(prompt, NoticeEvent.Kind.SEEN, delivery_id=delivery.pk, channel=delivery.channel)
    record_all([seen], at=now)


def _left_behind(over: Collection[int]) -> list[Prompt]:
    """Whose ladder was that of one of these, and who was neither answered for nor named by anything that arrived: held
    whenever a message was worded.
    """
    behind = Prompt.objects.filter(told_with__in=over, voided_at=None, status__in=LIVE)
    behind = behind.exclude(pk__in=over).order_by("pk")
    if not (found := list(behind)):
        return []
    arrived = named_by_what_arrived({one.told_with_id or 0 for one in found})
    return [one for one in found if (one.told_with_id, one.installment_id) not in arrived]


def _end_carrier(leading_id: int | None) -> set[int]:
    """The one that led and is void, ended, since it carried the message for those who answered alone."""
    carrier = Prompt.objects.filter(pk=leading_id or 0, voided_at__isnull=False)
    carrier.filter(status__in=LIVE).update(status=Prompt.Status.CANCELLED, reason=REASON)
    return set(carrier.values_list("pk", flat=True))


def _settle(prompts: Sequence[Prompt], answer: Acknowledgement, now: datetime) -> None:
    """What follows from knowing: the ladder stops, unsent tellings and open tasks are taken back.

    What of a bundle the message did not name is void, and where it leads, it has carried the message for these alone;
    or it was held: then it is told by itself, and one that leads keeps its ladder, messages and task.
    """
    ids, delivery = {prompt.pk for prompt in prompts}, answer.delivery
    Prompt.objects.filter(pk__in=ids).exclude(status=Prompt.Status.CANCELLED).update(status=Prompt.Status.ACKNOWLEDGED)
    over = sorted(ids | _end_carrier(delivery.prompt_id if delivery and delivery.prompt_id not in ids else None))
    set_free(_left_behind(over), now=now)
    cancel_unsent(over, reason=REASON, now=now)
    close_answered(over, now=now)
    let_off(ids, why=REASON, now=now)
    how: dict[str, Any] = {"delivery_id": answer.delivery_id, "method": answer.method, "wording": answer.wording}
    record_all((about(one, NoticeEvent.Kind.ACKNOWLEDGED, **how) for one in prompts), at=now)
