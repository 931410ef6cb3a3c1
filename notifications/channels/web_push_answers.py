"""What the answers of a push service mean."""

from typing import Final

from notifications.channels.base import Outcome, Result

TAKEN: Final = frozenset({201, 202})
"""Created (RFC 8030, section 5), or accepted where the service will tell later."""
GONE: Final = frozenset({404, 410})
"""The person took the permission back, or the browser is no more."""
REFUSED: Final = frozenset({400, 413})
"""The message itself is the fault: no other try would fare better."""

WHY: Final = {
    400: "the push service cannot read the message",
    401: "the push service does not accept our key",
    403: "the push service does not accept our key",
    404: "the subscription is gone",
    410: "the subscription is gone",
    413: "the push service finds the message too long",
    429: "the push service asks for patience",
}


def judge_answer(reference: str, device: str, status: int) -> Outcome:
    """One answer in our words. `device` names the subscription without telling it.

    Every answer but those above is passing: it says nothing of the message, and a doubled one replaces the first.
    """
    if status in TAKEN:
        return Outcome(reference, Result.ACCEPTED, provider_reference=device)
    reason = f"{status} {WHY.get(status, '')}".strip()
    gone = status in GONE
    result = Result.PERMANENT if gone or status in REFUSED else Result.TEMPORARY
    return Outcome(reference, result, provider_reference=device, reason=reason, address_fault=gone)
