"""The words of a telling, as its borrower was told them, read back from what was stored."""

import logging
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from loans.models import Installment
from notifications.bundles import still_needed
from notifications.history import Entry
from notifications.kept_words import words_of
from notifications.models import Delivery, Prompt
from notifications.rendering import Rendered, render
from notifications.report_day import days_promised
from notifications.wording.facts import Facts, FactsError
from notifications.wording.source import WordingError

logger = logging.getLogger(__name__)
Share = Literal["none", "some", "all"]
_OF_WHAT_IS_OWED: Final = (*Prompt.ASKING, Prompt.Kind.SCHEDULE_CHANGED)


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery's words. `rendered` is None where they cannot be made again; the facts still stand.

    `same_words`: these are the very words, kept where they have been revised since. `asks`: an answer is still
    wanted. `paid`, with all or some of it `dropped`, and `changed` say why it is not.
    """

    delivery: Delivery
    facts: Facts
    rendered: Rendered | None
    same_words: bool
    asks: bool
    paid: bool
    dropped: Share
    changed: bool


def read_telling(entry: Entry) -> Telling | None:
    """What stands in the portal of a prompt; None where nothing has been told yet.

    Of a notice before a report it names the day that was told outside: it may lie there before that.
    """
    if entry.in_portal is None:
        return None
    asked = [entry.prompt.pk] if entry.prompt.kind == Prompt.Kind.PRIOR_NOTICE else []
    return telling_of(entry.prompt, entry.in_portal, days_promised(asked).get(entry.prompt.pk))


def telling_of(prompt: Prompt, delivery: Delivery, promised: date | None = None) -> Telling | None:
    """The words and figures of one delivery of `prompt`, with the day of a report that was `promised` since; None where
    it has none that can be read.
    """
    try:
        facts = Facts.from_json(delivery.facts or {})
    except FactsError:
        logger.exception("the facts of delivery %s cannot be read", delivery.pk)
        return None
    if promised:
        facts = facts._replace(report_on=promised)
    rendered = _rendered(prompt, delivery, facts)
    companions = prompt.companions.select_related("installment", "acknowledgement")
    members = [prompt, *companions] if prompt.kind in _OF_WHAT_IS_OWED else []
    owed = [one.installment for one in members if one.installment]
    paid = bool(members) and not prompt.says_withdrawn and all(row.state != Installment.State.OPEN for row in owed)
    needed = [one for one in members if still_needed(one)]
    changed = bool(members) and not needed
    return Telling(
        delivery=delivery,
        facts=facts,
        rendered=rendered,
        same_words=rendered is not None and rendered.wording == delivery.wording,
        asks=prompt.asks_acknowledgement and any(not hasattr(one, "acknowledgement") for one in needed),
        paid=paid,
        dropped=_share([row.is_dropped for row in owed]),
        changed=changed and not paid,
    )


def _share(are_so: list[bool]) -> Share:
    return "none" if not any(are_so) else "all" if all(are_so) else "some"


def _rendered(prompt: Prompt, delivery: Delivery, facts: Facts) -> Rendered | None:
    try:
        words = words_of([delivery.wording]).get(delivery.wording)
        return render(prompt.kind, prompt.stage, Delivery.Channel.IN_APP, facts, "", words=words)
    except (WordingError, ValueError):
        logger.exception("delivery %s cannot be worded again", delivery.pk)
        return None
