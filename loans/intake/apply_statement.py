"""Applies entries of a bank's statement: a booked credit settles a payment, or waits for an agent."""

from collections.abc import Sequence
from operator import itemgetter

from loans.intake.apply_heads import keep_statements
from loans.intake.apply_statuses import apply_statuses
from loans.intake.moving import Accounts, move_lines, read_accounts
from loans.intake.naming import assign, open_for_matching, returns_of
from loans.intake.news import News, RefusedError
from loans.intake.records import Code
from loans.intake.settling import settle
from loans.intake.statement_lines import lines_of
from loans.intake.statement_records import EntryRecord, StatementRecord, StatusRecord
from loans.intake.turns import take_turns
from loans.models import Partner, Report, StatementLine

Kept = StatementLine.Match
Told = dict[str, tuple[StatementLine, News]]
"""Lines and the news of their records, by fingerprint."""


def apply_statement(
    report: Report, records: Sequence[EntryRecord | StatementRecord | StatusRecord]
) -> list[News | RefusedError]:
    """Write what the bank says of these entries, statements and initiated payments; one answer a record, in order.

    Run it in a transaction of its own. The number of statements does not depend on the number of records. Entries and
    statements are refused where the report is not a bank's.
    """
    take_turns(report.partner)
    statuses = iter(apply_statuses(report, [record for record in records if isinstance(record, StatusRecord)]))
    if report.partner.kind != Partner.Kind.BANK:
        refusal = RefusedError("a statement is a bank's word, and this partner is a platform", Code.VALUE)
        return [next(statuses) if isinstance(record, StatusRecord) else refusal for record in records]
    entries = iter(_apply_entries(report, [record for record in records if isinstance(record, EntryRecord)]))
    heads = iter(keep_statements(report, [record for record in records if isinstance(record, StatementRecord)]))
    answers = {EntryRecord: entries, StatementRecord: heads, StatusRecord: statuses}
    return [next(answers[type(record)]) for record in records]


def _apply_entries(report: Report, records: Sequence[EntryRecord]) -> list[News]:
    """A known movement changes nothing."""
    if not records:
        return []
    news = [News() for _record in records]
    told: Told = {}
    for record, its in zip(records, news, strict=True):
        for line in lines_of(report, record):
            told.setdefault(line.fingerprint, (line, its))
    told = _unknown(told, report)
    accounts = _accounts(told, report)
    told = _unknown(told, report)  # whoever held the loans until now may have kept the same lines
    _settle(told, accounts, report)
    for line, its in told.values():
        its.touched = True
        its.unmatched += line.match == Kept.UNMATCHED
    # In the order of what makes them unique: two intakes then cannot wait for each other.
    StatementLine.objects.bulk_create(line for _fingerprint, (line, _its) in sorted(told.items(), key=itemgetter(0)))
    return news


def _unknown(told: Told, report: Report) -> Told:
    """Those that are not on record. A line on record is of the report that brought it first."""
    known = StatementLine.objects.filter(fingerprint__in=told)
    rows = dict(known.values_list("fingerprint", "report__received_at"))
    later = [fingerprint for fingerprint, received_at in rows.items() if received_at > report.received_at]
    if later:
        StatementLine.objects.filter(fingerprint__in=later).update(report=report)
    return {fingerprint: item for fingerprint, item in told.items() if fingerprint not in rows}


def _accounts(told: Told, report: Report) -> Accounts:
    """The loans that the lines name, locked and read; and those of returns that came before."""
    lines = open_for_matching(line for line, _its in told.values())
    assign(report.partner_id, lines)
    accounts = read_accounts({line.loan_id for line in lines if line.loan_id}, report)
    early = returns_of(report.partner_id, lines)
    if early:
        accounts |= move_lines(early, report, report.partner_id, accounts, credited=lines)
    return accounts


def _settle(told: Told, accounts: Accounts, report: Report) -> None:
    """What comes of a loan is news of the first record that names it."""
    told_of: dict[int, News] = {}
    for line, its in told.values():
        if line.loan_id:
            told_of.setdefault(line.loan_id, its)
            accounts[line.loan_id][0].lines.append(line)
    first = next((its for _line, its in told.values()), News())
    settle({pk: (account, told_of.get(pk, first)) for pk, (account, _news) in accounts.items()})
