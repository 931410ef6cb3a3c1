"""Whatever somebody sends as a report is read in no time, and keeps nobody's report waiting."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from unittest.mock import patch

import pytest

from notifications import receipts
from notifications.channels.base import ReceiptKind, ReceiptRecord
from notifications.channels.delivery_reports import parse_delivery_report
from notifications.channels.mail_reading import MOST_LINES
from notifications.channels.raw_request import join
from notifications.heard import PARSERS
from notifications.models import Callback, Receipt
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.test_receipts import report, status
from notifications.views import push
from notifications.webhooks import aliyun, esp, kannel, twilio_door

REFERENCE: Final = "0190c1de-0000-8000-8000-0123456789ab"
TRACE: Final = f"Return-Path: <>\r\nDelivered-To: bounce+{REFERENCE}@bounces.example\r\n"
SECONDS: Final = 2.0
"""Of the processor, for one message: sixty of them in a row would end the session of the database."""
MEGABYTE: Final = 1_000_000
"""What was taken before, and is still there to be read."""

QUOTES: Final = '";' * (MEGABYTE // 2)


def nested(depth: int, size: int) -> bytes:
    """Multiparts within each other, each with a boundary of its own, and otherwise empty lines."""
    heads = "".join(
        f'Content-Type: multipart/{"mixed" if level else "report; report-type=delivery-status"}; boundary="b{level}"'
        f"\r\n\r\n--b{level}\r\n"
        for level in range(depth)
    )
    return (TRACE + heads).encode().ljust(size, b"\n")


def report_of(inside: str, kind: str = "report; report-type=delivery-status") -> bytes:
    return f"{TRACE}Content-Type: multipart/{kind}; boundary=b\r\n\r\n--b\r\n{inside}\r\n--b--\r\n".encode()


def filled(kind: str, unit: str) -> bytes:
    """A report with one part of this type, of nothing but `unit`."""
    return report_of(f"Content-Type: {kind}\r\n\r\n" + unit * (MEGABYTE // len(unit)))


HOSTILE: Final = {
    "multiparts in each other": nested(800, MEGABYTE),
    "multiparts in each other, as many as may be": nested(45, MOST_LINES),
    "mails in each other": report_of("Content-Type: message/rfc822\r\n\r\n" * 4_000),
    "a type of semicolons": f"{TRACE}Content-Type: multipart/report{';' * MEGABYTE}\r\n\r\n".encode(),
    "a type of quotes": f"{TRACE}Content-Type: multipart/report;{QUOTES}\r\n\r\n".encode(),
    "a folded type": f"{TRACE}Content-Type: multipart/report;{(';' * 900 + chr(10) + ' ') * 1_000}\r\n\r\n".encode(),
    "recipients": filled("message/delivery-status", "Action: delivered\r\n\r\n"),
    "recipients in other letters": filled("message/global-delivery-status", "Action: delivered\r\n\r\n"),
    "not quite so many recipients": report_of(
        "Content-Type: message/delivery-status\r\n\r\n" + "Action: delivered\r\n\r\n" * 4_000
    ),
    "fields": filled("message/delivery-status", "A:\n"),
    "a returned mail of multiparts": filled(
        "text/rfc822-headers", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
    ),
    "lines": filled("text/plain", "\n"),
    "one line": filled("text/plain", "--b"),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_mail_is_read_in_no_time_as_one_that_says_nothing(raw: bytes) -> None:
    started = time.process_time()
    [receipt] = parse_delivery_report(raw)
    assert time.process_time() - started < SECONDS
    assert (receipt.reference, receipt.kind) == (REFERENCE, ReceiptKind.UNKNOWN)


def test_a_large_mail_of_a_person_is_no_receipt() -> None:
    raw = "Return-Path: <li@example.com>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    assert parse_delivery_report(raw.encode() + b"\r\n" * 100_000) == []


FILLERS: Final = ("[", "[[", '{"a":', '"', "\\", "9", "a=1&", "&", "=", "%", "%00", ";", "\n", "--b\n", " ", "[{}", "é")


LONGEST: Final = {
    "smtp": MEGABYTE,
    "anymail": esp.LONGEST_REPORT,
    "kannel": kannel.LONGEST_REPORT,
    "twilio": twilio_door.LONGEST_FORM,
    "aliyun": aliyun.LONGEST_BATCH,
    "twilio_voice": twilio_door.LONGEST_FORM,
    "webpush": push.LONGEST_REPORT,
}
"""What the door of each takes."""


@pytest.mark.parametrize("provider", PARSERS)
@pytest.mark.parametrize("filler", FILLERS)
def test_a_hostile_message_of_any_provider_is_read_in_no_time(provider: str, filler: str) -> None:
    content = (filler * (LONGEST[provider] // len(filler))).encode()
    for raw in (content, join("reference=x", content), join(f"[{content.decode()}]", b"")):
        started = time.process_time()
        with suppress(ValueError):  # which `heard.read` reads as unknown
            PARSERS[provider](raw)
        assert time.process_time() - started < SECONDS


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [ValueError, RecursionError, MemoryError, AssertionError])
def test_a_message_that_cannot_be_read_is_set_apart_and_keeps_nobody_waiting(fault: type[Exception]) -> None:
    first, second = (make_delivery(status="sent") for _ in range(2))
    raws = [report(one.pk, "1") for one in (first, second)]
    for raw in raws:
        receipts.store(provider="kannel", raw=raw, now=NOON)
    parse = PARSERS["kannel"]

    def fail(raw: bytes) -> list[ReceiptRecord]:
        if raw == raws[0]:
            raise fault
        return parse(raw)

    with patch.dict(PARSERS, kannel=fail):
        assert receipts.apply_waiting(now=NOON) == 2
    assert (status(first), status(second)) == ("sent", "delivered")
    assert list(Receipt.objects.order_by("pk").values_list("kind", "reason")) == [
        ("unknown", "could not be read"),
        ("delivered", "delivered to the phone"),
    ]


@pytest.mark.django_db
def test_messages_that_take_long_to_read_are_read_a_few_in_a_transaction() -> None:
    clock = iter(range(0, 1_000, 3))
    for _ in range(5):
        receipts.store(provider="kannel", raw=report(make_delivery(status="sent").pk, "1"), now=NOON)
    slow: Callable[[], float] = lambda: float(next(clock))  # noqa: E731
    with patch.object(receipts, "monotonic", slow):
        assert [receipts.apply_waiting(now=NOON) for _ in range(4)] == [2, 2, 1, 0]
    assert not Callback.objects.waiting().exists()
