"""What the page of one borrower shows: how they can be reached, whose law holds for them, what they owe, what is open,
and their timeline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext

from accounts.models import ContactPoint, User
from accounts.zones import GuessedZone
from loans.models import Dispute, Installment, Loan
from notifications.models import AgentTask, Delivery, Preference, Sender
from notifications.reach import CONTACT_KIND, channels_in_use
from notifications.responsibility import Rules
from portal.admin.borrower_law import law_of
from portal.admin.duty_words import sender_words
from portal.admin.timeline import read_timeline
from portal.admin.timeline_rows import KINDS

LOANS_LISTED = 40
TASKS_LISTED = 3


@dataclass(frozen=True, slots=True)
class Way:
    """A channel of this borrower: its live contact point, if any, whether anybody provides the channel here, and
    whether they have switched it off.
    """

    channel: str
    words: str
    point: ContactPoint | None
    is_off: bool
    is_provided: bool

    @property
    def is_open(self) -> bool:
        reached = self.point is not None and self.point.unreachable_since is None
        return reached and self.is_provided and not self.is_off


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, and the address that chooses it."""

    words: str
    href: str
    is_chosen: bool


def borrower_page(borrower: User, query: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """The context of the page. `query` may hold `kind`, `loan` and `page`; what cannot be read is passed over."""
    loans, rules = list(_loans(borrower)), Rules.at(now)
    loan_id = _number(query.get("loan"))
    kind = query.get("kind", "") if query.get("kind", "") in KINDS else ""
    ways = _ways(borrower)
    timeline = read_timeline(borrower.pk, kind=kind, loan_id=loan_id, page=_number(query.get("page")) or 1)
    chosen = {"kind": kind, "loan": str(loan_id or "")}
    return {
        "local_time": timezone.localtime(now, borrower.zone),
        "zone": borrower.zone,
        "about_zone": about_zone(borrower, now),
        "law": law_of(borrower, now),
        "ways": ways,
        "any_way": any(way.is_open for way in ways),
        "loans": [_listed(loan, rules, chosen, loan_id) for loan in loans],
        "all_loans": _address({**chosen, "loan": ""}) if loan_id else "",
        "timeline": timeline,
        "kinds": _kinds(chosen),
        "chosen": chosen,
        "newer": _address({**chosen, "page": str(timeline.page - 1)}) if timeline.page > 1 else "",
        "older": _address({**chosen, "page": str(timeline.page + 1)}) if timeline.has_older else "",
        "open_tasks": list(AgentTask.objects.open().filter(borrower=borrower).order_by("act_by")[:TASKS_LISTED]),
        "open_disputes": list(Dispute.objects.of(borrower.pk).undecided().order_by("answer_due_on")),
    }


def about_zone(borrower: User, now: datetime) -> str:
    """What is to be said of a zone that nobody has said; empty where somebody has."""
    if borrower.zone_was_said:
        return ""
    if isinstance(borrower.zone, GuessedZone) and borrower.zone.behind(now):
        return gettext(
            "Nobody has said their time zone: they are told only while it is day everywhere in their country."
        )
    return gettext("Nobody has said their time zone: this one is taken.")


def _loans(borrower: User) -> Any:
    unsettled = Q(installments__state__in=[Installment.State.OPEN, Installment.State.AWAITING_BANK])
    waiting = Q(installments__state=Installment.State.AWAITING_BANK)
    counted = Loan.objects.of(borrower.pk).with_firms().with_next_due()
    return counted.annotate(
        left=Count("installments", filter=unsettled), awaiting=Count("installments", filter=waiting)
    )[:LOANS_LISTED]


def _listed(loan: Loan, rules: Rules, chosen: dict[str, str], loan_id: int | None) -> tuple[Loan, str, bool, str]:
    """A loan, the address that narrows the timeline down to it, whether it is, and the firm that sends its prompts;
    empty where the portal does.
    """
    words = sender_words(rules, loan)
    sender = "" if words == str(Sender.PORTAL.label) else words
    return loan, _address({**chosen, "loan": str(loan.pk)}), loan.pk == loan_id, sender


def _ways(borrower: User) -> list[Way]:
    points = {point.kind: point for point in ContactPoint.objects.live().filter(user=borrower)}
    off = set(Preference.objects.filter(user=borrower, enabled=False).values_list("channel", flat=True))
    provided = channels_in_use()
    return [
        Way(channel, str(Delivery.Channel(channel).label), points.get(kind), channel in off, channel in provided)
        for channel, kind in CONTACT_KIND.items()
    ]


def _kinds(chosen: dict[str, str]) -> list[Choice]:
    words = {"": gettext("Everything"), **KINDS}
    return [
        Choice(str(word), _address({**chosen, "kind": kind}), chosen["kind"] == kind) for kind, word in words.items()
    ]


def _address(chosen: dict[str, str]) -> str:
    return "?" + urlencode({name: value for name, value in chosen.items() if value})


def _number(text: str | None) -> int | None:
    """A positive number that the database can hold."""
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) <= 9 and int(text) else None
