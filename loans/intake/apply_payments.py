"""Applies the payments that a partner says it saw: its word on each, known again by its reference."""

from collections.abc import Sequence

from loans.intake.account import Told
from loans.intake.cases import Case
from loans.intake.precedence import Moments
from loans.intake.records import RepaymentRecord
from loans.models import Partner, PaymentWord
from loans.reconciliation import save_words

Known = dict[tuple[int, str], PaymentWord]


def write_repayments(partner: Partner, cases: Sequence[Case]) -> None:
    """Lay what is new of this partner's words with the accounts; it is saved when those are settled.

    One without a reference is left out: nothing would tell it from itself in the next file, and the position says what
    is paid. A record of a whole loan that came late may still tell of a payment that no later one names.
    """
    told = [(case, item) for case in cases for item in case.record.repayments if item.reference]
    if not told:
        return
    known = _known(
        partner, [case for case, _item in told if not case.new], {item.reference or "" for _case, item in told}
    )
    moments = Moments({case.report for case, _item in told}, (word.report_id for word in known.values()))
    repeated = []
    for case, item in told:
        if item.installment and item.installment not in case.account.installments:
            case.news.remarks.append(f"the loan has no period {item.installment}: the payment goes to what is due")
        reference = item.reference or ""
        old = known.get((case.loan.pk, reference))
        word = _word(case, item)
        if old is not None:
            word = _merged(old, word, later=moments.of(old.as_of, old.report_id) <= case.moment)
        known[case.loan.pk, reference] = word
        if old is None or old.says != word.says:
            _lay(case, reference, word, new=old is None)
        elif old.as_of != word.as_of and old.pk:
            repeated.append(word)
    save_words(repeated)


def _known(partner: Partner, cases: Sequence[Case], references: set[str]) -> Known:
    words = PaymentWord.objects.filter(
        partner=partner,
        payment__loan__in={case.loan.pk for case in cases},
        payment__end_to_end_id__in=references,
    )
    return {(word.payment.loan_id, word.payment.end_to_end_id): word for word in words.select_related("payment")}


def _word(case: Case, item: RepaymentRecord) -> PaymentWord:
    return PaymentWord(
        partner=case.partner,
        amount=item.amount,
        paid_on=item.paid_on,
        number=item.installment,
        reversed=item.reversed,
        arrived=not item.reversed,
        as_of=case.moment.as_of,
        report=case.report,
    )


def _merged(old: PaymentWord, word: PaymentWord, *, later: bool) -> PaymentWord:
    """The one of the later moment, taken back if either says so, and arrived if either does."""
    holds = word if later else PaymentWord(partner=old.partner, **old.facts)
    holds.payment_id = old.payment_id
    holds.reversed = old.reversed or word.reversed
    holds.arrived = old.arrived or word.arrived
    return holds


def _lay(case: Case, reference: str, word: PaymentWord, *, new: bool) -> None:
    account = case.account
    account.told = [one for one in account.told if one.reference != reference]
    account.told.append(Told(reference, word))
    case.news.touched = True
    if new:
        case.names.add(reference)
