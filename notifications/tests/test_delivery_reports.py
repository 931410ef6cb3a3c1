from datetime import UTC, datetime

import pytest

from notifications.channels.base import ReceiptKind
from notifications.channels.delivery_reports import parse_delivery_report

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
OTHER = "0190c1de-0000-8000-8000-00000000beef"

# As Postfix 3.7 writes them.
POSTFIX = """\
Return-Path: <>
Delivered-To: bounce+{reference}@bounces.example
Received: by mail.portal.example (Postfix)
\tid 5DE6F1205C; Sun, 22 Nov 2026 11:38:51 +0000 (UTC)
Date: Sun, 22 Nov 2026 11:38:51 +0000 (UTC)
From: MAILER-DAEMON@mail.portal.example (Mail Delivery System)
Subject: Successful Mail Delivery Report
To: bounce+{reference}@bounces.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4E4C61205A.1795347531/mail.portal.example"
Message-Id: <20261122113851.5DE6F1205C@mail.portal.example>

This is a MIME-encapsulated message.

--4E4C61205A.1795347531/mail.portal.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.portal.example.

<li@example.com>: something about li@example.com

--4E4C61205A.1795347531/mail.portal.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.portal.example
Original-Envelope-Id: {envelope_id}
X-Postfix-Queue-ID: 4E4C61205A
X-Postfix-Sender: rfc822; bounce+{reference}@bounces.example
Arrival-Date: Sun, 22 Nov 2026 11:38:50 +0000 (UTC)

Final-Recipient: rfc822; li@example.com
Original-Recipient: rfc822;li@example.com
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1 <li@example.com>: Li Hua does not live here

--4E4C61205A.1795347531/mail.portal.example
Content-Description: Message Headers
Content-Type: text/rfc822-headers

Return-Path: <bounce+{reference}@bounces.example>
From: Dueproof <notices@portal.example>
To: li@example.com
Subject: Payment due tomorrow
Message-ID: <{returned}@bounces.example>

--4E4C61205A.1795347531/mail.portal.example--
"""

EXCHANGE = f"""\
From: <postmaster@example.com>
To: <notices@portal.example>
Date: Sun, 22 Nov 2026 13:38:51 +0200
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"
MIME-Version: 1.0
Subject: Undeliverable: Payment due tomorrow
Auto-Submitted: auto-replied

--b1
Content-Type: multipart/alternative; differences=Content-Type; boundary="b2"

--b2
Content-Type: text/html; charset="us-ascii"

<p>Your message to li@example.com couldn't be delivered.</p>

--b2--

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.example.com
Received-From-MTA: dns;mail.portal.example
Arrival-Date: Sun, 22 Nov 2026 11:38:50 +0000

Final-Recipient: rfc822;li@example.com
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException

--b1
Content-Type: message/rfc822

From: Dueproof <notices@portal.example>
To: li@example.com
Message-ID: <{REFERENCE}@bounces.example>
Subject: Payment due tomorrow
MIME-Version: 1.0
Content-Type: text/plain

Li Hua, 88.00 is due tomorrow.
--b1--
"""


def postfix(action: str, status: str, **facts: str) -> bytes:
    references = {"reference": REFERENCE, "envelope_id": REFERENCE, "returned": REFERENCE} | facts
    return POSTFIX.format(action=action, status=status, **references).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("action", "status", "kind", "permanent", "reason"),
    [
        ("delivered", "2.0.0", ReceiptKind.DELIVERED, None, "put into the mailbox"),
        ("relayed", "2.0.0", ReceiptKind.ACCEPTED, None, "handed on to a system that reports no more"),
        ("expanded", "2.1.5", ReceiptKind.ACCEPTED, None, "handed on to a list"),
        ("delayed", "4.4.1", ReceiptKind.DELAYED, None, "4.4.1 no answer from the host"),
        ("failed", "5.1.1", ReceiptKind.FAILED, True, "5.1.1 no such mailbox"),
        ("failed", "5.2.2", ReceiptKind.FAILED, False, "5.2.2 mailbox is full"),
        ("failed", "5.7.1", ReceiptKind.FAILED, False, "5.7.1 refused by policy"),
        ("failed", "4.4.7", ReceiptKind.FAILED, False, "4.4.7 gave up after trying for too long"),
        ("FAILED", "5.1.1 (bad)", ReceiptKind.FAILED, True, "5.1.1 no such mailbox"),
        ("failed", "", ReceiptKind.FAILED, None, ""),
        ("vanished", "5.1.1", ReceiptKind.UNKNOWN, None, "5.1.1 no such mailbox"),
    ],
)
def test_each_action_is_put_into_our_words(
    action: str, status: str, kind: ReceiptKind, permanent: bool | None, reason: str
) -> None:
    [receipt] = parse_delivery_report(postfix(action, status))
    assert (receipt.reference, receipt.kind, receipt.permanent, receipt.reason) == (REFERENCE, kind, permanent, reason)


def test_a_receipt_says_nothing_of_the_address_or_the_person() -> None:
    [receipt] = parse_delivery_report(postfix("failed", "5.1.1"))
    assert "example" not in repr(receipt)
    assert "Li" not in repr(receipt)


def test_the_time_is_that_of_the_last_attempt_and_else_that_of_the_report() -> None:
    raw = postfix("delayed", "4.4.1")
    attempted = raw.replace(b"Remote-MTA:", b"Last-Attempt-Date: Sun, 22 Nov 2026 11:30:00 +0200\r\nRemote-MTA:")
    assert parse_delivery_report(raw)[0].occurred_at == datetime(2026, 11, 22, 11, 38, 51, tzinfo=UTC)
    assert parse_delivery_report(attempted)[0].occurred_at == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("date", [b"yesterday", b"Sun, 99 Nov 2026 11:38:51 +0000", b"", b"\xff\xfe"])
def test_a_report_with_an_impossible_date_is_still_a_receipt(date: bytes) -> None:
    raw = postfix("delivered", "2.0.0").replace(b"Sun, 22 Nov 2026 11:38:51 +0000 (UTC)\r\nFrom", date + b"\r\nFrom")
    [receipt] = parse_delivery_report(raw)
    assert (receipt.kind, receipt.occurred_at) == (ReceiptKind.DELIVERED, None)


# Which message it is about -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["envelope_id", "reference", "returned"])
def test_any_one_of_our_three_marks_finds_the_message(kept: str) -> None:
    marks = dict.fromkeys(("envelope_id", "reference", "returned"), "lost") | {kept: REFERENCE}
    [receipt] = parse_delivery_report(postfix("delivered", "2.0.0", **marks))
    assert (receipt.reference, receipt.kind) == (REFERENCE, ReceiptKind.DELIVERED)


def test_a_mark_in_capital_letters_is_the_same_mark() -> None:
    [receipt] = parse_delivery_report(postfix("delivered", "2.0.0", envelope_id=REFERENCE.upper()))
    assert (receipt.reference, receipt.kind) == (REFERENCE, ReceiptKind.DELIVERED)


def test_a_report_without_any_mark_of_ours_proves_nothing() -> None:
    marks = dict.fromkeys(("envelope_id", "reference", "returned"), "QQ314159")
    [receipt] = parse_delivery_report(postfix("delivered", "2.0.0", **marks))
    assert (receipt.reference, receipt.kind) == ("", ReceiptKind.UNKNOWN)
    assert receipt.reason == "carries no reference of ours"


@pytest.mark.parametrize("mark", ["envelope_id", "returned"])
def test_a_report_whose_marks_disagree_proves_nothing_and_is_kept_with_the_message_to_whose_address_it_came(
    mark: str,
) -> None:
    [receipt] = parse_delivery_report(postfix("delivered", "2.0.0", **{mark: OTHER}))
    assert (receipt.reference, receipt.kind) == (REFERENCE, ReceiptKind.UNKNOWN)
    assert receipt.reason == "references disagree"


def test_a_report_that_returns_the_whole_mail_is_found_by_its_message_id() -> None:
    [receipt] = parse_delivery_report(EXCHANGE.encode())
    assert (receipt.reference, receipt.kind, receipt.permanent) == (REFERENCE, ReceiptKind.FAILED, False)
    assert receipt.occurred_at == datetime(2026, 11, 22, 11, 38, 51, tzinfo=UTC)


def test_each_recipient_in_a_report_is_a_receipt_and_where_one_took_the_mail_the_address_works() -> None:
    second = b"Final-Recipient: rfc822; wang@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    raw = postfix("delivered", "2.0.0").replace(b"Final-Recipient: rfc822; li", second + b"Final-Recipient: rfc822; li")
    assert [(receipt.kind, receipt.permanent) for receipt in parse_delivery_report(raw)] == [
        (ReceiptKind.DELIVERED, None),
        (ReceiptKind.FAILED, None),
    ]


def test_a_report_on_an_address_in_other_letters_is_read_too() -> None:
    raw = (
        postfix("failed", "5.1.1", reference="lost")
        .replace(b"message/delivery-status", b"message/global-delivery-status")
        .replace(b"text/rfc822-headers", b"message/global-headers")
        .replace(b"rfc822; li@", "utf-8; 丽@".encode())
    )
    [receipt] = parse_delivery_report(raw)
    assert (receipt.reference, receipt.kind, receipt.permanent) == (REFERENCE, ReceiptKind.FAILED, True)
