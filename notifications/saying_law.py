"""Says by a person's word whose law holds for a borrower, and gives that back to guessing.

The law decides about contact hours, caps and notice periods, and a phone or time zone may say the wrong one
(`accounts.jurisdictions`). What was said is changed by no zone, phone or policy file, only here. It holds from the next
claim and the next plan on; the moments and deadlines of what is planned stay.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.jurisdictions import guess_again, put_under
from accounts.models import User
from notifications.events import record
from notifications.models import NoticeEvent
from notifications.policy_files import jurisdictions

GUESS: Final = "guess"
"""In place of a law: the one that is guessed now."""


class LawNotSaidError(Exception):
    """Nothing was changed; the text, in the active language, says why to whoever would have said it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The law of a borrower as somebody had it before them: its code, and when it was said; None: it is guessed."""

    law: str
    said_at: datetime | None

    @classmethod
    def of(cls, borrower: User) -> "Seen":
        return cls(borrower.jurisdiction, borrower.jurisdiction_said_at)

    @classmethod
    def parse(cls, text: str) -> "Seen":
        """What `str` gave; of anything else the law of nobody."""
        law, _blank, moment = text.partition(" ")
        try:
            said_at = datetime.fromisoformat(moment) if moment else None
        except ValueError:
            return cls("", None)
        return cls("", None) if said_at and said_at.tzinfo is None else cls(law, said_at)

    def __str__(self) -> str:
        return f"{self.law} {self.said_at.isoformat() if self.said_at else ''}".rstrip()


@transaction.atomic
def say_law(*, borrower_id: int, law: str, reason: str, agent: User, now: datetime, seen: Seen) -> str:
    """Put a borrower under `law`, the code of a policy file or GUESS, and record it; returns the code that holds now.

    `reason` holds no address. Raises LawNotSaidError where that is so already or the law is not the one any more that
    was `seen`, and ValueError for a code without a file.
    """
    if law not in {GUESS, *jurisdictions()}:
        raise ValueError(f"There is no policy for {law[:20]!r}.")
    if law == (seen.law if seen.said_at else GUESS):
        raise LawNotSaidError(_("That is so already; nothing was changed."))
    if law == GUESS:
        # An intake that takes in another phone would leave a guess from the one before.
        User.objects.select_for_update(no_key=True).filter(pk=borrower_id).first()
    after, said_at = (guess_again(borrower_id), None) if law == GUESS else (law, now)
    if not put_under(after, borrower_id, said_at=said_at, seen=seen.law, seen_at=seen.said_at):
        raise LawNotSaidError(_("Whose law holds was changed meanwhile; look at it and decide again."))
    record(
        NoticeEvent.Kind.LAW,
        borrower_id=borrower_id,
        at=now,
        actor_id=agent.pk,
        before=seen.law,
        before_said=seen.said_at is not None,
        after=after,
        after_said=said_at is not None,
        reason=reason,
    )
    return after
