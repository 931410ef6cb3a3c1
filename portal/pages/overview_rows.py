"""The rows behind a borrower's first page: eight querysets, one round trip, and objects that know each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Field, Model

from accounts.models import ContactPoint
from loans.models import Dispute, Installment, Loan, Outage, OutageHold, Partner, Payment, PaymentPart
from notifications.models import Acknowledgement, Prompt
from portal.postgresql.gathering import Gathering

One = TypeVar("One", bound=Model)


def _columns(model: type[Model], *names: str) -> tuple[str, ...]:
    """Those columns in the order of the model's own, in which `from_db` takes them."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname in names)


# The columns that the page shows or decides by, and no others: what it does not show may change without being news.
LOAN: Final = _columns(Loan, "id", "external_id", "product", "currency", "bank_id", "platform_id")
FIRM: Final = _columns(Partner, "id", "name", "phone", "how_to_pay", "usual_lag_days")
ADDED: Final = ("next_due_on", "next_outstanding", "bank_heard_at")
INSTALLMENT: Final = _columns(
    Installment, "id", "loan_id", "number", "due_on", "total", "paid", "outstanding", "state", "payment_reference"
)
PAYMENT: Final = _columns(
    Payment, "id", "loan_id", "installment_id", "amount", "currency", "status", "paid_on", "booked_on"
)
PROMPT: Final = _columns(Prompt, "id", "kind", "installment_id")
KNOWN: Final = _columns(Acknowledgement, "id", "acknowledged_at")
DISPUTE: Final = _columns(
    Dispute, "id", "loan_id", "installment_id", "kind", "status", "answer_due_on", "decision", "decided_at"
)
POINT: Final = _columns(ContactPoint, "id", "kind", "address", "unreachable_since")
HOLD: Final = _columns(OutageHold, "id", "outage_id", "installment_id", "held_until")
OUTAGE: Final = _columns(Outage, "id", "starts_at", "ends_at")
DECLARER: Final = _columns(Partner, "id", "name")

GATHERING: Final = Gathering(
    {
        "borrower": (-(2**61), "bigint"),
        "last_day": (date(1, 2, 3), "date"),
        "now": (datetime(1, 2, 3, tzinfo=UTC), "timestamptz"),
    },
    {
        "loans": lambda borrower, **_: (
            Loan.objects.of(borrower)
            .with_next_due()
            .values_list(*LOAN, *_through("bank", FIRM), *_through("platform", FIRM), *ADDED)
        ),
        "installments": lambda borrower, last_day, **_: (
            Installment.objects.of(borrower).next_and_until(last_day).values_list(*INSTALLMENT)
        ),
        "payments": lambda borrower, **_: Payment.objects.of(borrower).on_the_way_or_last().values_list(*PAYMENT),
        "parts": lambda borrower, **_: (
            PaymentPart.objects.filter(payment__loan__borrower=borrower, payment__status=Payment.Status.RECEIVED)
            .filter(amount__gt=0)
            .order_by("pk")
            .values_list("installment_id", "amount")
        ),
        "prompts": lambda borrower, now, **_: (
            Prompt.objects.of(borrower)
            .asking_now(now)
            .values_list(
                *PROMPT,
                *_through("acknowledgement", KNOWN),
                *_through("installment", INSTALLMENT),
                "companion_installments",
            )
        ),
        "disputes": lambda borrower, **_: Dispute.objects.of(borrower).undecided().values_list(*DISPUTE),
        "points": lambda borrower, **_: (
            ContactPoint.objects.filter(user_id=borrower)
            .live()
            .exclude(unreachable_since=None)
            .order_by("pk")
            .values_list(*POINT)
        ),
        "holds": lambda borrower, now, **_: (
            OutageHold.objects.of(borrower)
            .in_force(now)
            .values_list(*HOLD, *_through("outage", OUTAGE), *_through("outage__partner", DECLARER))
        ),
    },
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What there is, in the order of the querysets. Every loan has its firms, every other object its loan."""

    loans: Sequence[Loan]
    installments: Sequence[Installment]
    payments: Sequence[Payment]
    on_the_way: Mapping[int, Decimal]
    """How much of each installment the bank has not booked yet; those of which there is nothing are left out."""
    prompts: Sequence[Prompt]
    disputes: Sequence[Dispute]
    points: Sequence[ContactPoint]
    holds: Sequence[OutageHold]


def gather(text: str) -> Gathered:
    """The answer of `GATHERING` as objects. What belongs to a loan of somebody else is left out."""
    rows = GATHERING.read(text)
    firms: dict[int, Partner] = {}
    loans = [_loan(row, firms) for row in rows["loans"]]
    of = {loan.pk: loan for loan in loans}
    installments = [_make(Installment, INSTALLMENT, row) for row in rows["installments"]]
    payments = [_make(Payment, PAYMENT, row) for row in rows["payments"]]
    prompts = [_prompt(row) for row in rows["prompts"]]
    disputes = [_make(Dispute, DISPUTE, row) for row in rows["disputes"]]
    asked = [prompt.installment for prompt in prompts if prompt.installment]
    belonging: list[Installment | Payment | Dispute] = [*installments, *payments, *disputes, *asked]
    for one in belonging:
        if one.loan_id in of:
            one.loan = of[one.loan_id]
    return Gathered(
        loans=loans,
        installments=installments,
        payments=payments,
        on_the_way=_sums(rows["parts"]),
        prompts=[one for one in prompts if one.installment and one.installment.loan_id in of],
        disputes=disputes,
        points=[_make(ContactPoint, POINT, row) for row in rows["points"]],
        holds=[_hold(row) for row in rows["holds"]],
    )


def _sums(parts: Iterable[Sequence[Any]]) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for installment_id, amount in parts:
        sums[installment_id] = sums.get(installment_id, Decimal(0)) + amount
    return sums


def _through(relation: str, columns: Sequence[str]) -> list[str]:
    return [f"{relation}__{column}" for column in columns]


def _make(model: type[One], columns: Sequence[str], values: Sequence[Any]) -> One:
    return model.from_db(DEFAULT_DB_ALIAS, columns, values)


def _loan(row: Sequence[Any], firms: dict[int, Partner]) -> Loan:
    end_of_bank = len(LOAN) + len(FIRM)
    loan = _make(Loan, LOAN, row[: len(LOAN)])
    bank, platform = row[len(LOAN) : end_of_bank], row[end_of_bank : end_of_bank + len(FIRM)]
    loan.bank = firms.setdefault(bank[0], _make(Partner, FIRM, bank))
    loan.platform = firms.setdefault(platform[0], _make(Partner, FIRM, platform)) if platform[0] else None
    vars(loan).update(zip(ADDED, row[-len(ADDED) :], strict=True))
    return loan


def _prompt(row: Sequence[Any]) -> Prompt:
    end_of_known = len(PROMPT) + len(KNOWN)
    prompt = _make(Prompt, PROMPT, row[: len(PROMPT)])
    prompt.installment = _make(Installment, INSTALLMENT, row[end_of_known:-1])
    known = row[len(PROMPT) : end_of_known]
    acknowledgement = _make(Acknowledgement, KNOWN, known) if known[0] else None
    # None is worth remembering, too: without it each prompt that nobody answered costs a query.
    cast("Field[Any, Any]", Prompt._meta.get_field("acknowledgement")).set_cached_value(prompt, acknowledgement)  # type: ignore[attr-defined]
    vars(prompt)["companion_installments"] = row[-1]
    return prompt


def _hold(row: Sequence[Any]) -> OutageHold:
    end_of_outage = len(HOLD) + len(OUTAGE)
    hold = _make(OutageHold, HOLD, row[: len(HOLD)])
    hold.outage = _make(Outage, OUTAGE, row[len(HOLD) : end_of_outage])
    hold.outage.partner = _make(Partner, DECLARER, row[end_of_outage:])
    return hold
