"""Applies the payments that a partner says it saw: its word on each, known again by its reference."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from loans.intake.account import Spoken, Told
from loans.intake.cases import Case
from loans.intake.likely import TOO_LATE, bounds_of, earliest, is_ahead
from loans.intake.precedence import Moments
from loans.intake.records import RepaymentRecord
from loans.models import Partner, PaymentWord
from loans.reconciliation import save_words

NOT_BELIEVED: Final = "it is kept, counts for nothing and is told to nobody"
Key = tuple[int, str, Decimal, date]
"""The loan's id, the reference, amount and day of a payment that this partner spoke of."""


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
    figures: dict[tuple[int, str], set[Key]] = defaultdict(set)
    for key in known:
        figures[key[:2]].add(key)
    repeated = []
    for case, item in told:
        _remark(case, item)
        key = (case.loan.pk, item.reference or "", item.amount, item.paid_on)
        of_payment, old, spoken = figures[key[:2]], known.get(key), Spoken(_word(case, item), case.moment)
        if old is not None:
            spoken = _merged(Spoken(old, moments.of(old.as_of, old.report_id)), spoken)
        known[key] = spoken.word
        if old is None or old.says != spoken.word.says or (old.as_of != spoken.word.as_of and len(of_payment) > 1):
            _lay(case, Told(key[1], spoken), new=not of_payment)
        elif old.as_of != spoken.word.as_of and old.pk:
            repeated.append(spoken.word)
        of_payment.add(key)
    save_words(repeated)


def _remark(case: Case, item: RepaymentRecord) -> None:
    """What cannot be true by the loan as it stands is kept, and counts should the loan become one of which it can; of a
    day that had not come nobody can say that something was paid.
    """
    ahead = is_ahead(item.paid_on, case.report.received_at)
    doubt = TOO_LATE if ahead else bounds_of(case.account).doubt(item.amount, item.paid_on)
    if doubt:
        case.news.doubts = doubt.code
        what = f"loan {case.record.external_id}: a payment of {item.amount} on {item.paid_on}"
        case.news.remarks.append(f"{what} is {doubt.reason}; {NOT_BELIEVED}")
    elif item.installment and item.installment not in case.account.installments:
        said = f"the loan has no period {item.installment}: the payment goes to what is due"
        case.news.remarks.append(case.record.placed(said))


def _known(partner: Partner, cases: Sequence[Case], references: set[str]) -> dict[Key, PaymentWord]:
    words = PaymentWord.objects.filter(
        partner=partner,
        payment__loan__in={case.loan.pk for case in cases},
        payment__end_to_end_id__in=references,
    )
    return {
        (word.payment.loan_id, word.payment.end_to_end_id, word.amount, word.paid_on): word
        for word in words.select_related("payment")
    }


def _word(case: Case, item: RepaymentRecord) -> PaymentWord:
    return PaymentWord(
        partner=case.partner,
        amount=item.amount,
        paid_on=item.paid_on,
        number=item.installment,
        reversed=item.reversed,
        reversed_at=case.moment.as_of if item.reversed else None,
        arrived=not item.reversed,
        named_at=case.moment.as_of,
        as_of=case.moment.as_of,
        report=case.report,
    )


def _merged(old: Spoken, new: Spoken) -> Spoken:
    """The one of the later moment, taken back if either says so, and arrived if either does."""
    later = old.moment <= new.moment
    holds = new.word if later else PaymentWord(partner=old.word.partner, **old.word.facts)
    holds.payment_id = old.word.payment_id
    holds.reversed = old.word.reversed or new.word.reversed
    holds.reversed_at = earliest(old.word.reversed_at, new.word.reversed_at)
    holds.arrived = old.word.arrived or new.word.arrived
    holds.named_at = min(old.word.named_at, new.word.named_at)
    return Spoken(holds, new.moment if later else old.moment)


def _lay(case: Case, told: Told, *, new: bool) -> None:
    account = case.account
    account.told = [one for one in account.told if one.key != told.key]
    account.told.append(told)
    case.news.touched = True
    if new:
        case.names.add(told.reference)
