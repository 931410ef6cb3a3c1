"""Which prompts a firm had to send, and what firms said that they told, as the JSON of a pack."""

from notifications.evidence.case import Case
from notifications.evidence.records import Json, moment
from notifications.models import Duty, FirmTelling


def firm_records(case: Case) -> Json:
    """A firm's word is what it says, not a proof: `tellings` are theirs, with the messages that they came in."""
    return {
        "duties": [_duty(duty) for duty in case.duties],
        "tellings": [_telling(telling) for telling in case.tellings],
    }


def _duty(duty: Duty) -> Json:
    return {
        "prompt": duty.prompt_id,
        "rule": duty.rule_id,
        "responsible": duty.responsible.name,
        "backup": duty.backup.name if duty.backup else None,
        "needs_proof": duty.needs_proof,
        "status": duty.status,
        "telling": duty.telling_id,
        **{name: moment(getattr(duty, name)) for name in ("report_by", "portal_at", "settled_at")},
    }


def _telling(telling: FirmTelling) -> Json:
    return {
        "id": telling.pk,
        "firm": telling.partner.name,
        "installment": telling.installment_id,
        "kind": telling.kind,
        "stage": telling.stage,
        "named_prompt": telling.named_prompt,
        "channel": telling.channel,
        "proof": telling.proof,
        "sent_at": moment(telling.sent_at),
        "heard_at": moment(telling.heard_at),
        "report": {"id": telling.report_id, "sha256": telling.report.digest, "event": telling.event_id},
    }
