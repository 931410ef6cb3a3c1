"""Whose law holds for a borrower: as their page shows it, and the form by which who may says it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.law_words import law_words
from notifications.models import NoticeEvent
from notifications.policy import Purpose
from notifications.policy_files import jurisdictions, policy_for
from notifications.saying_law import GUESS, Seen
from notifications.timing import local_day
from portal.admin.own_words import without_addresses

MAY_SAY: Final = "accounts.say_law"


@dataclass(frozen=True, slots=True)
class Law:
    """`name` of the law that the borrower is under, and of the one whose figures hold `instead` while it has none; of
    one that was said when, by whom and why, the last two empty where the record of then is removed.
    """

    name: str
    instead: str
    said_at: datetime | None
    by: str = ""
    why: str = ""


def law_of(borrower: User, now: datetime) -> Law:
    """No query where it is guessed, else two."""
    holds = policy_for(borrower.jurisdiction, Purpose.COLLECTION, local_day(now, borrower.zone)).jurisdiction
    instead = law_words(holds) if holds != borrower.jurisdiction else ""
    name, said_at = law_words(borrower.jurisdiction), borrower.jurisdiction_said_at
    if said_at is None:
        return Law(name, instead, None)
    said = NoticeEvent.objects.filter(borrower=borrower.pk, kind=NoticeEvent.Kind.LAW, at=said_at).last()
    if said is None:
        return Law(name, instead, said_at)
    by = User.objects.filter(pk=said.actor_id or 0).first()
    return Law(name, instead, said_at, str(by or ""), str(said.data["reason"]))


class LawForm(forms.Form):
    """Another law than the one that was said, or whichever where it is guessed, and how that is known."""

    law = forms.ChoiceField(label=_("Whose law"), error_messages={"required": _("Choose whose law holds.")})
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("How you know. It is on record for good, and in evidence packs. No phone numbers or addresses."),
        error_messages={"required": _("Write down how you know: the reason is the proof.")},
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, borrower: User, data: Any = None, **chosen: str) -> None:
        super().__init__(data, initial={"seen": str(Seen.of(borrower)), **chosen}, auto_id="law_%s")
        self._borrower = borrower
        every = {code: law_words(code) for code in jurisdictions()} | {GUESS: _("guess it from phone and time zone")}
        if data is None:
            # What was sent may be of a page of before; whether it still makes sense is said with the words for that.
            every.pop(borrower.jurisdiction if borrower.jurisdiction_said_at else GUESS, None)
        self.fields["law"].choices = [("", "—"), *every.items()]  # type: ignore[attr-defined]

    def clean_reason(self) -> str:
        return without_addresses(self.cleaned_data["reason"], self._borrower)

    def clean_seen(self) -> Seen:
        return Seen.parse(self.cleaned_data["seen"])
