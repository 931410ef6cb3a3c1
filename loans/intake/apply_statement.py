"""Applies entries of a bank's statement: a booked credit settles a payment, or waits for an agent."""

from collections.abc import Sequence
from operator import itemgetter

from loans.intake.apply_heads import keep_statements
from loans.intake.apply_statuses import apply_statuses
from loans.intake.booking import Booking, book
from loans.intake.candidates import Candidates
from loans.intake.ledger import Ledger
from loans.intake.matching import NoMatch, match
from loans.intake.news import News, RefusedError
from loans.intake.records import Code, EntryRecord, StatementRecord, StatusRecord
from loans.intake.returning import Return, early_returns, loans_named_by, take_back, take_turns
from loans.intake.rewriting import rewrite
from loans.intake.statement_lines import lines_of
from loans.models import Partner, Report, StatementLine

Kept = StatementLine.Match
Told = dict[str, tuple[StatementLine, News]]
"""Lines and the news of their records, by fingerprint."""


def apply_statement(
    report: Report, records: Sequence[EntryRecord | StatementRecord | StatusRecord]
) -> list[News | RefusedError]:
    """Write what the bank says of these entries, statements and initiated payments; one answer a record, in order.

    Run it in a transaction of its own. Entries and statements are refused where the report is not a bank's.
    """
    statuses = iter(apply_statuses(report, [record for record in records if isinstance(record, StatusRecord)]))
    if report.partner.kind != Partner.Kind.BANK:
        refusal = RefusedError("a statement is a bank's word, and this partner is a platform", Code.VALUE)
        return [next(statuses) if isinstance(record, StatusRecord) else refusal for record in records]
    entries = iter(_apply_entries(report, [record for record in records if isinstance(record, EntryRecord)]))
    heads = iter(keep_statements(report, [record for record in records if isinstance(record, StatementRecord)]))
    answers = {EntryRecord: entries, StatementRecord: heads, StatusRecord: statuses}
    return [next(answers[type(record)]) for record in records]


def _apply_entries(report: Report, records: Sequence[EntryRecord]) -> list[News]:
    """A known movement changes nothing. The number of queries depends only on how many lines one loan has."""
    if not records:
        return []
    news = [News() for _record in records]
    told: Told = {}
    for record, its in zip(records, news, strict=True):
        for line in lines_of(report, record):
            told.setdefault(line.fingerprint, (line, its))
    told = _unknown(told)
    returns = _to_match(told, "debit")
    take_turns(report.partner, returning=bool(returns))
    candidates = Candidates(report.partner, _to_match(told, "credit"), also=loans_named_by(report.partner, returns))
    told = _unknown(told)  # whoever held the loans until now may have kept the same lines
    _match_all(report, candidates, told)
    _take_back(report, told)
    for line, its in told.values():
        its.touched = True
        its.unmatched += line.match == Kept.UNMATCHED
    # In the order of what makes them unique: two intakes then cannot wait for each other.
    StatementLine.objects.bulk_create(line for _fingerprint, (line, _its) in sorted(told.items(), key=itemgetter(0)))
    return news


def _unknown(told: Told) -> Told:
    known = set(StatementLine.objects.filter(fingerprint__in=told).values_list("fingerprint", flat=True))
    return {fingerprint: item for fingerprint, item in told.items() if fingerprint not in known}


def _to_match(told: Told, side: str) -> list[StatementLine]:
    """Booked credits that are payments, or debits that take payments back, and are to be matched."""
    return [line for line, _its in told.values() if line.match == Kept.UNMATCHED and not line.why and line.side == side]


def _take_back(report: Report, told: Told) -> None:
    """After all bookings, so that the order within a file does not matter; with them, returns that came before."""
    booked = [line for line, _its in told.values() if line.match == Kept.MATCHED]
    news = {line.payment_id: its for line, its in told.values() if line.match == Kept.MATCHED}
    returns = [Return(line, told[line.fingerprint][1]) for line in _to_match(told, "debit")]
    early = early_returns(report.partner, booked)
    earlier = [Return(line, News()) for line in early]
    if not returns and not earlier:
        return
    take_back([*returns, *earlier], booked, report=report, now=report.received_at)
    for item in earlier:
        if item.line.payment_id in news:
            news[item.line.payment_id].take(item.news)
    rewrite(early, ["payment", "match", "why"])


def _match_all(report: Report, candidates: Candidates, told: Told) -> None:
    booked: set[int] = set()
    for lines in candidates.rounds(_to_match(told, "credit")):
        ledger, bookings = Ledger(candidates, lines, booked), []
        for line in lines:
            found = match(line, ledger)
            if isinstance(found, NoMatch):
                line.why = found.why[:200]
            else:
                bookings.append(Booking(line, found, told[line.fingerprint][1]))
        booked |= {payment.pk for payment in book(bookings, report=report, now=report.received_at)}
