"""Mail that is no delivery report, and reports that cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.base import ReceiptKind
from notifications.channels.delivery_reports import MOST_RECIPIENTS, parse_delivery_report
from notifications.tests.test_delivery_reports import REFERENCE, postfix

QMAIL = f"""\
Return-Path: <>
Delivered-To: bounce+{REFERENCE}@bounces.example
Date: 22 Nov 2026 11:38:51 -0000
From: MAILER-DAEMON@old.example.com
To: bounce+{REFERENCE}@bounces.example
Subject: failure notice

Hi. This is the qmail-send program at old.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.

<li@example.com>:
Sorry, no mailbox here by that name. (#5.1.1)
"""

OUT_OF_OFFICE = f"""\
Return-Path: <>
Delivered-To: bounce+{REFERENCE}@bounces.example
Date: Sun, 22 Nov 2026 11:38:51 +0000
From: Li Hua <li@example.com>
To: bounce+{REFERENCE}@bounces.example
Subject: Automatic reply: Payment due tomorrow
Auto-Submitted: auto-replied

I am away until Monday.
"""

ANSWER = f"""\
Return-Path: <li@example.com>
Delivered-To: bounce+{REFERENCE}@bounces.example
From: Li Hua <li@example.com>
To: bounce+{REFERENCE}@bounces.example
Subject: Re: Payment due tomorrow

I have paid.
"""


@pytest.mark.parametrize("mail", [OUT_OF_OFFICE, ANSWER, ""], ids=["out of office", "a person's answer", "nothing"])
def test_mail_that_is_not_a_report_is_no_receipt(mail: str) -> None:
    assert parse_delivery_report(mail.encode()) == []


def test_a_read_notification_is_no_receipt() -> None:
    raw = postfix("delivered", "2.0.0").replace(b"delivery-status", b"disposition-notification")
    assert parse_delivery_report(raw) == []


def test_an_old_bounce_in_plain_words_is_kept_for_a_person_to_read() -> None:
    [receipt] = parse_delivery_report(QMAIL.encode())
    assert (receipt.reference, receipt.kind) == (REFERENCE, ReceiptKind.UNKNOWN)
    assert receipt.reason == "bounce without a report"


def test_a_report_that_was_cut_off_is_kept_for_a_person_to_read() -> None:
    raw = postfix("delivered", "2.0.0")
    [receipt] = parse_delivery_report(raw[: raw.index(b"Final-Recipient")])
    assert (receipt.reference, receipt.kind) == (REFERENCE, ReceiptKind.UNKNOWN)
    assert receipt.reason == "report without a recipient"


@given(st.data())
def test_no_damage_to_a_report_makes_it_fail_to_be_read(data: st.DataObject) -> None:
    raw = bytearray(postfix("delivered", "2.0.0"))
    for _ in range(data.draw(st.integers(1, 12))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.integers(0, 200)))
        raw[start:end] = data.draw(st.binary(max_size=40))
    assert all(receipt.kind in ReceiptKind for receipt in parse_delivery_report(bytes(raw)))


@given(st.binary(max_size=2000))
def test_no_bytes_fail_to_be_read(raw: bytes) -> None:
    assert all(receipt.kind in ReceiptKind for receipt in parse_delivery_report(raw))


def test_a_report_on_many_recipients_does_not_become_many_receipts() -> None:
    block = b"Final-Recipient: rfc822; li@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    raw = postfix("delivered", "2.0.0").replace(b"Final-Recipient", block * 20 + b"Final-Recipient", 1)
    assert len(parse_delivery_report(raw)) == MOST_RECIPIENTS
