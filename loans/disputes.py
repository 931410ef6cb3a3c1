"""Disputes: opened by a borrower, answered and decided by agents.

Every step is one conditional UPDATE whose row count is the answer; it holds the dispute's row until the transaction
ends, so the steps of one dispute never overlap. Signals go out inside the transaction, with ids only.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from django.db import IntegrityError, transaction

from accounts.models import User
from loans import signals
from loans.files import CheckedFile
from loans.models import Dispute, DisputeFile, DisputeMessage, Installment, Loan
from loans.receipt_numbers import new_receipt_number

ANSWER_DAYS: Final = 15
"""Calendar days from opening to decision, as for a simple complaint: 银行业保险业消费投诉处理管理办法 (CBIRC Order
2020-3), read in a secondary source: default, unconfirmed."""
MAX_FILES_A_DISPUTE: Final = 12
MAX_UNDECIDED_A_LOAN: Final = 5
"""Each is read and decided by a person, within a time: what more there is to say fits into one of these."""

_RECEIPT_TRIES: Final = 5
_ABOUT: Final = re.compile(r"[A-Za-z0-9_:-]{0,64}")


class AlreadyDecidedError(Exception):
    """A dispute was decided before this step: nothing was changed. Read it again and show its decision."""

    def __init__(self, receipt_number: str) -> None:
        super().__init__(f"Dispute {receipt_number} is decided already; nothing was changed. Open it to read how.")


class TooManyFilesError(ValueError):
    """A dispute would hold more than `MAX_FILES_A_DISPUTE` files: nothing was changed."""


class TooManyDisputesError(ValueError):
    """A loan would have more than `MAX_UNDECIDED_A_LOAN` undecided disputes: nothing was changed."""


def open_dispute(
    *,
    borrower: User,
    loan: Loan,
    installment: Installment | None,
    kind: str,
    words: str,
    files: Sequence[CheckedFile],
    about: str,
    now: datetime,
    form_token: UUID | None = None,
) -> Dispute:
    """Open a dispute with its first message and send `dispute_opened`; the same form sent again leads to the first.

    A form is the same where its token and all that it says are: who goes back and changes their words loses none.
    `about` is for whoever hears the signal and is not read here. Raises ValueError where the loan is not the
    borrower's, the installment not the loan's, the kind unknown or `about` malformed, and TooManyDisputesError.
    """
    _check_concern(borrower, loan, installment, kind, about)
    token = _token(form_token, loan.pk, installment and installment.pk, kind, words, _digests(files))
    with transaction.atomic():
        _require_room(loan, borrower, token)
        dispute, is_new = _insert(
            borrower=borrower,
            form_token=token,
            defaults={
                "loan": loan,
                "installment": installment,
                "kind": kind,
                "opened_at": now,
                "answer_due_on": answer_due_on(now.astimezone(borrower.zone).date()),
            },
        )
        if is_new:
            _write(dispute, author=borrower, by_agent=False, words=words, files=files, now=now, token=uuid4())
            signals.dispute_opened.send(Dispute, dispute_id=dispute.pk, about=about)
    return dispute


def add_message(
    *,
    dispute: Dispute,
    borrower: User,
    words: str,
    files: Sequence[CheckedFile],
    now: datetime,
    form_token: UUID | None = None,
) -> DisputeMessage:
    """Add the borrower's words or files to an undecided dispute: the next move is ours.

    Raises AlreadyDecidedError, TooManyFilesError, and ValueError where there is nothing to add or the dispute is not
    the borrower's.
    """
    if dispute.borrower_id != borrower.pk:
        raise ValueError(f"Dispute {dispute.receipt_number} is not of borrower #{borrower.pk}.")
    if not words and not files:
        raise ValueError(f"Neither words nor files were given for dispute {dispute.receipt_number}.")
    token = _token(form_token, dispute.pk, words, _digests(files))
    if first := _sent_before(borrower, token):
        return first
    with transaction.atomic():
        _move(dispute, status=Dispute.Status.OPEN)
        if files and dispute.files.count() + len(files) > MAX_FILES_A_DISPUTE:
            raise TooManyFilesError(f"Dispute {dispute.receipt_number} may hold {MAX_FILES_A_DISPUTE} files.")
        message, _is_new = _write(
            dispute, author=borrower, by_agent=False, words=words, files=files, now=now, token=token
        )
    return message


def answer(
    *, dispute: Dispute, agent: User, words: str, now: datetime, form_token: UUID | None = None
) -> DisputeMessage:
    """Write to the borrower and send `dispute_answered`; the same form sent again leads to the first message.

    Raises AlreadyDecidedError, and ValueError without words.
    """
    _require_words(dispute, words)
    token = _token(form_token, dispute.pk, words)
    if first := _sent_before(agent, token):
        return first
    with transaction.atomic():
        _move(dispute, status=Dispute.Status.ANSWERED)
        message, is_new = _write(dispute, author=agent, by_agent=True, words=words, files=(), now=now, token=token)
        if is_new:
            signals.dispute_answered.send(Dispute, dispute_id=dispute.pk, message_id=message.pk)
    return message


def decide(*, dispute: Dispute, agent: User, decision: str, words: str, now: datetime) -> None:
    """Decide, once and for all, with words that say why, and send `dispute_decided`.

    Of two agents at once the second gets AlreadyDecidedError. Raises ValueError without words or for an unknown
    decision.
    """
    _require_words(dispute, words)
    if decision not in Dispute.Decision.values:
        raise ValueError(f"{decision!r} is no decision on dispute {dispute.receipt_number}.")
    with transaction.atomic():
        _move(dispute, status=Dispute.Status.DECIDED, decision=decision, decided_at=now, decided_by=agent)
        _write(dispute, author=agent, by_agent=True, words=words, files=(), now=now, token=uuid4())
        signals.dispute_decided.send(Dispute, dispute_id=dispute.pk)


def answer_due_on(opened_on: date) -> date:
    """The last day for a decision on a dispute opened on `opened_on`, both in the borrower's calendar."""
    return opened_on + timedelta(days=ANSWER_DAYS)


def is_about(about: str) -> bool:
    """Whether `about` has the form that is passed through."""
    return _ABOUT.fullmatch(about) is not None


def _check_concern(borrower: User, loan: Loan, installment: Installment | None, kind: str, about: str) -> None:
    if loan.borrower_id != borrower.pk:
        raise ValueError(f"Loan #{loan.pk} is not of borrower #{borrower.pk}.")
    if installment and installment.loan_id != loan.pk:
        raise ValueError(f"Installment #{installment.pk} is not of loan #{loan.pk}.")
    if kind not in Dispute.Kind.values:
        raise ValueError(f"{kind!r} is no kind of dispute.")
    if not is_about(about):
        raise ValueError("`about` may hold up to 64 letters, digits and the signs _ : -")


def _require_room(loan: Loan, borrower: User, token: UUID) -> None:
    """Locks the loan until the transaction ends, so that two forms at once are counted one after the other."""
    Loan.objects.select_for_update(no_key=True).only("pk").get(pk=loan.pk)
    if Dispute.objects.filter(loan=loan).undecided().count() < MAX_UNDECIDED_A_LOAN:
        return
    if not Dispute.objects.filter(borrower=borrower, form_token=token).exists():
        raise TooManyDisputesError(f"Loan #{loan.pk} has {MAX_UNDECIDED_A_LOAN} undecided disputes.")


def _insert(
    *, borrower: User, form_token: UUID, defaults: dict[str, Any], tries: int = _RECEIPT_TRIES
) -> tuple[Dispute, bool]:
    number = new_receipt_number()
    try:
        return Dispute.objects.get_or_create(
            borrower=borrower, form_token=form_token, defaults={**defaults, "receipt_number": number}
        )
    except IntegrityError:
        if tries == 1 or not Dispute.objects.filter(receipt_number=number).exists():
            raise
    return _insert(borrower=borrower, form_token=form_token, defaults=defaults, tries=tries - 1)


def _move(dispute: Dispute, **fields: Any) -> None:
    if not Dispute.objects.undecided().filter(pk=dispute.pk).update(**fields):
        raise AlreadyDecidedError(dispute.receipt_number)
    for name, value in fields.items():
        setattr(dispute, name, value)


def _token(form_token: UUID | None, *said: object) -> UUID:
    return uuid5(form_token, repr(said)) if form_token else uuid4()


def _digests(files: Sequence[CheckedFile]) -> list[str]:
    return [file.digest for file in files]


def _sent_before(author: User, token: UUID) -> DisputeMessage | None:
    return DisputeMessage.objects.filter(author=author, form_token=token).first()


def _write(
    dispute: Dispute,
    *,
    author: User,
    by_agent: bool,
    words: str,
    files: Sequence[CheckedFile],
    now: datetime,
    token: UUID,
) -> tuple[DisputeMessage, bool]:
    message, is_new = DisputeMessage.objects.get_or_create(
        author=author,
        form_token=token,
        defaults={"dispute": dispute, "by_agent": by_agent, "words": words, "written_at": now},
    )
    if is_new:
        DisputeFile.objects.bulk_create(
            DisputeFile(
                dispute=dispute,
                message=message,
                name=file.name,
                content_type=file.content_type,
                content=file.content,
                size=file.size,
                digest=file.digest,
                added_at=now,
            )
            for file in files
        )
    return message, is_new


def _require_words(dispute: Dispute, words: str) -> None:
    if not words.strip():
        raise ValueError(f"An answer or decision on dispute {dispute.receipt_number} needs words.")
