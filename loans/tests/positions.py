"""What firms say about installments, for tests of where they differ."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import time_machine

from loans.differences import follow_differences
from loans.intake.reports import Outcome
from loans.models import Difference, Installment, Partner, Position, Report
from loans.reconciliation import save_positions, settle_up
from loans.tests.fineract_files import DISBURSEMENT, period_json
from loans.tests.intake_files import TOTAL, loan_of, send_loans

START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
_numbers = count(1)


def file_of(number: int, *, paid: bool = False, due: str = "2026-12-05", total: Decimal = TOTAL) -> dict[str, Any]:
    """Loan LN-`number` of one installment, all paid or nothing."""
    period = period_json(1, due, **{"Paid" if paid else "Outstanding": total})
    return loan_of(number, repaymentSchedule={"periods": [DISBURSEMENT, period]})


def say_in_file(partner: Partner, now: datetime, *loans: dict[str, Any]) -> Outcome:
    """`partner` sends these loans at `now`."""
    with time_machine.travel(now, tick=False):
        return send_loans(loans, partner.code)


def say(installment: Installment, partner: Partner, paid: Decimal, *, now: datetime, **figures: Any) -> None:
    """`partner` says how much is paid, and what follows from it is derived."""
    report = Report.objects.create(
        partner=partner, kind="loans", name="x", content=b"x", digest=f"{next(_numbers):064x}", received_at=now,
        status="applied",
    )  # fmt: skip
    whole = paid >= installment.total - installment.waived
    status = Position.Status.PAID if whole else Position.Status.DUE
    said = {"due_on": installment.due_on, "total": installment.total, **figures}
    position = Position(
        installment=installment, partner=partner, status=status, paid=paid, told=paid, told_at=now, told_in=report,
        as_of=now, report=report, **said,
    )  # fmt: skip
    save_positions([position])
    settle_up([installment.pk], {installment.pk: report})
    follow_differences([installment.pk], now=now)
    installment.refresh_from_db()


def differences() -> list[tuple[str, str, bool]]:
    """Kind, who follows, and whether it still lasts, the first one first."""
    rows = Difference.objects.order_by("pk").values_list("kind", "follower__kind", "ended_at")
    return [(kind, follower, ended_at is None) for kind, follower, ended_at in rows]
