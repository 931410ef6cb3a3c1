"""Loans as Apache Fineract answers GET /loans/{id}?associations=all: one, a list, or a page of them (`pageItems`)."""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from loans.intake.contacts import BorrowerFields, Remarks, read_borrower
from loans.intake.fineract_schedule import day_member, read_installments
from loans.intake.json_document import Object, flag_of, list_of, load_json, number_of, object_of
from loans.intake.records import Code, LoanRecord, Refusal, RepaymentRecord, UnreadableFile
from loans.intake.values import IDENTIFIER_LENGTH, NAME_LENGTH, Fault, amount_of, at, currency_of, text_of


def read_loans(content: BinaryIO, name: str) -> Iterator[LoanRecord | Refusal]:
    """The loans of a JSON file, each a record or the reason why it is refused.

    Raises UnreadableFile, before the first one, when the file is not JSON or holds no loans at all.
    """
    return _read_each(_loans_in(load_json(content, name), name), name)


def _loans_in(document: object, name: str) -> list[object]:
    try:
        if isinstance(document, list):
            return document
        if isinstance(document, dict) and "pageItems" not in document:
            return [document]
        return list_of(object_of(document, "the document")["pageItems"], "pageItems")
    except Fault as fault:
        raise UnreadableFile(fault.refusal(name, "top level")) from None


def _read_each(loans: list[object], name: str) -> Iterator[LoanRecord | Refusal]:
    seen: set[str] = set()
    for position, value in enumerate(loans, 1):
        place = f"loan {position}"
        try:
            loan = object_of(value, "the loan")
            external_id = _external_id(loan)
            place = f"{place} ({external_id})"
            if external_id in seen:
                raise Fault(Code.REPEATED, "this loan was in the file before; send each loan once")
            seen.add(external_id)
            yield _read_loan(loan, external_id, place)
        except Fault as fault:
            yield fault.refusal(name, place)


def _read_loan(loan: Object, external_id: str, place: str) -> LoanRecord:
    remarks = Remarks()
    schedule = _schedule(loan)
    currency = _currency(loan, schedule)
    return LoanRecord(
        external_id=external_id,
        currency=currency,
        principal=amount_of(number_of(loan.get("principal"), "principal"), currency, "principal"),
        product=remarks.text(_contact_text(loan.get("loanProductName")), "loanProductName", NAME_LENGTH),
        disbursed_on=_disbursed_on(loan),
        borrower=read_borrower(_borrower_fields(loan, remarks), currency, remarks),
        installments=read_installments(schedule, currency),
        repayments=tuple(_repayments(loan, currency, remarks)),
        place=place,
        remarks=tuple(remarks.said),
    )


def _external_id(loan: Object) -> str:
    for key in ("externalId", "accountNo"):
        value = loan.get(key)
        if isinstance(value, str) and (found := text_of(value, key, IDENTIFIER_LENGTH)):
            return found
        if value is not None and not isinstance(value, str):
            raise Fault(Code.VALUE, f"{key} is not a text")
    raise Fault(Code.MISSING, "externalId and accountNo are missing; one of them must name the loan")


def _schedule(loan: Object) -> Object:
    if loan.get("repaymentSchedule") is None:
        raise Fault(Code.MISSING, "repaymentSchedule is missing; ask Fineract for associations=repaymentSchedule")
    return object_of(loan["repaymentSchedule"], "repaymentSchedule")


def _currency(loan: Object, schedule: Object) -> str:
    given = schedule.get("currency") if loan.get("currency") is None else loan["currency"]
    code = object_of(given, "currency").get("code")
    return currency_of(code if isinstance(code, str) else None, "currency code")


def _disbursed_on(loan: Object) -> date | None:
    timeline = loan.get("timeline")
    return None if timeline is None else day_member(object_of(timeline, "timeline"), "actualDisbursementDate")


def _borrower_fields(loan: Object, remarks: Remarks) -> BorrowerFields:
    """`preferredLocale` and `timeZone` are Dueproof's extension of Fineract's client."""
    client: Object = {}
    try:
        client = {} if loan.get("client") is None else object_of(loan["client"], "client")
    except Fault as fault:
        remarks.said.append(f"{fault.reason}: left out")
    number = _contact_text(client.get("externalId")) or _contact_text(client.get("id"))
    return BorrowerFields(
        external_id=number or _contact_text(loan.get("clientId")),
        name=_contact_text(client.get("displayName")) or _contact_text(loan.get("clientName")),
        phone=_contact_text(client.get("mobileNo")),
        email=_contact_text(client.get("emailAddress")),
        locale=_contact_text(client.get("preferredLocale")),
        time_zone=_contact_text(client.get("timeZone")),
    )


def _contact_text(value: object) -> str:
    """Texts, and numbers written as such (ids; phones of careless senders); anything else counts as not given."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _repayments(loan: Object, currency: str, remarks: Remarks) -> Iterator[RepaymentRecord]:
    given = loan.get("transactions")
    for position, value in enumerate([] if given is None else list_of(given, "transactions"), 1):
        with at(f"transaction {position}"):
            transaction = object_of(value, "the transaction")
            kind = object_of(transaction.get("type"), "type")
            if flag_of(kind.get("repayment"), "type.repayment"):
                yield _read_repayment(transaction, currency, remarks)


def _read_repayment(transaction: Object, currency: str, remarks: Remarks) -> RepaymentRecord:
    paid_on = day_member(transaction, "date")
    if paid_on is None:
        raise Fault(Code.MISSING, "date is missing")
    amount = amount_of(number_of(transaction.get("amount"), "amount"), currency, "amount")
    if not amount:
        raise Fault(Code.AMOUNT, "amount is 0; a repayment moves money")
    return RepaymentRecord(
        reference=remarks.reference(_contact_text(transaction.get("externalId")), "a repayment's externalId"),
        amount=amount,
        paid_on=paid_on,
        reversed=flag_of(transaction.get("manuallyReversed"), "manuallyReversed"),
    )
