"""What Alibaba Cloud's answers to SendSms mean.

Its codes say whose fault it is: `isv.` the caller's, so that nothing was taken; `isp.` its own, which leaves that open.
What blames neither number nor wording (our keys, signature, template, balance or haste) counts as passing: were it for
good, one wrong setting would fail every message.
"""

import re
from typing import Any, Final

from notifications.channels.answers import read_object
from notifications.channels.base import Outcome, Result

NUMBER_FAULTS: Final = frozenset({"isv.MOBILE_NUMBER_ILLEGAL"})
MESSAGE_FAULTS: Final = frozenset(
    {
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.CUSTOMER_REFUSED",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.SMS_CONTENT_ILLEGAL",
        "isv.UNSUPPORTED_CONTENT",
    }
)
"""A forbidden word, a reader who refused, or a wording that the template's variables cannot hold."""

OPTED_OUT: Final = "isv.CUSTOMER_REFUSED"

NOT_TAKEN: Final = frozenset({301, 302, 303, 307, 308, *range(400, 500)})
TURNED_AWAY: Final = ("Throttling", "isp.RAM_PERMISSION_DENY")
"""Refused at the door, whatever the status is."""
SENT_BEFORE: Final = "SignatureNonceUsed"
"""The very request has been there already: what became of it is not in this answer."""

CODE = re.compile(r"[A-Za-z][A-Za-z0-9._]{1,59}")
BIZ_ID = re.compile(r"[0-9A-Za-z^._-]{1,80}")


def judge_answer(reference: str, status: int, answer: str) -> Outcome:
    """One answer in our words. The reason has codes only: the vendor's text may name the number."""
    fields = read_object(answer)
    code = _read(CODE, fields.get("Code"))
    reason = f"{status} {code}".strip()
    if status == 200 and code == "OK":
        return Outcome(reference, Result.ACCEPTED, provider_reference=_read(BIZ_ID, fields.get("BizId")))
    if code in NUMBER_FAULTS or code in MESSAGE_FAULTS:
        fault, opted_out = code in NUMBER_FAULTS, code == OPTED_OUT
        return Outcome(reference, Result.PERMANENT, reason=reason, address_fault=fault, opted_out=opted_out)
    return Outcome(reference, Result.TEMPORARY if _is_refused(status, code) else Result.UNKNOWN, reason=reason)


def _is_refused(status: int, code: str) -> bool:
    if code.startswith(TURNED_AWAY):
        return True
    if code == SENT_BEFORE or code.startswith("isp."):
        return False
    return status in NOT_TAKEN or (status == 200 and code.startswith("isv."))


def _read(pattern: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
