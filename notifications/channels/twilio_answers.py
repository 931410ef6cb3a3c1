"""What Twilio's answers to a new message or call mean.

Twilio refuses with a status of 4xx and a code of its own. Whatever was refused was not taken; what blames neither the
number nor the wording (our login, our sender, a country that is not switched on) counts as passing: were it for good,
one wrong setting would fail every message.
"""

import re
from typing import Any, Final

from notifications.channels.answers import read_object
from notifications.channels.base import Outcome, Result

NUMBER_FAULTS: Final = {
    21211: "not a valid number",
    21217: "not a valid number",
    21614: "not a mobile number",
    21635: "a landline",
    30005: "unknown number",
}
"""The number will never work, for this message or any other."""
NO_TEXTS: Final = frozenset({21614, 21635})
"""For no other text message, that is: such a number may be called."""
MESSAGE_FAULTS: Final = {
    21214: "number cannot be reached",
    21602: "wording is empty",
    21610: "the reader has told this sender to stop",
    21612: "number cannot be reached from this sender",
    21617: "wording is too long",
    30006: "a landline, or a network that cannot be reached",
}
"""This message will never be taken, and the number may be good: another provider may reach its network."""
OPTED_OUT: Final = 21610
"""Twilio obeys a STOP by itself, whether or not the message is brought to us."""

NOT_TAKEN: Final = frozenset({301, 302, 303, 307, 308, *range(400, 500)})
"""Any 5xx leaves open whether the message went on before it; a 429 "is never processed" (Twilio's error 20429)."""
STILLBORN: Final = frozenset({"failed", "undelivered", "canceled"})
"""A message that is so from its first moment; no callback tells of it."""

SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


def judge_answer(reference: str, status: int, answer: str) -> Outcome:
    """One answer in our words. The reason has codes only: Twilio's text names the number."""
    fields = read_object(answer)
    if status in (200, 201):
        return _judge_taken(reference, status, fields)
    code = read_code(fields.get("code"))
    if status not in NOT_TAKEN:
        return Outcome(reference, Result.UNKNOWN, reason=_explain(status, code))
    return _judge_refusal(reference, status, code)


def read_code(value: object) -> int | None:
    """One of Twilio's five-digit codes, given as a number or as text."""
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{5,6}", text) else None


def _judge_taken(reference: str, status: int, fields: dict[str, Any]) -> Outcome:
    sid = str(fields.get("sid"))
    if not SID.fullmatch(sid):
        return Outcome(reference, Result.UNKNOWN, reason=f"{status} without a message's name")
    if fields.get("status") in STILLBORN:
        return _judge_refusal(reference, status, read_code(fields.get("error_code")))
    return Outcome(reference, Result.ACCEPTED, provider_reference=sid)


def _judge_refusal(reference: str, status: int, code: int | None) -> Outcome:
    number_fault = code in NUMBER_FAULTS
    result = Result.PERMANENT if number_fault or code in MESSAGE_FAULTS else Result.TEMPORARY
    reason = _explain(status, code)
    return Outcome(
        reference,
        result,
        reason=reason,
        address_fault=number_fault,
        no_texts=code in NO_TEXTS,
        opted_out=code == OPTED_OUT,
    )


def _explain(status: int, code: int | None) -> str:
    if code is None:
        return str(status)
    return f"{status} {code} {NUMBER_FAULTS.get(code) or MESSAGE_FAULTS.get(code, '')}".strip()
