"""The sandbox as a mail server: the reports that addresses get, and how it refuses and fails."""

import smtplib
from email import message_from_bytes

import pytest

from notifications.channels.base import ReceiptKind
from notifications.channels.delivery_reports import parse_delivery_report
from notifications.tests.outside import SandboxProcess
from portal.sandbox.faults import Fault, Word
from portal.tests.sandboxes import MAIL, REFERENCE, TAKING, Bounces, get, send_mail

KINDS = {
    Word.DELIVERED: ReceiptKind.DELIVERED,
    Word.UNDELIVERED: ReceiptKind.FAILED,
    Word.REFUSED: ReceiptKind.FAILED,
    Word.DELAYED: ReceiptKind.DELAYED,
    Word.RELAYED: ReceiptKind.ACCEPTED,
}


@pytest.mark.parametrize("fault", TAKING, ids=lambda fault: fault.key)
def test_an_address_gets_the_reports_that_its_fault_names(
    sandbox: SandboxProcess, bounces: Bounces, fault: Fault
) -> None:
    send_mail(sandbox, f"li+{fault.key}@example.com")
    expected = [KINDS[step.word] for step in fault.steps if step.word in KINDS]
    receipts = [parse_delivery_report(bounces.reports.get(timeout=10)) for _ in expected]
    assert [receipt.kind for [receipt] in receipts] == expected
    assert {receipt.reference for [receipt] in receipts} <= {REFERENCE}


def test_a_report_is_a_whole_one_with_the_mails_headers(sandbox: SandboxProcess, bounces: Bounces) -> None:
    send_mail(sandbox)
    report = message_from_bytes(bounces.reports.get(timeout=10))
    assert report.get_content_type() == "multipart/report"
    assert report["Return-Path"] == "<>"
    assert [part.get_content_type() for part in report.get_payload()] == [  # type: ignore[union-attr]
        "text/plain", "message/delivery-status", "text/rfc822-headers",
    ]  # fmt: skip
    assert b"Subject: Due" in report.as_bytes()
    assert b"Due tomorrow" not in report.as_bytes()


@pytest.mark.parametrize(
    ("recipient", "answer"),
    [("li+reject@example.com", 550), ("li+tempfail@example.com", 451), ("li+error@example.com", 421)],
)
def test_a_mail_is_refused_as_its_fault_says(sandbox: SandboxProcess, recipient: str, answer: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send_mail(sandbox, recipient)
    assert refused.value.recipients[recipient][0] == answer
    assert sandbox.list_messages(wait=0) == []


def test_a_mail_that_fails_twice_is_taken_at_the_third_try(sandbox: SandboxProcess, bounces: Bounces) -> None:
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send_mail(sandbox, "li+tempfail@example.com")
    send_mail(sandbox, "li+tempfail@example.com")
    [receipt] = parse_delivery_report(bounces.reports.get(timeout=10))
    assert receipt.kind is ReceiptKind.DELIVERED


def test_a_mail_is_taken_before_the_connection_drops(sandbox: SandboxProcess, bounces: Bounces) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send_mail(sandbox, "li+drop@example.com")
    assert parse_delivery_report(bounces.reports.get(timeout=10))[0].kind is ReceiptKind.DELIVERED


def test_a_server_that_hangs_takes_nothing(sandbox: SandboxProcess) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, "portal.example", timeout=0.3) as client:
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            client.sendmail("a@bounces.example", ["li+hang@example.com"], MAIL)
        assert sandbox.list_messages(wait=0) == []


@pytest.mark.parametrize(
    ("recipient", "notify", "sender"),
    [
        ("li@example.com", "", f"bounce+{REFERENCE}@bounces.example"),
        ("li@example.com", "NOTIFY=FAILURE,DELAY", f"bounce+{REFERENCE}@bounces.example"),
        ("li+bounce@example.com", "NOTIFY=NEVER", f"bounce+{REFERENCE}@bounces.example"),
        ("li+bounce@example.com", "NOTIFY=FAILURE", ""),
    ],
)
def test_nobody_is_told_what_they_did_not_ask_for(
    sandbox: SandboxProcess, bounces: Bounces, recipient: str, notify: str, sender: str
) -> None:
    send_mail(sandbox, recipient, notify, sender)
    send_mail(sandbox, "li+bounce@example.com", "")
    [receipt] = parse_delivery_report(bounces.reports.get(timeout=10))
    assert receipt.kind is ReceiptKind.FAILED
    assert bounces.reports.empty()
    assert [len(message["receipts"]) for message in sandbox.list_messages(receipts=1)] == [0, 1]


def test_a_report_that_is_not_taken_is_sent_again(sandbox: SandboxProcess, bounces: Bounces) -> None:
    bounces.refusals = 2
    send_mail(sandbox)
    assert parse_delivery_report(bounces.reports.get(timeout=10))[0].kind is ReceiptKind.DELIVERED
    [message] = sandbox.list_messages(receipts=3)
    assert [receipt["answer"] for receipt in message["receipts"]] == ["451", "451", "250"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\r\n",
        b"Subject: =?x?b?!?=\r\nContent-Type: text/plain; charset=none\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
    ],
)
def test_a_malformed_mail_is_kept_and_listed_all_the_same(sandbox: SandboxProcess, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, "portal.example", timeout=10) as client:
        client.sendmail("", ["li@example.com"], raw)
    [message] = sandbox.list_messages()
    assert get(f"{sandbox.url}mailbox/1")[0] == 200
    assert get(f"{sandbox.url}mailbox/1/html")[0] == 200
    assert message["recipient"] == "li@example.com"
