"""Lines about what was told: prompts, deliveries, receipts, acknowledgements, and the tasks of agents."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.masking import mask_text
from accounts.models.contact_point import masked
from loans import dates
from notifications.ladder import OFF_THE_LADDER
from notifications.models import Acknowledgement, AgentTask, Delivery, Duty, Prompt, Receipt
from notifications.named import named, tells_of
from notifications.resending import why_not
from notifications.states import HELD_BY
from notifications.wording.facts import Facts
from portal.admin.cells import installment_label, language, moment_in, money, stage_of, withdrawn_label
from portal.admin.duty_words import RELATED, duty_words
from portal.admin.levels import Level, acknowledged, best_level, level_of
from portal.admin.line import Line, Teller
from portal.admin.reasons import held_words, reason_words
from portal.admin.timeline_rows import Row

_RECEIPT_TONES: Final = {Receipt.Kind.DELIVERED: "good", Receipt.Kind.FAILED: "danger", Receipt.Kind.UNKNOWN: "warn"}


def about(prompt: Prompt) -> str:
    """The installment, payment or dispute that a prompt is about, in a few words."""
    if prompt.dispute:
        return f"{prompt.dispute.loan.external_id} · {prompt.dispute.receipt_number}"
    if prompt.payment:
        return f"{prompt.payment.loan.external_id} {money(prompt.payment.amount, prompt.payment.currency)}"
    label = withdrawn_label if prompt.says_withdrawn else installment_label
    return label(prompt.installment, prompt.installment.loan) if prompt.installment else ""


def about_named(delivery: Delivery) -> str:
    """The same of a delivery; where its message named only what is told together with its prompt, the loans of that."""
    if tells_of(delivery, delivery.prompt) or not named(delivery):
        return about(delivery.prompt)
    return ", ".join(item.loan_label for item in Facts.from_json(delivery.facts or {}).items)


def about_task(task: AgentTask) -> str:
    """What the task is about, in a few words; of what they wrote, when, on their clock."""
    if task.prompt:
        return about(task.prompt)
    if task.installment:
        return installment_label(task.installment, task.installment.loan)
    return moment_in(task.created_at, task.borrower.zone)


def task_title(task: AgentTask) -> str:
    """The kind of prompt that did not reach its borrower, else the kind of task."""
    return capfirst(task.prompt.get_kind_display() if task.prompt else task.get_kind_display())


def task_subjects() -> list[str]:
    """What those two read of a task, to be selected along."""
    return ["borrower", *subjects("prompt__"), "installment__loan"]


def subjects(prefix: str = "") -> list[str]:
    """What `about` reads, to be selected along."""
    return [f"{prefix}{subject}__loan" for subject in ("installment", "payment", "dispute")]


def channel_of(delivery: Delivery) -> str:
    address = masked(delivery.address) if delivery.address else ""
    return f"{delivery.get_channel_display()} {address}".strip()


def _prompts(ids: set[int]) -> Mapping[int, Prompt]:
    """One that is told together with others has the deliveries of the one that leads."""
    tellings = (Prefetch(way, Delivery.objects.with_acceptance()) for way in ("deliveries", "told_with__deliveries"))
    related = ("acknowledgement", "told_with", *(f"duty__{name}" for name in RELATED), *subjects())
    return Prompt.objects.select_related(*related).prefetch_related(*tellings).in_bulk(ids)


def _prompt(prompt: Prompt, at: datetime) -> Line:
    answered = hasattr(prompt, "acknowledgement")
    level = acknowledged() if answered else _level(prompt)
    status = "" if answered else str(prompt.outcome.label)
    return Line(
        kind="prompt",
        at=at,
        what=prompt.get_kind_display(),
        about=about(prompt),
        proof=" · ".join(dict.fromkeys(filter(None, [status, level.words]))),
        tone="warn" if prompt.status == Prompt.Status.ESCALATED else level.tone,
        by=_("the system"),
        why=" · ".join(filter(None, [stage_of(prompt), reason_words(prompt.reason), _sender(prompt)])),
        href=reverse("admin:notifications_prompt_change", args=[prompt.pk]),
        link=_("prompt #%d") % prompt.pk,
        prompt_id=None if why_not(prompt) else prompt.pk,
    )


def _level(prompt: Prompt) -> Level:
    """That of the messages that named it, or are still to."""
    told = [one for one in (prompt.told_with or prompt).deliveries.all() if tells_of(one, prompt)]
    over = prompt.outcome == Prompt.Status.CANCELLED
    return Level("") if over and not told else best_level(told)


def _sender(prompt: Prompt) -> str:
    """Of what a firm has to send."""
    duty: Duty | None = getattr(prompt, "duty", None)
    return duty_words(duty) if duty else ""


def _deliveries(ids: set[int]) -> Mapping[int, Delivery]:
    related = ("prompt__acknowledgement", *subjects("prompt__"))
    return Delivery.objects.with_acceptance().select_related(*related).in_bulk(ids)


def _delivery(delivery: Delivery, at: datetime) -> Line:
    answer: Acknowledgement | None = getattr(delivery.prompt, "acknowledgement", None)
    level = acknowledged() if answer and answer.delivery_id == delivery.pk else level_of(delivery)
    return Line(
        kind="delivery",
        at=at,
        what=_("Delivery: %s") % delivery.prompt.get_kind_display(),
        about=about_named(delivery),
        channel=channel_of(delivery),
        proof=level.words,
        tone=level.tone,
        by=_("the system"),
        why=" · ".join(filter(None, [_step(delivery), *_why(delivery)])),
        href=reverse("admin:notifications_delivery_change", args=[delivery.pk]),
        link=_("delivery #%d") % delivery.pk,
    )


def _why(delivery: Delivery) -> Iterator[str]:
    """The rule that held it, and why it stands where it does."""
    yield held_words(delivery.held_by)
    if delivery.reason != f"{HELD_BY}{delivery.held_by}":
        yield reason_words(delivery.reason, [delivery.address])


def _step(delivery: Delivery) -> str:
    if delivery.channel == Delivery.Channel.IN_APP:
        return _("placed beside the ladder")
    if delivery.rung == OFF_THE_LADDER:
        return _("sent again by an agent")
    return _("on the ladder")


def _receipts(ids: set[int]) -> Mapping[int, Receipt]:
    return Receipt.objects.select_related("delivery", *subjects("delivery__prompt__")).in_bulk(ids)


def _receipt(receipt: Receipt, at: datetime) -> Line:
    delivery = receipt.delivery
    words = mask_text(f"{receipt.provider_word} {receipt.reason}".strip(), [delivery.address] if delivery else [])
    return Line(
        kind="receipt",
        at=at,
        what=_("Receipt"),
        about=about_named(delivery) if delivery else "",
        channel=channel_of(delivery) if delivery else receipt.get_channel_display(),
        proof=receipt.get_kind_display(),
        tone=_RECEIPT_TONES.get(Receipt.Kind(receipt.kind), ""),
        by=_("the provider"),
        why=" · ".join(filter(None, [words, "" if receipt.moved else _("changed nothing")])),
        href=reverse("admin:notifications_receipt_change", args=[receipt.pk]),
        link=_("raw receipt"),
    )


def _acknowledgements(ids: set[int]) -> Mapping[int, Acknowledgement]:
    related = ("borrower", "delivery", *subjects("prompt__"))
    return Acknowledgement.objects.select_related(*related).in_bulk(ids)


def _acknowledgement(answer: Acknowledgement, at: datetime) -> Line:
    seen = (money(answer.amount, answer.currency), dates.day(answer.due_on, language(), at.date()))
    return Line(
        kind="acknowledgement",
        at=at,
        what=_("“I know”: %s due %s") % seen,
        about=about(answer.prompt),
        channel=channel_of(answer.delivery) if answer.delivery else "",
        proof=acknowledged().words,
        tone="good",
        by=str(answer.borrower),
        why=" · ".join([answer.get_method_display(), answer.wording]),
        href=reverse("admin:notifications_acknowledgement_change", args=[answer.pk]),
        link=_("acknowledgement"),
    )


def _tasks(ids: set[int]) -> Mapping[int, AgentTask]:
    return AgentTask.objects.select_related("assignee", *task_subjects()).in_bulk(ids)


def _task_opened(task: AgentTask, at: datetime) -> Line:
    tone = "warn" if task.status == AgentTask.Status.OPEN else ""
    why = reason_words(task.reason)
    return _task(task, at, what=_("Handed to a person"), by=_("the system"), why=why, tone=tone)


def _task_done(task: AgentTask, at: datetime) -> Line:
    by = str(task.assignee) if task.assignee and task.note else _("the system")
    return _task(task, at, what=_("Task done: %s") % task.get_outcome_display(), by=by, why=mask_text(task.note))


def _task(task: AgentTask, at: datetime, *, what: str, by: str, why: str, tone: str = "") -> Line:
    return Line(
        kind="task",
        at=at,
        what=what,
        about=about_task(task),
        proof=task.get_status_display(),
        tone=tone,
        by=by,
        why=why,
        href=reverse("admin:notifications_agenttask_change", args=[task.pk]),
        link=_("task #%d") % task.pk,
    )


TELLERS: Final[dict[Row, Teller]] = {
    Row.PROMPT: Teller(_prompts, _prompt),
    Row.DELIVERY: Teller(_deliveries, _delivery),
    Row.RECEIPT: Teller(_receipts, _receipt),
    Row.ACKNOWLEDGEMENT: Teller(_acknowledgements, _acknowledgement),
    Row.TASK_OPENED: Teller(_tasks, _task_opened),
    Row.TASK_DONE: Teller(_tasks, _task_done),
}
