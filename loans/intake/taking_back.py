"""An agent takes back what was decided about a line: it is what the intake makes of it again."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from loans.intake.deciding import CannotDecideError, refuse_own
from loans.intake.moving import Accounts, move_lines, read_accounts
from loans.intake.naming import assign, returns_of
from loans.intake.news import News
from loans.intake.settling import settle
from loans.intake.statement_lines import BACKWARDS, NO_AMOUNT, ODD_SUM
from loans.intake.turns import take_turns
from loans.models import Report, StatementLine

_UNDECIDED: Final = {"match": StatementLine.Match.UNMATCHED, "why": "", "decided_by": None, "decided_at": None,
                     "decided_for": None}  # fmt: skip


@transaction.atomic
def take_back_decision(line_id: int, *, agent: User, now: datetime) -> StatementLine:
    """The line names its loan, or none, as if nobody had decided; what it booked is derived anew and told.

    A payment that stood on the line alone is returned. Returns the line, which waits again unless it finds a payment by
    itself. Raises CannotDecideError where no agent has decided it or it is about a loan of the agent's own, and
    Report.DoesNotExist.
    """
    report = Report.objects.select_related("partner").defer("content").get(lines=line_id)
    take_turns(report.partner)
    if not StatementLine.objects.filter(pk=line_id).exclude(decided_by=None).update(**_UNDECIDED):
        raise CannotDecideError(_("Nobody has decided this line, or it was taken back already."))
    line = StatementLine.objects.get(pk=line_id)
    accounts = _named_anew(line, report)
    accounts |= move_lines(returns_of(report.partner_id, [line]), report, report.partner_id, accounts)
    refuse_own({account.loan for account, _news in accounts.values()}, agent)
    settle(accounts, now=now)
    News.of(news for _account, news in accounts.values()).send()
    line.refresh_from_db()
    return line


def _named_anew(line: StatementLine, report: Report) -> Accounts:
    """Save the line without its payment; returns the loans that it left or came to."""
    before, line.loan = line.loan_id, None
    if line.names is None:
        line.why = _why_it_names_none(line)
    else:
        assign(report.partner_id, [line])
    accounts = read_accounts({pk for pk in (before, line.loan_id) if pk}, report)
    if before and line.payment_id:
        accounts[before][0].left.add(line.payment_id)
    line.payment = None
    line.save(update_fields=["loan", "why", "payment"])
    return accounts


def _why_it_names_none(line: StatementLine) -> str:
    """What was clear about it before any loan was looked at; a reason of an agent's has taken its place."""
    if line.reversal:
        return BACKWARDS
    return ODD_SUM if line.amount else NO_AMOUNT
