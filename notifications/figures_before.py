"""What a message has to say of before: the figures that it takes the place of, and what takes the place of those."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F

from loans.models import Installment
from notifications.models import Prompt
from notifications.tellings import Companion, Telling
from notifications.told_before import Told, told_of


@dataclass(frozen=True, slots=True)
class Before:
    """What the borrower was told last, `told_at`, of an installment that is otherwise now, or of which as much is left
    since a part was paid and the whole was raised.

    `withdrawn`: that it is no longer to be paid. `instead` is what of the same loan is to be paid on that day in place
    of one that has been withdrawn since; None where nothing is.
    """

    amount: Decimal
    due_on: date
    withdrawn: bool
    told_at: datetime
    instead: Decimal | None = None

    def as_facts(self) -> dict[str, Any]:
        """For a message about the figures that hold now."""
        name = "withdrawn_amount" if self.withdrawn else "previous_amount"
        return {name: self.amount, "previous_due_on": self.due_on}


class _Asked(NamedTuple):
    """One installment that a message names, and whether it says how much of it is paid already."""

    prompt_id: int
    installment_id: int
    borrower_id: int
    version: int
    withdrawn: bool
    outstanding: Decimal | None
    paid: Decimal | None
    due_on: date | None
    says_paid: bool


def previously_told(tellings: Iterable[Telling], companions: Mapping[int, Sequence[Companion]]) -> dict[int, Before]:
    """By prompt, companions among them, what was told before of what has changed; no query where nothing has."""
    changed = (one for one in tellings if one.version > 1 or one.says_withdrawn or one.prompt_id in companions)
    asked = [one for telling in changed for one in _named(telling, companions.get(telling.prompt_id, ()))]
    asked = [one for one in asked if one.withdrawn or one.version > 1]
    if not asked:
        return {}
    told: dict[int, list[Told]] = {}
    for then in told_of({one.installment_id for one in asked}):
        told.setdefault(then.installment_id, []).append(then)
    found = {one.prompt_id: before for one in asked if (before := _before(one, told.get(one.installment_id, ())))}
    gone = {one.installment_id: one.prompt_id for one in asked if one.withdrawn and one.prompt_id in found}
    return found | _with_replacements(gone, found) if gone else found


def _named(telling: Telling, companions: Sequence[Companion]) -> Iterator[_Asked]:
    if telling.kind in Prompt.OF_FIGURES:
        borrower_id, withdrawn = telling.borrower_id, telling.says_withdrawn
        named: list[Telling | Companion] = [telling, *companions]
        for one in named:
            figures = (one.outstanding, one.already_paid, one.due_on, telling.says_changed)
            yield _Asked(one.prompt_id, one.installment_id or 0, borrower_id, one.version, withdrawn, *figures)


def _before(one: _Asked, told: Sequence[Told]) -> Before | None:
    """The last telling before it; None where its words are not on record, or where nothing is otherwise now."""
    theirs = (then for then in told if then.borrower_id == one.borrower_id and then.prompt_id != one.prompt_id)
    earlier = [then for then in theirs if one.withdrawn or then.version < one.version]
    last = earlier[-1] if earlier else None
    if last is None or last.figures is None or (last.withdrawn and one.withdrawn):
        return None
    amount, due_on = last.figures
    as_told = not one.withdrawn and not last.withdrawn and (amount, due_on) == (one.outstanding, one.due_on)
    # Only news of changed figures say what it is in all; others would name the same figure twice.
    if as_told and not (one.says_paid and one.paid and one.paid != last.paid):
        return None
    return Before(amount, due_on, last.withdrawn, last.at)


def _with_replacements(gone: Mapping[int, int], found: Mapping[int, Before]) -> dict[int, Before]:
    """Of these prompts, by their withdrawn installments, those in whose place something else is to be paid that day."""
    sums: dict[int, Decimal] = {}
    for installment_id, due_on, known_at, outstanding in _owed_beside(gone.keys()):
        prompt_id = gone[installment_id]
        before = found[prompt_id]
        if due_on == before.due_on and known_at > before.told_at:
            sums[prompt_id] = sums.get(prompt_id, Decimal(0)) + outstanding
    return {prompt_id: replace(found[prompt_id], instead=amount) for prompt_id, amount in sums.items()}


def _owed_beside(installment_ids: Collection[int]) -> Iterable[tuple[int, date, datetime, Decimal]]:
    """What is owed of the loans of these: with the id of the one beside which it stands."""
    beside = Installment.objects.open().filter(loan__installments__in=installment_ids)
    return beside.annotate(beside=F("loan__installments")).values_list("beside", "due_on", "known_at", "outstanding")
