"""A text message that only a person understands goes to one: until when, and what its sender is told meanwhile."""

from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from loans import dates
from notifications.clock import Clock
from notifications.events import record
from notifications.models import Delivery, InboundText, NoticeEvent, Prompt
from notifications.policy_files import opt_out_for
from notifications.preferences import is_on
from notifications.slots import working_days
from notifications.timing import at_local, local_day

FOR_A_PERSON: Final = "for a person to read"
ANSWERED_WITHIN: Final = 2
"""Working days after the one on which it came: our own choice, so that "I paid yesterday" is read before much follows
from not knowing it. Where the law gives less time to whoever wants no more messages, that holds."""

# One open task a borrower, by its unique index, whatever comes at once. A text that joins one is named by it, so that
# an agent who has not seen the text cannot finish the task; one that is being finished lets the text open the next.
_HAND_OVER: Final = """
INSERT INTO notifications_agenttask AS task
       (borrower_id, text_id, kind, reason, act_by, status, outcome, note, created_at)
VALUES (%(borrower)s, %(text)s, 'written', %(reason)s, %(act_by)s, 'open', '', '', %(now)s)
ON CONFLICT (borrower_id) WHERE kind = 'written' AND status = 'open'
DO UPDATE SET text_id = EXCLUDED.text_id, created_at = LEAST(task.created_at, EXCLUDED.created_at)
RETURNING task.id, task.act_by, task.xmax = 0
"""


def hand_over(text: InboundText, borrower: User, *, now: datetime) -> str:
    """Give the text to whoever has the borrower's open task about what they wrote, else open one, in the caller's
    transaction. Returns the answer for its sender, in the borrower's language.

    The answer is empty for a text that joined a task, so that two machines do not answer each other without end, and
    where SMS is switched off.
    """
    values: dict[str, Any] = {"borrower": borrower.pk, "text": text.pk, "reason": FOR_A_PERSON, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_HAND_OVER, {**values, "act_by": act_by(borrower, now)})
        task_id, until, is_new = cursor.fetchone()
    record(NoticeEvent.Kind.WROTE, borrower_id=borrower.pk, at=now, task=task_id, text=text.pk)
    return _answer(borrower, until, now) if is_new and is_on(borrower, Delivery.Channel.SMS) else ""


def act_by(borrower: User, now: datetime) -> datetime:
    """Until when a person reads what came at `now`: the close of contact hours on the last of the working days of the
    borrower's place; UTC.
    """
    zone, jurisdiction = borrower.zone, borrower.jurisdiction
    day = local_day(now, zone)
    bound = opt_out_for(jurisdiction, day)
    days = working_days(jurisdiction, zone)
    for _day in range(min(ANSWERED_WITHIN, bound.days) if bound else ANSWERED_WITHIN):
        day = days.next_working_day(day)
    return at_local(day, Clock.at(now).hours_for(jurisdiction, Prompt.Kind.UPCOMING, zone)[0].closes, zone)


def _answer(borrower: User, until: datetime, now: datetime) -> str:
    with translation.override(borrower.locale):
        day = dates.day(local_day(until, borrower.zone), borrower.locale, local_day(now, borrower.zone))
        return gettext("Thank you. A person reads this and answers you by %(day)s.") % {"day": day}
