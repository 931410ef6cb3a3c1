"""The loans that a set of records is about: found and locked, or made with their borrowers, as sets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from accounts.people import Named, NotABorrowerError, Taken, take_borrowers
from loans.intake.account import Account, read_schedules
from loans.intake.banks import banks_named
from loans.intake.giving_over import give_over
from loans.intake.likely import is_out_of_order, widen
from loans.intake.news import News, RefusedError
from loans.intake.precedence import BEFORE_ALL, Moment, moment_of
from loans.intake.records import BorrowerRecord, Code, LoanRecord
from loans.intake.rewriting import rewrite
from loans.intake.sides import Firms, Sides, loans_of, meant
from loans.intake.whose import as_speaker
from loans.models import Loan, LoanWord, Partner, Report


@dataclass(frozen=True, slots=True)
class Waits:
    """A record that came before what it needs, and why it waits."""

    record: LoanRecord
    report: Report
    why: str


@dataclass(slots=True, eq=False)
class Case:
    """One record of a report on its way in: its loan, all that is on record of that, and what the record changed.

    `touched`: ids of installments whose figures or positions changed; `names`: what a bank's line may now name it by.
    `made`: it has installments that it did not have; `moved`: it has another borrower than before; `agreed`: what was
    agreed is another now. `ahead`: numbers of installments that the record speaks of and that it does not have yet.
    """

    record: LoanRecord
    report: Report
    account: Account
    new: bool
    news: News
    moment: Moment
    partner: Partner
    touched: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    made: bool = False
    moved: bool = False
    agreed: bool = False
    ahead: list[int] = field(default_factory=list)

    @property
    def loan(self) -> Loan:
        return self.account.loan

    @property
    def stale(self) -> bool:
        """The same partner has said something later of the whole loan."""
        return self.account.word_of(self.partner.pk) > self.moment

    @property
    def says_agreement(self) -> bool:
        """A schedule alone names no borrower, and nothing of what was agreed."""
        return self.record.whole and self.record.borrower is not None

    @property
    def makes_agreement(self) -> bool:
        """As with figures; no later word of the same partner on what was agreed is on record."""
        if not self.says_agreement or self.account.agreement_of(self.partner.pk) > self.moment:
            return False
        bank_id = self.loan.bank_id
        return self.partner.pk == bank_id or self.account.agreement_of(bank_id) == BEFORE_ALL

    @property
    def makes_figures(self) -> bool:
        """The bank's word does; the platform's where the bank has not spoken of the loan."""
        return self.partner.pk == self.loan.bank_id or self.account.word_of(self.loan.bank_id) == BEFORE_ALL


Opened = Case | RefusedError | Waits
NO_BANK: Final = "the loan's bank is not known yet"
UNNAMED_BANK: Final = "several banks are known here: name the loan's bank in the member bank"
OUT_OF_ORDER: Final = "paid out on {}, not before its first rate is due: no payment is judged by that day"
SEVERAL_BANKS: Final = "several banks have a loan {}: name its bank in the member bank"


def open_cases(reports: Sequence[Report], records: Sequence[LoanRecord]) -> list[Opened]:
    """What reports of one partner, one a record, say: a case, the refusal of the record, or that it waits.

    Each loan is in `records` once.

    The loans stay locked until the transaction ends. A loan's row is the lock of all that hangs on it: whoever writes
    installments, positions or payments takes it first, in the order of the ids where there are several.
    """
    partner = reports[0].partner
    firms = Firms(partner)
    every = [firms.at(report.received_at) for report in reports]
    ours = loans_of(partner, {sides.bank for sides in every if sides.bank})
    locked = ours.filter(external_id__in=[record.external_id for record in records])
    known: dict[str, list[Loan]] = {}
    for loan in locked.select_related("borrower").order_by("pk").select_for_update(of=("self",), no_key=True):
        known.setdefault(loan.external_id, []).append(loan)
    banks = banks_named(record.bank for record in records)
    opened: list[Opened] = []
    for record, report, unnamed in zip(records, reports, every, strict=True):
        sides = unnamed.naming(banks.get(record.bank or ""))
        opened.append(_case(record, meant(record, known.get(record.external_id, ()), sides), report, sides))
    opened = _with_borrowers(opened, partner)
    cases = [item for item in opened if isinstance(item, Case)]
    _save_loans(cases, partner)
    give_over([case for case in cases if case.moved])
    read_schedules([case.account for case in cases])
    _agree(cases)
    _keep_words(cases)
    return opened


def _case(record: LoanRecord, loans: Sequence[Loan], report: Report, sides: Sides) -> Opened:
    if len(loans) > 1:
        return RefusedError(SEVERAL_BANKS.format(record.external_id), Code.VALUE)
    if loans:
        return _known_case(record, loans[0], report)
    if sides.bank is None:
        return Waits(record, report, UNNAMED_BANK if sides.choice else NO_BANK)
    return _new_case(record, report, sides.bank, sides.platform)


def _known_case(record: LoanRecord, loan: Loan, report: Report) -> Case | RefusedError:
    partner = report.partner
    if loan.currency != record.currency:
        reason = f"loan {loan.external_id} is in {loan.currency}, this record says {record.currency}"
        return RefusedError(reason, Code.CURRENCY)
    if partner.kind == Partner.Kind.PLATFORM and loan.platform_id not in {None, partner.pk}:
        return RefusedError(f"loan {loan.external_id} was sold by another platform", Code.NOT_YOUR_LOAN)
    moment = moment_of(report, record.as_of)
    return Case(record, report, Account(loan, report), False, News(remarks=record.placed_remarks()), moment, partner)


def _new_case(record: LoanRecord, report: Report, bank: Partner, platform: Partner | None) -> Case | Waits:
    if record.borrower is None:
        return Waits(record, report, f"loan {record.external_id} is new and names no borrower")
    if not record.whole:
        return Waits(record, report, f"loan {record.external_id} is not known yet")
    loan = Loan(
        bank=bank,
        external_id=record.external_id,
        platform=platform,
        currency=record.currency,
        principal=record.principal,
        product=(record.product or "")[:120],
        disbursed_on=record.disbursed_on,
    )
    account = Account(loan, report)
    widen(account, record)
    news, moment = News(remarks=record.placed_remarks()), moment_of(report, record.as_of)
    return Case(record, report, account, True, news, moment, report.partner, names={record.external_id})


def _with_borrowers(opened: list[Opened], partner: Partner) -> list[Opened]:
    """A new loan gets its borrower. A corrected phone or email comes with the bank's next file; the person stays.

    Whose loans are all of this firm is judged before the new ones are saved. Whoever a platform named is the borrower
    until the bank first says who it is.
    """
    ours = [item.loan.pk for item in opened if isinstance(item, Case) and partner.pk == item.loan.bank_id]
    spoken_of = set(LoanWord.objects.filter(loan__in=ours, partner=partner).values_list("loan", flat=True))
    named = {
        place: _named(item, item.record.borrower, spoken_of)
        for place, item in enumerate(opened)
        if isinstance(item, Case) and item.record.borrower and (item.new or partner.pk == item.loan.bank_id)
    }
    answers = dict(zip(named, take_borrowers(list(named.values()), firm=as_speaker(partner)), strict=True))
    return [_answered(item, answers.get(place)) for place, item in enumerate(opened)]


def _named(case: Case, told: BorrowerRecord, spoken_of: Collection[int]) -> Named:
    return Named(
        external_id=told.external_id,
        name=told.name,
        phone=told.phone,
        email=told.email,
        locale=told.locale,
        time_zone=told.time_zone,
        user_id=None if case.new else case.loan.borrower_id,
        may_be_another=case.partner.pk == case.loan.bank_id and case.loan.pk not in spoken_of,
        said_at=case.moment.as_of,
    )


def _answered(item: Opened, answer: Taken | NotABorrowerError | None) -> Opened:
    if not isinstance(item, Case) or answer is None:
        return item
    if isinstance(answer, NotABorrowerError):
        return RefusedError(str(answer), Code.VALUE)
    item.news.for_desk += answer.remarks
    item.moved = not item.new and item.loan.borrower_id != answer.user.pk
    if item.new or item.moved:
        item.loan.borrower = answer.user
    if item.moved:
        item.news.for_desk.append(f"loan {item.record.external_id}: the bank names another borrower than the platform")
    return item


def _leave_sold_numbers(new: Sequence[Loan], bank: Partner) -> None:
    """Nobody named the platform of a bank's new loan: one that has this number with another bank is not taken for it,
    or what it says of its own loan would be about two.
    """
    if not new or bank.kind != Partner.Kind.BANK:
        return
    sold = Loan.objects.filter(external_id__in=[loan.external_id for loan in new]).exclude(bank=bank)
    taken = set(sold.exclude(platform=None).values_list("platform_id", "external_id"))
    for loan in new:
        if (loan.platform_id, loan.external_id) in taken:
            loan.platform = None


def _save_loans(cases: list[Case], partner: Partner) -> None:
    """The new ones, in the order of their numbers: two intakes then cannot wait for each other."""
    new = [case.loan for case in cases if case.new]
    _leave_sold_numbers(new, partner)
    Loan.objects.bulk_create(sorted(new, key=lambda loan: loan.external_id))
    if partner.kind == Partner.Kind.PLATFORM:
        unclaimed = [case.loan for case in cases if case.loan.platform_id is None]
        if unclaimed:
            Loan.objects.filter(pk__in=[loan.pk for loan in unclaimed]).update(platform=partner)
        for loan in unclaimed:
            loan.platform = partner


def _agree(cases: Sequence[Case]) -> None:
    """What the agreement says is what the latest word on it says that may make figures; what can be true of the loan's
    payments is what any word on it allows.
    """
    changed = []
    for case in cases:
        record, loan = case.record, case.loan
        if is_out_of_order(record):
            case.news.remarks.append(record.placed(OUT_OF_ORDER.format(record.disbursed_on)))
        if case.new:
            continue
        case.agreed = record.whole and widen(case.account, record)
        said = (record.principal, (record.product or "")[:120], record.disbursed_on)
        if case.makes_agreement and (loan.principal, loan.product, loan.disbursed_on) != said:
            loan.principal, loan.product, loan.disbursed_on = said
            case.news.touched = case.agreed = True
        if case.agreed:
            changed.append(loan)
    rewrite(changed, ("principal", "product", "disbursed_on", "most_said", "first_said"))


def _keep_words(cases: Sequence[Case]) -> None:
    """Each with the later of what the same partner had said and says now, of the schedule and of the agreement.

    From here on the accounts have them, too: a figure that a record repeats holds what the bank had by this record.
    """
    LoanWord.objects.bulk_create(
        [word for case in cases if case.record.whole and (word := _word(case))],
        update_conflicts=True,
        unique_fields=["loan", "partner"],
        update_fields=["as_of", "report", "agreed_at", "agreed_in"],
    )


def _word(case: Case) -> LoanWord | None:
    agrees = case.says_agreement and case.account.agreement_of(case.partner.pk) <= case.moment
    if case.stale and not agrees:
        return None
    word = case.account.said.get(case.partner.pk) or LoanWord(loan=case.loan, partner=case.partner)
    if not case.stale:
        word.as_of, word.report = case.moment.as_of, case.report
        case.account.words[case.partner.pk] = case.moment
    if agrees:
        word.agreed_at, word.agreed_in = case.moment.as_of, case.report
        case.account.agreed[case.partner.pk] = case.moment
    return word
