"""A case as life makes it: told by SMS and email, reported, acknowledged, paid, disputed."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db import transaction

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Dispute, Installment, Loan, Payment, Position, Report
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.acknowledgement import acknowledge
from notifications.channels.base import Message
from notifications.claiming import Line, claim, holding
from notifications.composing import word
from notifications.events import about, record_all
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.signatures import reference_of
from notifications.states import Status, Step, advance
from notifications.tests.factories import NOON, TODAY, hear, make_delivery, make_prompt

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Told:
    """The rows of the case, and the two messages as they went out."""

    borrower: User
    loan: Loan
    installment: Installment
    prompt: Prompt
    sms: Delivery
    email: Delivery
    messages: dict[str, Message]


def make_case(**borrower: Any) -> Told:
    """Planned, sent by SMS and reported as delivered, sent by email and bounced, acknowledged."""
    loan = make_loan(make_borrower(**borrower))
    installment = make_installment(loan, due_on=TODAY + timedelta(days=3))
    prompt = make_prompt(installment)
    record_all([about(prompt, NoticeEvent.Kind.PLANNED, stage=prompt.stage)], at=NOON)
    sms, email = make_delivery(prompt), make_delivery(prompt, Delivery.Channel.EMAIL)
    messages = {one.channel: hand_over(one) for one in (sms, email)}
    hear("kannel", delivered(sms, loan.borrower), now=NOON + 3 * SECOND)
    hear("smtp", bounce(email), now=NOON + 4 * SECOND)
    acknowledge(prompt_id=prompt.pk, method="link", delivery_id=sms.pk, now=NOON + 9 * SECOND)
    return Told(loan.borrower, loan, installment, prompt, sms, email, messages)


def hand_over(delivery: Delivery) -> Message:
    """Claim, word, hand over and record, as a worker does; returns the message."""
    with holding() as holder, transaction.atomic():
        worded, _faults = word(Line(delivery.channel).tellings(now=NOON, limit=10), now=NOON)
        claim([one.kept for one in worded], holder=holder, provider="x", now=NOON)
        advance([Step(delivery_id=one.kept.delivery_id, to=Status.SENT) for one in worded], now=NOON + SECOND)
    [message] = [one.message for one in worded if one.message and one.kept.delivery_id == delivery.pk]
    delivery.refresh_from_db()
    return message


def delivered(delivery: Delivery, borrower: User) -> bytes:
    return urlencode({"reference": reference_of(delivery.pk), "type": "1", "answer": f"to:{borrower.phone}"}).encode()


def bounce(delivery: Delivery, *, returned: str = "") -> bytes:
    """A report by RFC 3464 that names the address in the ways that mail servers do."""
    reference, address = reference_of(delivery.pk), delivery.address
    return f"""Return-Path: <>
From: MAILER-DAEMON@mail.example.test
To: bounce+{reference}@bounces.dueproof.test
Date: Sun, 22 Nov 2026 12:00:03 +0800
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<{address}>: host mail.example.test said: 550 5.1.1 <{address}> unknown
{returned}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.test
Original-Envelope-Id: {reference}

Original-Recipient: rfc822;{address.replace("@", "+40")}
Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1

--b--
""".replace("\n", "\r\n").encode()


def pay(case: Told) -> Payment:
    """Seen by the platform; the bank says that it is still due."""
    for place, (partner, status) in enumerate([(case.loan.platform, "paid"), (case.loan.bank, "due")]):
        assert partner is not None
        report = Report.objects.create(
            partner=partner, kind="loans", name="x", content=b"x", digest=f"{place:064x}", received_at=NOON
        )
        paid = Decimal(100) if status == "paid" else Decimal(0)
        Position.objects.create(
            installment=case.installment, partner=partner, status=status, paid=paid, as_of=NOON, report=report
        )
    return Payment.objects.create(
        loan=case.loan,
        installment=case.installment,
        amount=Decimal(100),
        currency="CNY",
        end_to_end_id="E2E-1",
        status=Payment.Status.RECEIVED,
        paid_on=TODAY,
        received_at=NOON + 20 * SECOND,
    )


def dispute(case: Told, *, whole_loan: bool = False) -> Dispute:
    return make_dispute(case.loan, installment=None if whole_loan else case.installment, now=NOON + 30 * SECOND)
