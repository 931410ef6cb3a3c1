"""When a person may call somebody about a task: in the contact hours of what it is about, on the borrower's clock."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Q

from accounts.models import User
from notifications.clock import Clock
from notifications.models import AgentTask, Prompt
from notifications.policy import PURPOSES
from notifications.timing import ContactHours

_NO_PROMPT: Final = Prompt.Kind.UPCOMING
"""By whose hours a task about no prompt is called about: a service, nothing is demanded."""
_UNTOLD: Final = Q(kind=AgentTask.Kind.UNTOLD)


class Calling(NamedTuple):
    """The hours, the id of the rule that they are from (empty where none is), and from when, UTC: now where they are
    open.
    """

    hours: ContactHours
    rule: str
    opens: datetime
    is_open: bool


def calling(task: AgentTask, clock: Clock) -> Calling:
    """Whether its borrower may be called now, and from when. Asks the database nothing where both were read along."""
    zone = task.borrower.zone
    hours, rule = clock.hours_for(task.borrower.jurisdiction, kind_of(task), zone)
    opens = hours.next_open(clock.now, zone)
    return Calling(hours, rule, opens, opens == clock.now)


def kind_of(task: AgentTask) -> str:
    """The kind of prompt by whose rules a person tells it: of what an alarm is about, those of collection, which are
    the stricter ones, on whichever side of its due date.
    """
    if task.kind == AgentTask.Kind.UNTOLD:
        return Prompt.Kind.OVERDUE
    return task.prompt.kind if task.prompt else _NO_PROMPT


def may_be_called(clock: Clock) -> Q:
    """Those tasks whose borrowers may be called now."""
    found = Q(pk__in=[])
    for place, kinds in _open_places(clock):
        jurisdiction, zone = place
        of_kinds = Q(prompt__kind__in=kinds)
        if _NO_PROMPT in kinds:
            of_kinds |= Q(prompt=None) & ~_UNTOLD
        if Prompt.Kind.OVERDUE in kinds:
            of_kinds |= _UNTOLD
        found |= Q(borrower__jurisdiction=jurisdiction, borrower__time_zone=zone) & of_kinds
    return found


def _open_places(clock: Clock) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Each place in which contact hours are open now, with the kinds of prompt for which they are."""
    purposes = {purpose: [kind for kind, its in PURPOSES.items() if its is purpose] for purpose in PURPOSES.values()}
    for jurisdiction, name in User.objects.places():
        zone = User(time_zone=name).zone
        kinds: list[str] = []
        for some in purposes.values():
            hours, _rule = clock.hours_for(jurisdiction, some[0], zone)
            kinds += some if hours.next_open(clock.now, zone) == clock.now else []
        if kinds:
            yield (jurisdiction, name), kinds
