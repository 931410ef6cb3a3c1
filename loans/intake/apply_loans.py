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
from loans.intake.records import LoanRecord
from loans.intake.settling import settle
from loans.intake.turns import take_turns
from loans.models import Report


def apply_loans(report: Report, records: Sequence[LoanRecord]) -> list[News | RefusedError]:
    """Write what this report says of these loans; one answer a record, in order.

    Run it in a transaction of its own. The number of statements does not depend on the number of loans. The bank's word
    makes the figures; the platform's makes only its position and the payments that it saw, unless the bank has not
    spoken of the loan yet. Whatever the order of arrival, the state is the same.
    """
    take_turns(report.partner)
    answers: dict[int, News | RefusedError] = {}
    left = list(enumerate(records))
    while left:
        first = {record.external_id: place for place, record in reversed(left)}
        places = sorted(first.values())
        answers |= zip(places, _apply(report, [records[place] for place in places]), strict=True)
        left = [(place, record) for place, record in left if first[record.external_id] != place]
    return [answers[place] for place in range(len(records))]


def _apply(report: Report, records: Sequence[LoanRecord]) -> list[News | RefusedError]:
    """The records of different loans."""
    opened = open_cases(report, records)
    cases = [item for item in opened if isinstance(item, Case)]
    write_schedules(cases, report.received_at)
    write_positions(report, cases)
    write_repayments(report, cases)
    _settle(report, cases)
    early: list[Waits | Case] = [item for item in opened if isinstance(item, Waits)]
    waiting.keep(report, [item.record for item in (*early, *(case for case in cases if case.ahead))])
    _take_up([case for case in cases if case.made or case.new])
    return [_answer(item) for item in opened]


def _answer(item: Opened) -> News | RefusedError:
    if isinstance(item, Case):
        return item.news
    if isinstance(item, RefusedError):
        return item
    return News(waiting=1, remarks=[f"{item.record.place}: {item.why}: kept until a record opens the loan"])


def _take_up(cases: Sequence[Case]) -> None:
    """What came before these loans is applied now; what it changes is news of the record that opened them."""
    news = {case.loan.external_id: case.news for case in cases}
    for report, records in waiting.take([case.loan for case in cases]):
        for record, answer in zip(records, apply_loans(report, records), strict=True):
            if isinstance(answer, RefusedError):
                news[record.external_id].remarks.append(f"{record.place}, which waited: {answer.reason}")
            else:
                news[record.external_id].take(answer)


def _settle(report: Report, cases: Sequence[Case]) -> None:
    """The bank's lines that are about another loan by what these records brought are settled with them."""
    known = {case.loan.pk: (case.account, case.news) for case in cases}
    accounts = {case.loan.pk: known[case.loan.pk] for case in cases if case.touched or case.account.told}
    by_bank: dict[int, list[Case]] = defaultdict(list)
    for case in cases:
        if case.names:
            by_bank[case.loan.bank_id].append(case)
    for bank_id, bank_cases in by_bank.items():
        names = {name for case in bank_cases for name in case.names}
        accounts |= move_lines(lines_naming(bank_id, names), report, bank_id, known, told=_told(bank_cases))
    settle(accounts, report, {pk for case in cases for pk in case.touched})
    for loan_id, (_account, news) in accounts.items():
        if loan_id not in known and cases:
            cases[0].news.take(news)


def _told(cases: Sequence[Case]) -> dict[str, set[int]]:
    told: dict[str, set[int]] = defaultdict(set)
    for case in cases:
        for one in case.account.told:
            told[one.reference].add(case.loan.pk)
    return told
