"""Alibaba Cloud's delivery reports (SmsReport), read as receipts: one push holds a batch.

Nothing is signed: the address that they come to holds a secret. Times are China's.
"""

import json
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

import orjson

from notifications.channels.base import ReceiptKind, ReceiptRecord

KINDS = {True: ReceiptKind.DELIVERED, False: ReceiptKind.FAILED}
"""The word `success`."""
NO_ANSWER: Final = "REQUEST_SUCCESS"
"""The carrier took it and never said what became of it; its `success` says nothing either way."""

CODES: Final[dict[str, tuple[bool | None, str]]] = {
    "CONTENT_ERROR": (False, "refused for its wording"),
    "CONTENT_KEYWORD": (False, "refused for its wording"),
    "DELIVERED": (None, "delivered to the phone"),
    "INVALID_NUMBER": (None, "number is out of service, or the phone is off"),
    "IS_CLOSE": (False, "the way to the carrier was closed"),
    "MOBILE_ACCOUNT_ABNORMAL": (None, "the subscriber's account is in arrears, or the number has moved"),
    "MOBILE_IN_BLACK": (False, "on a list of numbers to be left alone: the reader's own wish, or a carrier's rule"),
    "MOBILE_NOT_ON_SERVICE": (None, "number is out of service, or the phone is off"),
    "MOBILE_SEND_LIMIT": (False, "too many messages to this number"),
    "MOBLLE_TERMINAL_ERROR": (False, "the phone could not store it"),
    "NO_ROUTE": (False, "no way to the carrier"),
    "REQUEST_SUCCESS": (None, "taken by the carrier, which reported no more"),
    "SP_UNKNOWN_ERROR": (None, "unknown fault"),
    "USER_REJECT": (False, "the reader has told this sender to stop"),
    "isv.MOBILE_NUMBER_ILLEGAL": (True, "number is malformed"),
}
"""Whether the number will never work (None: the code does not say), and what happened. The spelling is the vendor's."""
OPTED_OUT: Final = "USER_REJECT"
"""Not MOBILE_IN_BLACK: nobody can tell whether its reader has said anything."""

CHINA: Final = timezone(timedelta(hours=8))
"""One zone, and no summer time since 1991."""
MOST_REPORTS: Final = 1000
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
CARRIERS_CODE = re.compile(r"(?!.*[0-9]{6})[A-Za-z][A-Za-z0-9:._-]{1,39}")
"""Such as MK:0001: carriers have hundreds, handed on as they are. Nothing in it can be a number."""
BIZ_ID = re.compile(r"[0-9A-Za-z^._-]{1,80}")


def read_batch(raw: bytes) -> list[dict[str, Any]] | None:
    """The objects of a push; None where it is not a JSON array of objects, or is longer than any batch is."""
    try:
        batch = _loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(batch, list) or len(batch) > MOST_REPORTS or not all(isinstance(one, dict) for one in batch):
        return None
    return batch


def _loads(raw: bytes) -> Any:
    """What is no strict JSON is read all the same where it can be: a text that was cut within a character is one of a
    hundred reports.
    """
    try:
        return orjson.loads(raw)
    except ValueError:
        return json.loads(raw)


def parse_reports(raw: bytes) -> list[ReceiptRecord]:
    """One receipt for each report; of kind UNKNOWN where one cannot be read. Never raises."""
    batch = read_batch(raw)
    if batch is None:
        return [ReceiptRecord(reference="", kind=ReceiptKind.UNKNOWN, reason="not a batch of reports")]
    return [_read_report(report) for report in batch]


def read_china_time(value: object) -> datetime | None:
    """`2017-01-01 00:00:00` or `20170101000000`, as both are in use."""
    return _read_china_time(str(value))


@lru_cache(maxsize=256)  # most reports of a push are of the same few seconds
def _read_china_time(text: str) -> datetime | None:
    for form in ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=CHINA)
        except ValueError:
            continue
    return None


def _read_report(report: dict[str, Any]) -> ReceiptRecord:
    reference = str(report.get("out_id", "")).strip().lower()
    known = UUID.fullmatch(reference) is not None
    code = str(report.get("err_code", ""))
    permanent, meaning = CODES.get(code, (None, ""))
    kind = _kind(report.get("success"), code) if known else ReceiptKind.UNKNOWN
    biz_id = str(report.get("biz_id", ""))
    return ReceiptRecord(
        reference=reference if known else "",
        kind=kind,
        provider_reference=biz_id if BIZ_ID.fullmatch(biz_id) else "",
        permanent=permanent if kind is ReceiptKind.FAILED else None,
        provider_word=code if code in CODES or CARRIERS_CODE.fullmatch(code) else "?",
        reason=(meaning or "no code that we know") if known else "carries no reference of ours",
        occurred_at=read_china_time(report.get("report_time")),
        opted_out=kind is ReceiptKind.FAILED and code == OPTED_OUT,
    )


def _kind(success: object, code: str) -> ReceiptKind:
    if not isinstance(success, bool):
        return ReceiptKind.UNKNOWN
    return ReceiptKind.ACCEPTED if code == NO_ANSWER else KINDS[success]
