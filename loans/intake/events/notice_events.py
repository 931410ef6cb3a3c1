"""outage.declared, outage.ended, prompt.sent: what a partner tells about itself, not about figures."""

from datetime import datetime
from typing import Final

from rest_framework import serializers

from loans.intake.events.event_types import EITHER, Data, EventType, NoticeRecord
from loans.intake.events.fields import AboutLoan, Currency, Days, Identifier, Members, Moment, Number, OurNumber, Text
from loans.intake.records import Code
from loans.intake.values import Fault


class OutageMembers(Members):
    outage = Identifier(help_text="Your own number of the outage; outage.ended names it again.")
    starts_at = Moment(help_text="At the most 31 days before you say so.")
    ends_at = Moment(required=False, help_text="When you expect it to end, at the most 31 days after its start.")
    product = Text(120, required=False, help_text="The product that it is about; without one, all of your loans.")
    currency = Currency(required=False, help_text="Loans of this currency only.")
    reason = Text(200, help_text="What is broken, for people.")


class OutageEndMembers(Members):
    outage = Identifier(help_text="The number that outage.declared gave.")
    ended_at = Moment(
        help_text="For the record, and not later than now: its borrowers' hours to pay begin when you report it."
    )


class PromptMembers(AboutLoan):
    installment = Number(help_text="The period that the borrower was told about.")
    kind = serializers.ChoiceField(["upcoming", "overdue"])
    stage = Days(
        required=False,
        help_text="The days before or after the due date that it was told for; without it, the stage of the day of "
        "sent_at in the borrower's own calendar.",
    )
    prompt = OurNumber(
        required=False,
        help_text="The number that prompt.due_to_send gave: it then counts for that prompt and its figures alone. "
        "Without it we take it that you told the figures which held at sent_at.",
    )
    channel = serializers.ChoiceField(["sms", "email", "push", "voice", "letter", "in_app"])
    sent_at = Moment(required=False, help_text="When you sent it; without it, occurred_at.")
    proof = serializers.ChoiceField(
        ["accepted", "delivered", "seen", "acknowledged", "failed"],
        required=False,
        help_text="The most that you know of its arrival; without it, accepted: it was sent, and you know no more. "
        "failed: you tried and reached nobody; where it is your turn, the portal sends at once.",
    )


def _read(data: Data, _as_of: datetime) -> NoticeRecord:
    return NoticeRecord(data)


def _read_outage(data: Data, _as_of: datetime) -> NoticeRecord:
    ends_at = data.get("ends_at")
    if ends_at is not None and ends_at <= data["starts_at"]:
        raise Fault(Code.DATE, "ends_at is not after starts_at")
    return NoticeRecord(data)


def _read_prompt(data: Data, as_of: datetime) -> NoticeRecord:
    said = {"stage": None, "prompt": None, "proof": "accepted", "sent_at": as_of, **data}
    if said["sent_at"] > as_of:
        raise Fault(Code.DATE, "sent_at is after occurred_at")
    return NoticeRecord(said)


TYPES: Final = (
    EventType(
        name="outage.declared",
        said_by=EITHER,
        members=OutageMembers,
        read=_read_outage,
        summary="Your systems cannot take or show payments for a while.",
        example={
            "outage": "INC-2231",
            "starts_at": "2026-01-14T22:00:00+08:00",
            "ends_at": "2026-01-15T06:00:00+08:00",
            "reason": "Payments cannot be received.",
        },
        about_loan=False,
    ),
    EventType(
        name="outage.ended",
        said_by=EITHER,
        members=OutageEndMembers,
        read=_read,
        summary="An outage that was declared is over.",
        example={"outage": "INC-2231", "ended_at": "2026-01-15T04:10:00+08:00"},
        about_loan=False,
    ),
    EventType(
        name="prompt.sent",
        said_by=EITHER,
        members=PromptMembers,
        read=_read_prompt,
        summary="You told the borrower about a period yourself.",
        example={
            "loan": "LN-20417",
            "installment": 1,
            "kind": "upcoming",
            "stage": 3,
            "channel": "sms",
            "sent_at": "2026-01-12T09:00:00+08:00",
            "proof": "delivered",
        },
    ),
)
