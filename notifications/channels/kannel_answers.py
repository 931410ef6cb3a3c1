"""What Kannel's answers to sendsms mean."""

from typing import Final

from notifications.channels.base import Outcome, Result

TAKEN: Final = ("0: Accepted", "3: Queued", "Sent.")
NOT_ROUTABLE: Final = "Not routable. Do not try again."
NOT_NOW: Final = "Temporal failure, try again later."
SENDING_FAILED: Final = "Sending failed."
KANNEL_WORDS: Final = (
    NOT_ROUTABLE,
    SENDING_FAILED,
    "Authorization failed",
    NOT_NOW,
    "denied by white- and/or black-lists",
    "Missing receiver",
    "Empty receiver number",
    "Sender missing",
    "Charset or body misformed",
)
"""What a reason may quote: any other text could hold the number or the wording."""

OUR_FAULTS: Final = frozenset({401, 402, 403, 404, 405, 407, 408, 429})
"""Answers to a wrong login, an account without credit, a wrong address of the gateway or too much haste: they say
nothing of the message."""
NOT_TAKEN: Final = OUR_FAULTS | {301, 302, 303, 307, 308}
"""Any other answer, such as a proxy's 502, 503 or 504, leaves open whether the message went on before it."""


def judge_answer(reference: str, status: int, answer: str) -> Outcome:
    """One answer in our words."""
    if status == 202 and answer.startswith(TAKEN):
        return Outcome(reference, Result.ACCEPTED)
    words = next((words for words in KANNEL_WORDS if words in answer), "")
    reason = f"{status} {words}".strip()
    if words == NOT_ROUTABLE or (400 <= status < 500 and status not in OUR_FAULTS):
        return Outcome(reference, Result.PERMANENT, reason=reason)
    if status in NOT_TAKEN or words in (SENDING_FAILED, NOT_NOW):
        return Outcome(reference, Result.TEMPORARY, reason=reason)
    return Outcome(reference, Result.UNKNOWN, reason=reason)
