"""Where a dispute stands for its borrower: whose move is next and until when, in words, a tone and a shape. Pure."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language, gettext

from loans import dates
from loans.models import Dispute


@dataclass(frozen=True, slots=True)
class DisputeStanding:
    """`sentence` says in the active language what `tone` (good, warn, danger or none) and `icon` only repeat.

    `word` is the same in one or two words.
    """

    word: str
    sentence: str
    tone: str
    icon: str


def dispute_standing(dispute: Dispute, today: date) -> DisputeStanding:
    """The standing of one dispute. `today` is the borrower's day."""
    if dispute.decided_at:
        decision = dispute.get_decision_display()
        return DisputeStanding(gettext("Decided"), gettext("Decided: %s.") % decision, "good", "check")
    language = get_language() or "en"
    facts = {
        "day": dates.day(dispute.answer_due_on, language, today),
        "near": dates.relative((dispute.answer_due_on - today).days, language),
    }
    if dispute.answer_due_on < today:
        late = gettext("We are late: you should have had our decision by %(day)s (%(near)s). It is still our turn.")
        return DisputeStanding(gettext("We are late"), late % facts, "danger", "danger")
    if dispute.status == Dispute.Status.ANSWERED:
        yours = gettext("We have written to you. Answer if you like; we decide by %(day)s (%(near)s) in any case.")
        return DisputeStanding(gettext("We have written to you"), yours % facts, "warn", "message")
    ours = gettext("It is our turn: we decide by %(day)s (%(near)s). You need not do anything.")
    return DisputeStanding(gettext("With us"), ours % facts, "", "waiting")
