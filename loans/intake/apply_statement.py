"""Applies entries of a bank's statement: a booked credit settles a payment, or waits for an agent."""

from collections.abc import Sequence
from operator import itemgetter

from loans.intake.apply_heads import keep_statements
from loans.intake.apply_statuses import apply_statuses
from loans.intake.moving import Accounts, move_lines, read_accounts
from loans.intake.naming import assign, open_for_matching, returns_of
from loans.intake.news import News, RefusedError
from loans.intake.records import Code
from loans.intake.rewording import reword
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
    """A known movement changes nothing, but for its words where this report was received before the one on record."""
    if not records:
        return []
    news = [News() for _record in records]
    told: Told = {}
    for record, its in zip(records, news, strict=True):
        for line in lines_of(report, record):
            told.setdefault(line.fingerprint, (line, its))
    known = list(StatementLine.objects.filter(fingerprint__in=told).select_related("report").defer("report__content"))
    mine = (report.received_at, report.digest)
    later = [line for line in known if (line.report.received_at, line.report.digest) > mine]
    accounts = reword({name: line for name, (line, _its) in told.items()}, later, report) if later else {}
    there = {line.fingerprint for line in known}
    told = {name: item for name, item in told.items() if name not in there}
    accounts |= _accounts(told, report, accounts)
    _settle(told, accounts)
    for line, its in told.values():
        its.touched = True
        its.unmatched += line.match == Kept.UNMATCHED
    # In the order of what makes them unique: two intakes then cannot wait for each other.
    StatementLine.objects.bulk_create(line for _fingerprint, (line, _its) in sorted(told.items(), key=itemgetter(0)))
    return news


def _accounts(told: Told, report: Report, known: Accounts) -> Accounts:
    """The loans that the lines name, locked and read; and those of returns that came before."""
    lines = open_for_matching(line for line, _its in told.values())
    assign(report.partner_id, lines)
    accounts = known | read_accounts({line.loan_id for line in lines if line.loan_id} - set(known), report)
    early = returns_of(report.partner_id, lines)
    if early:
        accounts |= move_lines(early, report, report.partner_id, accounts, credited=lines)
    return accounts


def _settle(told: Told, accounts: Accounts) -> None:
    """What comes of a loan is news of the first record that names it."""
    told_of: dict[int, News] = {}
    for line, its in told.values():
        if line.loan_id:
            told_of.setdefault(line.loan_id, its)
            accounts[line.loan_id][0].lines.append(line)
    first = next((its for _line, its in told.values()), News())
    settle({pk: (account, told_of.get(pk, first)) for pk, (account, _news) in accounts.items()})
