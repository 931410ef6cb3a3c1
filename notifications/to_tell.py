"""What an agent has to say for a task: all that the message of its prompt names, as things stand, and what of it may be
said now.

A task is about the prompt that leads. Of what is told together one may be paid or changed since, which nobody asks for
any more; or held by a dispute, an outage or a booking in doubt, of which nobody speaks meanwhile.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import connection

from loans.models import Installment, Payment
from notifications.halting import unread_firms
from notifications.left_to_pay import part_on_its_way
from notifications.models import AgentTask, Prompt
from notifications.needed import ALL_NAMED, KINDS, PAID, held_by, is_so, stands
from notifications.passed_by import STAGED
from notifications.timing import local_day
from notifications.told_since import TOLD_SINCE

UNREAD: Final = "unread"


class ToTell(NamedTuple):
    """One prompt of a task, and the installment of which it speaks: of news of a payment the one that is owed again,
    else none. Of an alarm's task the installment alone. `held_by` is "paid" (a firm has seen the money, the bank has
    not), "disputed", "outage", "in_doubt" or "unread" (what a firm has sent is not applied); empty where it may be
    told now. `withdrawn`: it says that this is no longer to be paid. `on_way`: how much of what is left to pay is on
    its way to the bank, in the currency of the loan; None where nothing is, or nobody can say what that leaves.
    """

    prompt_id: int | None
    installment: Installment | None
    held_by: str
    withdrawn: bool
    on_way: Decimal | None = None


_OF_FIGURES: Final = f"""
SELECT told.id, prompt.id, prompt.kind, installment.id, {held_by("installment")},
       prompt.kind = 'schedule_changed' AND prompt.stage = {Prompt.WITHDRAWN},
       {part_on_its_way("installment")} {ALL_NAMED}
WHERE prompt.kind = ANY(%(of_figures)s) AND {stands("prompt", "installment")}
ORDER BY told.id, prompt.id
"""
_OF_NEWS: Final = f"""
SELECT news.id, news.id, news.kind, owed.id, '', FALSE, {part_on_its_way("owed")}
FROM notifications_prompt AS news
LEFT JOIN loans_payment AS paid ON paid.id = news.payment_id AND paid.status = 'returned'
LEFT JOIN loans_installment AS owed ON owed.id = paid.installment_id AND owed.state = 'open'
WHERE news.id = ANY(%(ids)s::bigint[]) AND {is_so("news")}
"""  # noqa: S608  (nothing of it comes from outside)
_OF_ALARMS: Final = f"""
SELECT installment.id, NULL, 'upcoming', installment.id, {held_by("installment")}, FALSE,
       {part_on_its_way("installment")}
FROM notifications_agenttask AS task JOIN loans_installment AS installment ON installment.id = task.installment_id
WHERE task.id = ANY(%(ids)s::bigint[]) AND installment.state = 'open'
"""  # noqa: S608
_UNLESS_TOLD: Final = f" AND NOT {TOLD_SINCE.format(since='task.created_at')}"
"""Who was told of it since the task began, or has said that they know, is told nothing again."""
Row = tuple[int, int | None, str, int, str, bool, Decimal | None]
"""Whose it is, the prompt, its kind, the installment, what holds that, whether it is said to be withdrawn, and how much
is on its way.
"""


def what_to_tell(tasks: Collection[AgentTask], *, now: datetime, though_told: bool = False) -> dict[int, list[ToTell]]:
    """By the id of each task in which somebody is to be told, with prompt and borrower, read along; empty where there
    is nothing to tell any more. A statement for each of figures, news and alarms, and two more.

    `though_told`: also what an alarm is about and has been told since. A message may arrive while they speak of it.
    """
    about = {(task.prompt_id or task.installment_id, task.prompt_id is None): task for task in tasks if task.tells}
    found: dict[int, list[ToTell]] = {task.pk: [] for task in about.values()}
    of_alarms = _OF_ALARMS if though_told else _OF_ALARMS + _UNLESS_TOLD
    rows = [(about[row[0], row[1] is None], row) for row in _rows(about.values(), of_alarms, now)]
    installments = Installment.objects.select_related("loan").in_bulk({row[3] for _task, row in rows if row[3]})
    unread = unread_firms() if installments else set()
    for task, (_about, prompt_id, kind, installment_id, held, withdrawn, coming) in rows:
        row = installments.get(installment_id)
        why = held or (UNREAD if row and unread & {row.loan.bank_id, row.loan.platform_id} else "")
        is_late = row is not None and row.due_on < local_day(now, task.borrower.zone)
        # Before its day is over a reminder asks for nothing that a dispute or an outage holds.
        holds = why == PAID or kind in Prompt.HELD_BY_DISPUTE or (kind == Prompt.Kind.UPCOMING and is_late)
        on_way = None if row is None or withdrawn else _part_of(row, coming)
        found[task.pk].append(ToTell(prompt_id, row, why if holds else "", withdrawn, on_way))
    return found


def _part_of(row: Installment, on_way: Decimal | None) -> Decimal | None:
    """It leaves something to be paid, as messages have it (`facts`)."""
    return on_way if on_way is not None and 0 < on_way < row.outstanding else None


def _rows(tasks: Collection[AgentTask], about_alarms: str, now: datetime) -> list[Row]:
    leading = [task.prompt for task in tasks if task.prompt]
    of_figures = {prompt.pk for prompt in leading if prompt.kind in Prompt.OF_FIGURES}
    of_alarms = {task.pk for task in tasks if task.prompt is None and task.installment_id}
    of_news = {prompt.pk for prompt in leading} - of_figures
    asked = [(_OF_FIGURES, of_figures), (_OF_NEWS, of_news), (about_alarms, of_alarms)]
    rows: list[Row] = []
    with connection.cursor() as cursor:
        for statement, ids in asked:
            if ids:
                cursor.execute(statement, {"ids": list(ids), "now": now, "of_figures": KINDS["of_figures"]})
                rows += cursor.fetchall()
    return rows


def tellable(named: Collection[ToTell]) -> list[ToTell]:
    """Those that nothing holds."""
    return [one for one in named if not one.held_by]


def _that_tell(row: Installment) -> list[Prompt]:
    """The prompts that tell what is owed of it now, the first first: its stages and, where a payment came back so
    late that the news of that has a deadline, these, which are then its reminder.
    """
    staged = Prompt.objects.about_installments([row.pk]).filter(kind__in=STAGED, version=row.version, voided_at=None)
    came_back = Payment.objects.filter(installment=row, status=Payment.Status.RETURNED)
    news = Prompt.objects.filter(payment__in=came_back, kind=Prompt.Kind.PAYMENT_RETURNED, voided_at=None)
    reminders = news.filter(planned_at__gte=row.known_at, deadline__isnull=False)
    return [*staged.order_by("pk"), *reminders.order_by("pk")]


def leading_of(row: Installment, statuses: Collection[str] = Prompt.Status.values) -> set[int]:
    """Those that lead the prompts that tell it and are in one of these `statuses`, by id."""
    return {one.told_with_id or one.pk for one in _that_tell(row) if one.status in statuses}
