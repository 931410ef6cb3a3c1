"""What tests of the desk share: those who come to it, and one row of everything about a borrower."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Dispute, Installment, Loan, Payment, Position, Report, Statement, StatementLine
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.models import Acknowledgement, AgentTask, Delivery, Preference, Prompt, Receipt
from notifications.resending import resend
from notifications.states import Status
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt, make_receipt
from portal.agents import AGENTS, OPERATORS
from portal.tests.people import sign_in

_numbers = count(1)


def make_desk_agent(**fields: Any) -> User:
    """An agent as they are on a real desk: of the group, and nothing more."""
    agent = make_agent(**{"locale": "en", "time_zone": "Asia/Shanghai", **fields})
    agent.groups.add(Group.objects.get(name=AGENTS))
    return agent


def make_operator(**fields: Any) -> User:
    """Somebody who pulls the levers and has no tasks."""
    name = fields.pop("name", "Operator")
    operator = make_agent(**{"locale": "en", "time_zone": "Asia/Shanghai", **fields})
    User.objects.filter(pk=operator.pk).update(name=name)
    operator.groups.add(Group.objects.get(name=OPERATORS))
    return operator


def make_agent_and_operator(**fields: Any) -> User:
    """Somebody in both groups, who sees all that is on the desk."""
    both = make_desk_agent(**fields)
    both.groups.add(Group.objects.get(name=OPERATORS))
    return both


def make_superuser() -> User:
    return User.objects.create_superuser("root@example.test", name="Root", locale="en")


def desk_of(user: User) -> Client:
    return sign_in(user)


@dataclass(frozen=True)
class World:
    """A borrower with one of everything, told by SMS, which arrived, and by email, which did not."""

    borrower: User
    loan: Loan
    installment: Installment
    prompt: Prompt
    sms: Delivery
    email: Delivery
    receipt: Receipt
    task: AgentTask
    line: StatementLine
    report: Report
    dispute: Dispute
    payment: Payment

    @property
    def secrets(self) -> list[str]:
        """What must not be read on any page, in the forms in which providers write it."""
        phone, email = str(self.borrower.phone), str(self.borrower.email)
        return [phone, phone.removeprefix("+86"), phone.replace("+", "%2B"), email, email.replace("@", "%40")]


def make_world() -> World:
    number = next(_numbers)
    borrower = make_borrower()
    loan = make_loan(borrower)
    installment = make_installment(loan, due_on=TODAY + timedelta(days=3))
    report = Report.objects.create(
        partner=make_bank(), kind=Report.Kind.STATEMENT, name=f"054-{number}.xml", digest=f"{number}", received_at=NOON,
        content=f"{borrower.phone} {borrower.email}".encode(), status=Report.Status.PARTLY,
        refusals=[{"file": "054.xml", "place": "entry 7", "reason": "no amount", "code": "missing"}],
    )  # fmt: skip
    Position.objects.create(
        installment=installment, partner=loan.bank, status="due", paid=Decimal(0), as_of=NOON, report=report
    )
    payment = Payment.objects.create(
        loan=loan, installment=installment, amount=Decimal(40), currency="CNY", status="received", paid_on=TODAY,
        received_at=NOON, end_to_end_id=f"E2E-{number}",
    )  # fmt: skip
    line = StatementLine.objects.create(
        report=report, place="entry 1", fingerprint=f"line {number}", amount=installment.outstanding, currency="CNY",
        side="credit", booked_on=TODAY, match="unmatched", why="no loan number that we know",
        remittance=f"thanks, {borrower.email}, call {borrower.phone}",
    )  # fmt: skip
    Statement.objects.create(
        report=report, partner=report.partner, place="statement 1", series="camt.053", account="6222", year=2026,
        number=2 * number, opening=Decimal(0), closing=Decimal(1), booked=Decimal(2), difference=Decimal(-1),
        currency="CNY", entries=1,
    )  # fmt: skip
    prompt, sms, email, receipt = _told(installment)
    task = AgentTask.objects.create(
        borrower=borrower, prompt=prompt, kind=AgentTask.Kind.UNREACHABLE, reason="no channel reached them",
        act_by=NOON + timedelta(hours=6), created_at=NOON + timedelta(hours=1),
    )  # fmt: skip
    Preference.objects.create(user=borrower, channel="email", enabled=False)
    dispute = make_dispute(loan, now=NOON - timedelta(days=1))
    return World(borrower, loan, installment, prompt, sms, email, receipt, task, line, report, dispute, payment)


def _told(installment: Installment) -> tuple[Prompt, Delivery, Delivery, Receipt]:
    prompt = make_prompt(installment, status=Prompt.Status.ESCALATED, planned_at=NOON - timedelta(hours=2))
    reason = f"550 5.1.1 <{prompt.borrower.email}>: user unknown"
    sms = make_delivery(prompt, "sms", status=Status.DELIVERED, sent_at=NOON - timedelta(hours=2), delivered_at=NOON)
    email = make_delivery(prompt, "email", status=Status.FAILED, claimed_at=NOON, reason=reason)
    make_delivery(prompt, "in_app", status=Status.SENT, sent_at=NOON - timedelta(hours=2))
    raw = f"type=1&to={str(sms.address).replace('+', '%2B')}&answer=stat:DELIVRD".encode()
    receipt = make_receipt(sms, "delivered", raw, moved=True, provider_word="1")
    make_receipt(
        email, "failed", f"Final-Recipient: rfc822; {prompt.borrower.email}".encode(), moved=True, reason=reason
    )
    Acknowledgement.objects.create(
        prompt=prompt, borrower=prompt.borrower, delivery=sms, method="link", amount=Decimal(100), currency="CNY",
        due_on=installment.due_on, wording="upcoming/en/3", acknowledged_at=NOON + timedelta(minutes=5),
    )  # fmt: skip
    resend(prompt_id=prompt.pk, channel="sms", agent=make_agent(), now=NOON + timedelta(hours=3))
    return prompt, sms, email, receipt


def task_page(task: AgentTask) -> str:
    return reverse("admin:notifications_agenttask_change", args=[task.pk])


def take_address(task: AgentTask) -> str:
    return reverse("admin:notifications_agenttask_take", args=[task.pk])


def reveal_address(task: AgentTask) -> str:
    return reverse("admin:notifications_agenttask_reveal", args=[task.pk])


def line_page(line: StatementLine) -> str:
    return reverse("admin:loans_statementline_change", args=[line.pk])


def resend_address(prompt: Prompt) -> str:
    return reverse("admin:notifications_prompt_resend", args=[prompt.pk])


def said(response: Any) -> str:
    """The messages that a page shows."""
    return " ".join(str(message) for message in response.context["messages"])
