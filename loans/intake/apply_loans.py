"""Applies loans of a partner's file: the agreements, their schedules, that partner's positions, the payments it saw."""

from collections import defaultdict
from collections.abc import Sequence

from loans.intake import waiting
from loans.intake.apply_payments import write_repayments
from loans.intake.apply_positions import write_positions
from loans.intake.apply_schedules import write_schedules
from loans.intake.cases import Case, Opened, Waits, open_cases
from loans.intake.moving import move_lines
from loans.intake.naming import lines_naming
from loans.intake.news import News, RefusedError
from loans.intake.records import Code, LoanRecord
from loans.intake.settling import settle
from loans.intake.turns import take_turns
from loans.models import Report


def apply_loans(report: Report, records: Sequence[LoanRecord]) -> list[News | RefusedError]:
    """Write what this report says of these loans; one answer a record, in order. See apply_together."""
    return apply_together([report] * len(records), records)


def apply_together(reports: Sequence[Report], records: Sequence[LoanRecord]) -> list[News | RefusedError]:
    """Write what reports of one partner, one a record, say of these loans; one answer a record, in order.

    Run it in a transaction of its own. The number of statements does not depend on the number of loans. The bank's word
    makes the figures; the platform's makes only its position and the payments that it saw, unless the bank has not
    spoken of the loan yet. Whatever the order of arrival, the state is the same.
    """
    if not records:
        return []
    take_turns(reports[0].partner)
    answers: dict[int, News | RefusedError] = {}
    left = list(enumerate(records))
    while left:
        first = {record.external_id: place for place, record in reversed(left)}
        places = sorted(first.values())
        found = _apply([reports[place] for place in places], [records[place] for place in places])
        answers |= zip(places, found, strict=True)
        left = [(place, record) for place, record in left if first[record.external_id] != place]
    return [answers[place] for place in range(len(records))]


def _apply(reports: Sequence[Report], records: Sequence[LoanRecord]) -> list[News | RefusedError]:
    """The records of different loans."""
    partner = reports[0].partner
    opened = open_cases(reports, records)
    cases = [item for item in opened if isinstance(item, Case)]
    write_schedules(cases)
    write_positions(partner, cases)
    write_repayments(partner, cases)
    _settle(cases)
    waiting.keep([item for item in opened if isinstance(item, Waits) or (isinstance(item, Case) and item.ahead)])
    _take_up([case for case in cases if case.made or case.new])
    return [_answer(item) for item in opened]


def _answer(item: Opened) -> News | RefusedError:
    if isinstance(item, Case):
        if item.ahead and not item.record.whole:
            item.news.waits_for = Code.UNKNOWN_INSTALLMENT
            said = f"the loan has no period {item.ahead[0]} yet; what is said of it waits for it"
            item.news.remarks.append(item.record.placed(said))
        return item.news
    if isinstance(item, RefusedError):
        return item
    said = item.record.placed(f"{item.why}: kept until a record opens the loan")
    return News(waits_for=Code.UNKNOWN_LOAN, remarks=[said])


def _take_up(cases: Sequence[Case]) -> None:
    """What came before these loans is applied now; what it changes is news of the record that opened them."""
    news = {case.loan.external_id: case.news for case in cases}
    for report, records in waiting.take([case.loan for case in cases]):
        for record, answer in zip(records, apply_loans(report, records), strict=True):
            if isinstance(answer, RefusedError):
                news[record.external_id].remarks.append(f"{record.place}, which waited: {answer.reason}")
            else:
                news[record.external_id].take(answer)


def _settle(cases: Sequence[Case]) -> None:
    """The bank's lines that are about another loan by what these records brought are settled with them."""
    known = {case.loan.pk: (case.account, case.news) for case in cases}
    accounts = {case.loan.pk: known[case.loan.pk] for case in cases if case.touched or case.agreed or case.account.told}
    by_bank: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        if case.names:
            by_bank[case.loan.bank_id].append(case)
    for bank_id, bank_cases in by_bank.items():
        lines = lines_naming(bank_id, {name for case in bank_cases for name in case.names})
        accounts |= move_lines(lines, bank_cases[0].report, bank_id, known, told=_told(bank_cases))
    settle(accounts, {pk for case in cases for pk in case.touched})
    for loan_id, (_account, news) in accounts.items():
        if loan_id not in known and cases:
            cases[0].news.take(news)


def _told(cases: Sequence[Case]) -> dict[str, set[int]]:
    told: dict[str, set[int]] = defaultdict(set)
    for case in cases:
        for one in case.account.told:
            told[one.reference].add(case.loan.pk)
    return told
