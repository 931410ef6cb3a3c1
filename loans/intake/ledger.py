"""What is on record of locked loans, as far as a bank's lines may name it: read for many lines at once."""

from collections import defaultdict
from collections.abc import Sequence, Set

from loans.intake.candidates import Candidates, names_in
from loans.models import Installment, Payment, StatementLine


class Ledger:
    """What lines are matched with.

    `loans` by id, `numbers` by loan number; `installments` in force by payment reference, `payments` by end-to-end id;
    `oldest_unsettled` installment by loan, oldest `waiting` payment by installment.
    """

    def __init__(self, candidates: Candidates, lines: Sequence[StatementLine], booked: Set[int]) -> None:
        """`booked`: ids of payments whose lines the caller keeps, but has not saved yet."""
        self.loans = candidates.loans
        self.numbers = candidates.numbers
        self._near = candidates.near(lines)
        self._booked = set(booked)
        self._read_installments({name for line in lines for name in names_in(line)})
        self._read_payments({line.end_to_end_id for line in lines if line.end_to_end_id})

    def is_booked(self, payment: Payment) -> bool:
        """A line has booked this payment before."""
        return payment.pk in self._booked

    def _read_installments(self, references: Set[str]) -> None:
        self.installments: dict[str, list[Installment]] = defaultdict(list)
        of_loans = Installment.objects.filter(loan__in=self._near)
        referred = of_loans.filter(payment_reference__in=references).exclude(state=Installment.State.WITHDRAWN)
        for row in referred:
            self.installments[row.payment_reference].append(row)
        oldest = of_loans.unsettled().order_by("loan_id", "due_on", "number").distinct("loan_id")
        self.oldest_unsettled = {row.loan_id: row for row in oldest}

    def _read_payments(self, end_to_end_ids: Set[str]) -> None:
        self.payments: dict[str, list[Payment]] = defaultdict(list)
        known = Payment.objects.filter(loan__in=self.loans)
        # An earlier line may have brought the end-to-end id to another loan than those that this one names.
        named = known.filter(end_to_end_id__in=end_to_end_ids).select_related("installment").order_by("pk")
        waiting = known.awaiting_bank().filter(loan__in=self._near).order_by("installment_id", "pk")
        self.waiting = {payment.installment_id: payment for payment in waiting.distinct("installment_id")}
        for payment in named:
            self.payments[payment.end_to_end_id].append(payment)
        found = [payment.pk for payment in (*named, *self.waiting.values())]
        self._booked |= set(known.filter(pk__in=found, lines__side="credit").values_list("pk", flat=True))
