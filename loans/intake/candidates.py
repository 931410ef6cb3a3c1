"""The loans that a bank's lines may be about, found and locked as a set, and the order in which lines are looked at."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from typing import Final

from loans.models import Installment, Loan, Partner, Payment, StatementLine

# A loan number as people type it into a remittance text: letters, digits and the marks that join them.
WORD: Final = re.compile(r"[0-9A-Za-z]+(?:[-_./][0-9A-Za-z]+)*")
MOST_WORDS: Final = 40


def words_of(line: StatementLine) -> list[str]:
    """What may be a payment reference or a loan number in the remittance text, each once."""
    return list(dict.fromkeys(WORD.findall(line.remittance)))[:MOST_WORDS]


def names_in(line: StatementLine) -> list[str]:
    """All that a line may name a loan by."""
    return [line.end_to_end_id, *words_of(line)] if line.end_to_end_id else words_of(line)


class Candidates:
    """The loans of `bank` that these lines may name, locked until the transaction ends; see cases.open_cases.

    `also`: the ids of loans that are to be locked with them.
    """

    def __init__(self, bank: Partner, lines: Sequence[StatementLine], also: Set[int] = frozenset()) -> None:
        self._named = _named_loans(bank, {name for line in lines for name in names_in(line)})
        ids = {loan_id for loan_ids in self._named.values() for loan_id in loan_ids} | also
        locked = Loan.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
        self.loans = {loan.pk: loan for loan in locked}
        self.numbers = {loan.external_id: loan for loan in self.loans.values()}

    def near(self, lines: Iterable[StatementLine]) -> set[int]:
        """The ids of the loans that these lines may name."""
        return {loan_id for line in lines for name in names_in(line) for loan_id in self._named.get(name, ())}

    def rounds(self, lines: Iterable[StatementLine]) -> list[list[StatementLine]]:
        """The lines in as few sets as can be matched and booked at once.

        What one line books decides what the next one of the same loan or end-to-end id finds, so such lines are in
        different rounds, in their order.
        """
        rounds: list[list[StatementLine]] = []
        taken: dict[str | int, int] = {}
        for line in lines:
            keys: set[str | int] = {*self.near([line]), *filter(None, [line.end_to_end_id])}
            number = max((taken.get(key, 0) for key in keys), default=0)
            if number == len(rounds):
                rounds.append([])
            rounds[number].append(line)
            taken |= dict.fromkeys(keys, number + 1)
        return rounds


def _named_loans(bank: Partner, names: set[str]) -> dict[str, set[int]]:
    """The ids of the loans that each name may mean: it is a payment reference, an end-to-end id or a loan number."""
    loans, found = Loan.objects.filter(bank=bank, external_id__in=names), defaultdict(set)
    referring = Installment.objects.filter(loan__bank=bank, payment_reference__in=names).order_by()
    paying = Payment.objects.filter(loan__bank=bank, end_to_end_id__in=names).order_by()
    for rows in (
        loans.values_list("external_id", "pk"),
        referring.values_list("payment_reference", "loan"),
        paying.values_list("end_to_end_id", "loan"),
    ):
        for name, loan_id in rows:
            found[name].add(loan_id)
    return found
