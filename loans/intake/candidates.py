"""The loans that a bank's lines name: each line names one, or says why none."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from loans.models import Installment, Loan, Payment, StatementLine

# A loan number as people type it into a remittance text: letters, digits and the marks that join them.
WORD: Final = re.compile(r"[0-9A-Za-z]+(?:[-_./][0-9A-Za-z]+)*")
MOST_WORDS: Final = 40
LONGEST_NAME: Final = 64

Named = Mapping[str, set[int]]


def words_of(line: StatementLine) -> list[str]:
    """What may be a payment reference or a loan number in the remittance text, each once."""
    words = dict.fromkeys(WORD.findall(line.remittance))
    return [word for word in words if len(word) <= LONGEST_NAME][:MOST_WORDS]


def names_in(line: StatementLine) -> list[str]:
    """All that a line may name a loan by."""
    return list(dict.fromkeys([line.end_to_end_id, *words_of(line)])) if line.end_to_end_id else words_of(line)


def names_of(line: StatementLine) -> list[str]:
    """The same, as they are kept with it where they are."""
    return line.names.split("\n") if line.names else names_in(line)


class Candidates:
    """The loans of a bank that these lines may name."""

    def __init__(self, bank_id: int, lines: Sequence[StatementLine], told: Named) -> None:
        """`told`: the loans of payments' references that are not saved yet."""
        names = {name for line in lines for name in names_of(line)}
        numbers = Loan.objects.filter(bank=bank_id, external_id__in=names)
        rows = list(numbers.values_list("external_id", "pk", "currency"))
        self._numbers = {number: pk for number, pk, _currency in rows}
        self._loans = {pk: (number, currency) for number, pk, currency in rows}
        periods = Installment.objects.filter(loan__bank=bank_id, payment_reference__in=names)
        self._periods = self._group(periods.exclude(state="withdrawn"), "payment_reference")
        # What only a line brought is no name: it would decide which loan the next line is about by who came first.
        lined = StatementLine.objects.filter(payment=OuterRef("pk"), side="credit")
        unbooked = ~Exists(lined) & Q(booked_on=None)  # one that its line is about to leave still says when it came
        spoken = Q(words__isnull=False) | Q(received_at__isnull=False) | unbooked
        self._payments = self._group(
            Payment.everything.filter(spoken, loan__bank=bank_id, end_to_end_id__in=names - {""}).distinct(),
            "end_to_end_id",
        )
        for name, loans in told.items():
            self._payments[name] |= loans
        self._read(pk for loans in told.values() for pk in loans)

    def _read(self, loan_ids: Iterable[int]) -> None:
        missing = set(loan_ids) - set(self._loans)
        if missing:
            rows = Loan.objects.filter(pk__in=missing).values_list("pk", "external_id", "currency")
            self._loans |= {pk: (number, currency) for pk, number, currency in rows}

    def _group(self, rows: "QuerySet[Installment] | QuerySet[Payment]", name: str) -> dict[str, set[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        values = rows.order_by().values_list(name, "loan", "loan__external_id", "loan__currency")
        for said, loan_id, number, currency in values:
            found[said].add(loan_id)
            self._loans[loan_id] = (number, currency)
        return found

    def loan_of(self, line: StatementLine) -> int | str:
        """The id of the loan that the line names, or why it names none."""
        found = self._find(line)
        if isinstance(found, str):
            return found
        number, currency = self._loans[found]
        return found if currency == line.currency else f"loan {number} is in {currency}"

    def of_payment(self, end_to_end_id: str) -> set[int]:
        """The loans that a period or payment of this id is known of."""
        return self._periods.get(end_to_end_id) or self._payments.get(end_to_end_id) or set()

    def _find(self, line: StatementLine) -> int | str:
        """By end-to-end id, else by a payment reference or loan number in the remittance text."""
        if loans := self.of_payment(line.end_to_end_id):
            return _only(loans, "several loans have a payment with this end-to-end id")
        words = names_of(line)
        if loans := {pk for word in words for pk in self._periods.get(word, ())}:
            return _only(loans, "the text names more than one installment")
        loans = {self._numbers[word] for word in words if word in self._numbers}
        if not loans:
            return "no end-to-end id and no loan number that we know"
        return _only(loans, "the text names more than one loan")


def _only(loans: set[int], several: str) -> int | str:
    return several if len(loans) > 1 else next(iter(loans))
