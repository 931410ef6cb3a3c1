"""What partners are told of telling their borrowers: that it arrived, that it was answered, that nothing reached them.

Ids, figures, the kind of channel and the level of proof; never where it went or what it said.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from loans.models import OutwardEvent
from loans.outward.telling import LoanFact, anybody_hears, tell_partners, tell_what
from notifications import duty_statements
from notifications.models import Acknowledgement, AgentTask, Delivery, Duty, Prompt
from notifications.named import named
from notifications.report_day import days_promised

Kind = OutwardEvent.Kind
IN_DOUBT: Final = "a booking that cannot be true"
_WHY_NOT: Final = {
    "disputed": "disputed",
    "an outage of a firm": "outage",
    IN_DOUBT: "in_doubt",
    "acknowledged": "acknowledged",
    "told in person": "told",
}
"""Codes of reasons; of any other "not_needed"."""


def tell_arrived(delivery_ids: Collection[int], *, at: datetime) -> None:
    """These deliveries arrived: of each installment that their messages named, and of news of payments and disputes.

    Each prompt is told the first time, with the figures that were named.
    """
    if not delivery_ids or not anybody_hears():
        return
    arrived = list(Delivery.objects.filter(pk__in=delivery_ids).select_related("prompt").order_by("pk"))
    bundles: dict[int, list[dict[str, Any]]] = {}
    for row in _with_days(_prompts({one.prompt_id for one in arrived})):
        bundles.setdefault(row["told_with"] or row["pk"], []).append(row)
    tell_partners((fact for one in arrived for fact in _delivered(one, bundles[one.prompt_id])), at=at)


def _delivered(delivery: Delivery, bundle: Sequence[Mapping[str, Any]]) -> Iterator[LoanFact]:
    proof = {"level": "delivered", "channel": delivery.channel}
    figures = named(delivery)
    for row in bundle:
        if row["kind"] not in Prompt.OF_FIGURES:
            yield _fact(Kind.PROMPT_DELIVERED, row, **proof)
        elif told := figures.get(row["installment"]):
            said = {"amount": str(told.amount), "currency": (delivery.facts or {}).get("currency", "")}
            yield _fact(Kind.PROMPT_DELIVERED, row, due_on=told.due_on.isoformat(), **said, **proof)


def tell_acknowledged(acknowledgements: Collection[Acknowledgement], *, at: datetime) -> None:
    """Borrowers answered these prompts, about these figures."""
    if not acknowledgements or not anybody_hears():
        return
    answered = {one.prompt_id: one for one in acknowledgements}
    rows = (row for row in _with_days(_prompts(answered)) if row["pk"] in answered)
    facts = (_fact(Kind.PROMPT_ACKNOWLEDGED, row, **_answer(answered[row["pk"]])) for row in rows)
    tell_partners(facts, at=at)


def tell_unreached(tasks: Sequence[AgentTask], *, at: datetime) -> None:
    """No channel reached the borrowers of these tasks' prompts: a person has the case."""
    if not tasks or not anybody_hears():
        return
    until = {task.prompt_id: task.act_by for task in tasks if task.prompt_id}
    facts = (
        _fact(Kind.BORROWER_UNREACHABLE, row, person_acts_by=until[row["told_with"] or row["pk"]].isoformat())
        for row in _prompts(until).filter(voided_at=None)
    )
    tell_partners(facts, at=at)


def tell_due_as_planned(*, at: datetime) -> None:
    """Firms whose turn to send has just been planned (`planning_duty`) are told what, of which loan and by when."""
    if anybody_hears():
        tell_what(duty_statements.DUE_AS_PLANNED, {}, at=at)


def tell_due(duty_ids: Collection[int], *, at: datetime) -> None:
    """The same for these duties: it is the other firm's turn."""
    if duty_ids and anybody_hears():
        tell_what(duty_statements.DUE_OF_THESE, {"duties": list(duty_ids)}, at=at)


def tell_taken_over(duties: Sequence[Duty], *, at: datetime) -> None:
    """The time of the firms that had to send these is over: who sends now, and why."""
    if not duties or not anybody_hears():
        return
    by_prompt = {duty.prompt_id: duty for duty in duties}
    rows = (row for row in _prompts(by_prompt) if row["pk"] in by_prompt)
    tell_partners((_taken_over(by_prompt[row["pk"]], row) for row in rows), at=at)


def tell_withdrawn(firms: Mapping[int, str], *, why: str, at: datetime) -> None:
    """No firm need send these prompts any more; by each, the firm whose turn it was. `why` is the reason on record."""
    if not firms or not anybody_hears():
        return
    rows = (row for row in _prompts(firms) if row["pk"] in firms)
    code = _WHY_NOT.get(why, "not_needed")
    tell_partners((_fact(Kind.PROMPT_WITHDRAWN, row, responsible=firms[row["pk"]], why=code) for row in rows), at=at)


def _taken_over(duty: Duty, row: Mapping[str, Any]) -> LoanFact:
    """A prompt may pass twice, to the other firm and to the portal: two facts."""
    passed_on = duty.backup if duty.status == Duty.Status.PASSED_ON else None
    sender = passed_on.code if passed_on else "portal"
    said = {"responsible": duty.responsible.code, "report_by": duty.report_by.isoformat(), "sender": sender}
    fact = _fact(Kind.PROMPT_TAKEN_OVER, row, **said, why=duty.why_late)
    return replace(fact, subject=f"{fact.subject}:{sender}")


def _prompts(leading: Collection[int]) -> "QuerySet[Prompt, dict[str, Any]]":
    """These prompts and those told with them, as rows."""
    rows: QuerySet[Prompt, dict[str, Any]] = Prompt.objects.bundles(leading).values(
        *("pk", "told_with", "kind", "stage", "installment", "installment__number", "installment__due_on"),
        *("installment__loan", "payment__loan", "dispute__loan"),
    )
    return rows


def _with_days(rows: "QuerySet[Prompt, dict[str, Any]]") -> list[dict[str, Any]]:
    """Those of prior notices with the first day of a report, once its borrower was told it outside the portal."""
    found = list(rows)
    notices = [row for row in found if row["kind"] == Prompt.Kind.PRIOR_NOTICE]
    promised = days_promised({row["told_with"] or row["pk"] for row in notices})
    for row in notices:
        day = promised.get(row["told_with"] or row["pk"])
        row["said"] = {"report_not_before": day.isoformat() if day else None}
    return found


def _fact(kind: OutwardEvent.Kind, row: Mapping[str, Any], **data: Any) -> LoanFact:
    due_on = row["installment__due_on"]
    named = {
        "prompt": row["pk"],
        "kind": row["kind"],
        "stage": row["stage"],
        "installment": row["installment__number"],
        "due_on": due_on.isoformat() if due_on else None,
    }
    loan = row["installment__loan"] or row["payment__loan"] or row["dispute__loan"]
    said = named | row.get("said", {}) | data
    return LoanFact(kind=kind, loan_id=loan, subject=f"prompt:{row['pk']}", data=said)


def _answer(acknowledgement: Acknowledgement) -> dict[str, Any]:
    return {
        "level": "acknowledged",
        "method": acknowledgement.method,
        "amount": str(acknowledgement.amount),
        "currency": acknowledgement.currency,
        "due_on": acknowledgement.due_on.isoformat(),
    }
