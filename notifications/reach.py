"""On which channels a borrower can be reached now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from accounts.models import ContactPoint
from accounts.phones import is_landline
from loans.models import Installment, Loan
from notifications.channels.registry import suppliers_for
from notifications.models import Delivery, Preference, Prompt

CONTACT_KIND: Final[dict[str, str]] = {
    Delivery.Channel.SMS: ContactPoint.Kind.PHONE,
    Delivery.Channel.EMAIL: ContactPoint.Kind.EMAIL,
    Delivery.Channel.VOICE: ContactPoint.Kind.PHONE,
    Delivery.Channel.PUSH: ContactPoint.Kind.PUSH,
}
"""The kind of contact point that a channel needs; the portal itself needs none."""

_TO_BE_PAID: Final = (Installment.State.OPEN, Installment.State.AWAITING_BANK)

WAY: Final = """
LEFT JOIN accounts_contactpoint AS point ON point.id = telling.contact_point_id
LEFT JOIN notifications_preference AS likes
       ON likes.user_id = telling.borrower_id AND likes.channel = telling.channel AND telling.channel <> 'in_app'
"""
WHY_CLOSED: Final = """
CASE WHEN NOT likes.enabled THEN 'the borrower has switched this channel off'
     WHEN point.retired_at IS NULL AND point.unreachable_since IS NOT NULL THEN 'the address was called unreachable'
     WHEN point.retired_at IS NOT NULL AND NOT EXISTS (
         SELECT FROM accounts_contactpoint AS again
         WHERE again.user_id = point.user_id AND again.kind = point.kind AND again.address = point.address
           AND again.retired_at IS NULL AND again.unreachable_since IS NULL
           AND (again.named_by = '{}' OR again.named_by && ARRAY[loan.bank_id, loan.platform_id]))
     THEN 'the address is not in use any more'
     ELSE '' END"""
"""SQL, beside the joins of WAY and the tables `telling` and `loan`: why a planned delivery must not go where it was to
go, as `reachable` and `open_to` would say now; empty where it may. An address that was given up and is in use again is
open."""


def closes(channel: str, address: str) -> bool:
    """Whether a provider's word that this address will never work closes it for all that its contact point serves: a
    landline that no text message reaches can be called.
    """
    return channel != Delivery.Channel.SMS or not is_landline(address)


def channels_in_use() -> list[str]:
    """The channels that leave the portal and that somebody provides here."""
    return [channel for channel in CONTACT_KIND if suppliers_for(channel)]


def firms_of(loan: Loan) -> set[int]:
    """The ids of the firms whose loan it is."""
    return {firm for firm in (loan.bank_id, loan.platform_id) if firm}


def open_to(ways: Mapping[str, ContactPoint], prompt: Prompt) -> dict[str, ContactPoint]:
    """Of the ways to its borrower those that this prompt may take: an address that firms named tells of loans of
    theirs alone. Reads what the prompt is about, with its loan.
    """
    firms = firms_of(prompt.loan)
    return {channel: point for channel, point in ways.items() if point.tells_of_loans_of(firms)}


def is_last(borrower_id: int, channel: str) -> bool:
    """Whether without `channel` nothing reaches the borrower, or nothing that may tell of a loan on which something is
    to be paid and of which it tells.
    """
    ways = reachable([borrower_id])[borrower_id]
    others = [point for name, point in ways.items() if name != channel]
    return (channel in ways or not ways) and not _all_told(borrower_id, others, so_far=[ways[channel]] if ways else ())


def all_reached_without(channels: Collection[str], borrower_id: int) -> bool:
    """Whether something else reaches the borrower about each loan on which something is to be paid."""
    ways = reachable([borrower_id])[borrower_id]
    return _all_told(borrower_id, [point for name, point in ways.items() if name not in channels])


def _all_told(borrower_id: int, others: Sequence[ContactPoint], so_far: Sequence[ContactPoint] = ()) -> bool:
    """Whether one of `others` tells of each loan, or of each of which one of `so_far` tells."""
    if not others:
        return False
    loans = Loan.objects.filter(borrower=borrower_id, installments__state__in=_TO_BE_PAID).distinct()
    return all(
        any(point.tells_of_loans_of(firms) for point in others)
        for firms in map(firms_of, loans.only("bank", "platform"))
        if not so_far or any(point.tells_of_loans_of(firms) for point in so_far)
    )


def reachable(borrower_ids: Iterable[int]) -> dict[int, dict[str, ContactPoint]]:
    """For each borrower the channels that are on and whose contact point nobody has called unreachable, whatever it may
    tell of.
    """
    wanted = set(borrower_ids)
    off = set(
        Preference.objects.filter(user_id__in=wanted, enabled=False).values_list("user_id", "channel"),
    )
    in_use = channels_in_use()
    ways: dict[int, dict[str, ContactPoint]] = {borrower_id: {} for borrower_id in wanted}
    for point in ContactPoint.objects.reachable().filter(user_id__in=wanted):
        for channel in in_use:
            if point.kind == CONTACT_KIND[channel] and (point.user_id, channel) not in off:
                ways[point.user_id][channel] = point
    return ways
