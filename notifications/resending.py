"""An agent sends a prompt again, on a channel of their choice, beside its ladder.

It is one more delivery with its own ordinal and stands on no rung, so that the ladder neither waits for it nor takes
it for its own telling; if it arrives, it proves the prompt like any other.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import ContactPoint, User
from loans.models import Dispute, Installment
from notifications.bundles import companions_of, still_needed
from notifications.cancellation import LIVE
from notifications.clock import Clock
from notifications.events import record
from notifications.ladder import OFF_THE_LADDER, ladder_of
from notifications.models import Delivery, NoticeEvent, Preference, Prompt
from notifications.needed import look
from notifications.passed_by import STAGED, passed_by
from notifications.reach import CONTACT_KIND, open_to, reachable
from notifications.timing import lawful_moment

NOT_AGAIN_WITHIN: Final = timedelta(hours=1)

Status = Delivery.Status
_UNSENT: Final = (Status.QUEUED, Status.SENDING, Status.RETRYING)
_CAME_TO_NOTHING: Final = (Status.FAILED, Status.CANCELLED)


class CannotResendError(Exception):
    """A prompt was not sent again and nothing was changed. The text is for the agent: what is in the way."""


@transaction.atomic
def resend(*, prompt_id: int, channel: str, agent: User, now: datetime) -> Delivery:
    """Queue the prompt once more on `channel`, to the borrower's live contact point, within contact hours.

    Raises CannotResendError where it is not to be told any more, the borrower cannot be reached on the channel or has
    switched it off, or they have just been told there; Prompt.DoesNotExist. The caller wakes the senders on commit.
    """
    prompt = _locked(prompt_id)
    obstacle = why_not(prompt) or _disputed(prompt)
    if obstacle and not _needed_by_others(prompt):
        raise CannotResendError(obstacle)
    if outdated := _outdated(prompt, now):
        raise CannotResendError(outdated)
    point = _way(prompt, channel)
    _refuse_too_soon(prompt, channel, now)
    delivery = _queue(prompt, channel, point, now)
    record(
        NoticeEvent.Kind.RESENT,
        borrower_id=prompt.borrower_id,
        at=now,
        installment_id=prompt.installment_id,
        prompt_id=prompt.pk,
        delivery_id=delivery.pk,
        actor_id=agent.pk,
        channel=channel,
    )
    return delivery


@transaction.atomic
def resend_where_mended(*, prompt_id: int, since: datetime, agent: User, now: datetime) -> Delivery | None:
    """`resend` to a contact that came after `since`, else on the first channel of its ladder that leads somewhere; of a
    stage that a later one has followed meanwhile, that one, and None where it goes there already or has since `since`.
    Raises what that raises, and CannotResendError where nothing does.
    """
    prompt = _locked(prompt_id)
    if passed_by([prompt.pk], now=now):
        if _followed_since(prompt, since):
            return None
        prompt = _locked(_followed_by(prompt))
    ways = open_to(reachable([prompt.borrower_id])[prompt.borrower_id], prompt)
    ladder = [rung.channel for rung in ladder_of(prompt.kind).rungs if rung.channel in ways]
    channel = next(iter(sorted(ladder, key=lambda channel: ways[channel].created_at <= since)), None)
    if channel is None:
        raise CannotResendError(_("Nothing that we have leads to them: mend the contact first."))
    return resend(prompt_id=prompt.pk, channel=channel, agent=agent, now=now)


def _followed_by(prompt: Prompt) -> int:
    """The stage that tells its installment by now; itself where there is none."""
    same = Prompt.objects.filter(kind__in=STAGED, installment=prompt.installment_id, version=prompt.version)
    latest = same.filter(status__in=LIVE, voided_at=None).order_by("-pk")
    return latest.values_list("pk", flat=True).first() or prompt.pk


def _followed_since(prompt: Prompt, moment: datetime) -> bool:
    """Whether another stage of its installment is on its way outside the portal, or went out after `moment`, to where
    they are still reached.
    """
    others = Prompt.objects.filter(kind__in=STAGED, installment=prompt.installment_id, version=prompt.version)
    leading = others.exclude(pk=prompt.pk).values(leads=Coalesce("told_with", "pk"))
    sent = Delivery.objects.filter(prompt__in=leading).exclude(channel=Delivery.Channel.IN_APP)
    sent = sent.filter(contact_point__retired_at=None, contact_point__unreachable_since=None)
    return sent.filter(status__in=_UNSENT).exists() or _handed_over_since(sent, moment)


def why_not(prompt: Prompt) -> str:
    """Why a prompt is not to be told any more, in the active language; empty where it may be. Reads no other rows."""
    if prompt.status == Prompt.Status.CANCELLED:
        return _("This prompt was taken back (%(reason)s); it is not sent again.") % {"reason": prompt.reason or "-"}
    if prompt.installment is None or not prompt.asks_acknowledgement:
        return ""
    if prompt.installment.state != Installment.State.OPEN:
        state = prompt.installment.get_state_display()
        return _("There is nothing to ask for any more: the installment is “%(state)s”.") % {"state": state}
    if prompt.installment.version != prompt.version:
        return _("The bank has changed this installment since; a prompt with the new figures takes its place.")
    return ""


def _locked(prompt_id: int) -> Prompt:
    """The prompt that has the message. Two agents at once wait for each other here, so that the second sees what the
    first one queued.
    """
    prompts = Prompt.objects.select_related("borrower", "installment")
    prompt = prompts.select_for_update(of=("self",), no_key=True).get(pk=prompt_id)
    return _locked(prompt.told_with_id) if prompt.told_with_id else prompt


def _needed_by_others(prompt: Prompt) -> bool:
    """The message names several installments, and one of them is still to be paid."""
    return any(still_needed(one) for one in companions_of([prompt]).get(prompt.pk, ()))


def _disputed(prompt: Prompt) -> str:
    held = prompt.kind in Prompt.HELD_BY_DISPUTE and Dispute.objects.holding([prompt.installment_id or 0]).exists()
    return _("The borrower disputes this; overdue prompts are held until it is decided.") if held else ""


def _outdated(prompt: Prompt, now: datetime) -> str:
    outdated = prompt.pk in look([prompt.pk], now=now).over or passed_by([prompt.pk], now=now)
    return _("What this message says is not so any more; it is not sent again.") if outdated else ""


def _way(prompt: Prompt, channel: str) -> ContactPoint:
    ways = reachable([prompt.borrower_id])[prompt.borrower_id]
    point = open_to(ways, prompt).get(channel)
    if point is None:
        raise CannotResendError(_why_no_way(prompt.borrower_id, channel, known=channel in ways))
    return point


def _why_no_way(borrower_id: int, channel: str, *, known: bool) -> str:
    if channel not in CONTACT_KIND:
        return _("This cannot be sent there: choose SMS or email. The message lies in the portal in any case.")
    name = Delivery.Channel(channel).label
    if known:
        words = _("The address for %(channel)s was named by another firm, and the borrower has not chosen it here.")
        return words % {"channel": name}
    if Preference.objects.filter(user=borrower_id, channel=channel, enabled=False).exists():
        return _("The borrower has switched off this channel: %(channel)s.") % {"channel": name}
    if ContactPoint.objects.live().filter(user=borrower_id, kind=CONTACT_KIND[channel]).exists():
        return _("The borrower cannot be reached on this channel: %(channel)s.") % {"channel": name}
    return _("We have nothing to reach the borrower with on this channel: %(channel)s.") % {"channel": name}


def _refuse_too_soon(prompt: Prompt, channel: str, now: datetime) -> None:
    there = prompt.deliveries.filter(channel=channel)
    if there.filter(status__in=_UNSENT).exists():
        raise CannotResendError(_("One is on its way on this channel already. Wait for what becomes of it."))
    if _handed_over_since(there, now - NOT_AGAIN_WITHIN):
        raise CannotResendError(_("One went out on this channel within the last hour. Give it time, or take another."))


def _handed_over_since(deliveries: "QuerySet[Delivery]", moment: datetime) -> bool:
    """`claimed_at` stands in for a hand-over of which nobody knows how it ended."""
    recent = Q(sent_at__gt=moment) | Q(sent_at=None, claimed_at__gt=moment)
    return deliveries.exclude(status__in=_CAME_TO_NOTHING).filter(recent).exists()


def _queue(prompt: Prompt, channel: str, point: ContactPoint, now: datetime) -> Delivery:
    """Ordinal 0 is left to the ladder, which may still want this channel."""
    zone = prompt.borrower.zone
    hours, rule = Clock.at(now).hours_for(prompt.borrower.jurisdiction, prompt.kind, zone)
    moment = lawful_moment(now, now=now, zone=zone, hours=hours, latest=prompt.latest).at
    last = prompt.deliveries.filter(channel=channel).aggregate(last=Max("ordinal"))["last"] or 0
    return Delivery.objects.create(
        prompt=prompt,
        channel=channel,
        contact_point=point,
        address=point.address,
        rung=OFF_THE_LADDER,
        ordinal=last + 1,
        next_attempt_at=moment,
        held_by=rule if moment > now else "",
    )
