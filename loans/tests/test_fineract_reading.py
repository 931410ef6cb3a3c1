"""Loans of Apache Fineract: what is taken, and where exactly a refused one is wrong."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from loans.intake.fineract import read_loans
from loans.intake.records import Code, LoanRecord, Refusal, UnreadableFile
from loans.tests.fineract_files import DISBURSEMENT, loan_json, period_json, write_json


def read(content: bytes) -> list[LoanRecord | Refusal]:
    return list(read_loans(io.BytesIO(content), "loans.json"))


def read_one(**fields: Any) -> LoanRecord:
    (record,) = read(write_json(loan_json(**fields)))
    assert isinstance(record, LoanRecord)
    return record


def refused(content: bytes) -> Refusal:
    (record,) = read(content)
    assert isinstance(record, Refusal)
    return record


def refused_loan(**fields: Any) -> Refusal:
    return refused(write_json(loan_json(**fields)))


def refused_period(**fields: Any) -> Refusal:
    period = period_json(2, "2026-03-05", Outstanding=Decimal("510.25")) | fields
    return refused_loan(repaymentSchedule={"periods": [period]})


def test_a_loan_is_read_whole() -> None:
    record = read_one()
    assert (record.external_id, record.currency, record.principal) == ("LN-17", "CNY", Decimal("1000.00"))
    assert (record.product, record.disbursed_on, record.place) == ("手机分期", date(2026, 1, 5), "loan 1 (LN-17)")
    assert record.borrower
    assert (record.borrower.external_id, record.borrower.name, record.borrower.phone) == (
        "B-5",
        "Lin Wei",
        "+8613800138000",
    )
    first, second = record.installments
    assert (first.number, first.due_on, first.total, first.paid) == (
        1,
        date(2026, 2, 5),
        Decimal("510.25"),
        Decimal("510.25"),
    )
    assert (second.principal, second.interest, second.outstanding) == (
        Decimal("500.00"),
        Decimal("10.25"),
        Decimal("510.25"),
    )


def test_what_is_printed_of_a_loan_holds_nothing_personal() -> None:
    assert read_one(
        repaymentSchedule={"periods": [period_json(1, "2026-02-05", Paid=Decimal("510.25"))]}
    ).as_json() == {
        "external_id": "LN-17",
        "currency": "CNY",
        "principal": "1000.00",
        "installments": [
            {
                "number": 1,
                "due_on": "2026-02-05",
                "principal": "500.00",
                "interest": "10.25",
                "fees": "0.00",
                "penalties": "0.00",
                "total": "510.25",
                "paid": "510.25",
                "outstanding": "0.00",
                "settled_on": None,
            }
        ],
    }


def test_several_disbursements_are_passed_over_and_a_down_payment_counts() -> None:
    down = period_json(1, "2026-01-05", Paid=Decimal("110.25")) | {"downPaymentPeriod": True}
    later = period_json(2, "2026-02-05", Outstanding=Decimal("510.25"))
    record = read_one(repaymentSchedule={"periods": [DISBURSEMENT, down, DISBURSEMENT, later]})
    assert [installment.number for installment in record.installments] == [1, 2]


def test_what_was_waived_is_what_is_neither_paid_nor_owed() -> None:
    record = read_one(repaymentSchedule={"periods": [period_json(1, "2026-02-05", Waived=Decimal("510.25"))]})
    assert record.installments[0].waived == Decimal("510.25")


def test_a_loan_without_an_external_id_goes_by_its_account_number() -> None:
    assert read_one(externalId=None).external_id == "000000017"


def test_a_borrower_may_be_named_without_a_client_object() -> None:
    record = read_one(client=None, clientId=5, clientName="Lin Wei")
    assert record.borrower
    assert (record.borrower.external_id, record.borrower.name, record.remarks) == ("5", "Lin Wei", ())


def test_a_client_that_is_no_object_is_left_out_and_said_without_quoting_it() -> None:
    record = read_one(client="Lin Wei")
    assert (record.borrower, record.remarks) == (None, ("client is a text, not an object: left out",))


def test_the_currency_may_stand_at_the_schedule() -> None:
    schedule = {"currency": {"code": "JPY"}, "periods": []}
    assert read_one(currency=None, repaymentSchedule=schedule).currency == "JPY"


@pytest.mark.parametrize("said", [b"\\ud800", b"\\u0000", b"\\u001b[2J"])
def test_a_text_that_no_database_or_terminal_takes_is_refused(said: bytes) -> None:
    assert refused(write_json(loan_json()).replace(b"LN-17", said)).code == Code.VALUE


def test_only_repayments_are_read_of_the_transactions() -> None:
    told = {"amount": Decimal("510.25"), "date": [2026, 2, 4]}
    record = read_one(
        transactions=[
            {"type": {"disbursement": True}, "amount": 1000, "date": [2026, 1, 5]},
            {"type": {"repayment": True}, "externalId": "E2E-1", "manuallyReversed": True, **told},
            {"type": {"repayment": True}, "externalId": "x" * 36, **told},
        ]
    )
    assert [(seen.reference, seen.reversed) for seen in record.repayments] == [("E2E-1", True), (None, False)]
    assert record.remarks == ("a repayment's externalId has 36 characters; at most 35 can be kept: left out",)


def test_a_bad_phone_does_not_cost_the_loan() -> None:
    record = read_one(client={"id": 5, "displayName": "Lin Wei", "mobileNo": "12"})
    assert record.borrower
    assert record.borrower.phone is None
    assert len(record.remarks) == 1


def test_sums_that_disagree_are_refused_with_the_period_and_the_difference() -> None:
    refusal = refused_period(interestDue=Decimal("12.25"))
    assert refusal.place == "loan 1 (LN-17), period 2"
    assert refusal.code == Code.SUMS
    assert refusal.reason.startswith("interestDue is 12.25, but interestPaid 0.00 + ")
    assert refusal.reason.endswith("interestOutstanding 10.25 = 10.25: they differ by 2.00")


@pytest.mark.parametrize(
    "fields",
    [
        {"principalPaid": 1},
        {"interestWrittenOff": 1},
        {"feeChargesDue": 1},
        {"penaltyChargesOutstanding": 1},
        {"totalDueForPeriod": 511},
        {"totalPaidForPeriod": 1},
        {"totalWaivedForPeriod": 1},
        {"totalOutstandingForPeriod": 0},
    ],
)
def test_every_figure_of_a_period_takes_part_in_its_sums(fields: dict[str, Any]) -> None:
    assert refused_period(**fields).code == Code.SUMS


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("NaN", Code.AMOUNT),
        ("Infinity", Code.AMOUNT),
        ("true", Code.AMOUNT),
        ('"500.00"', Code.AMOUNT),
        ("null", Code.SUMS),
        ("-500", Code.AMOUNT),
        ("500.001", Code.AMOUNT),
        ("9" * 400, Code.AMOUNT),
        ("1e400", Code.AMOUNT),
        ("1e99999999999999999999", Code.AMOUNT),
        ("[500]", Code.AMOUNT),
    ],
)
def test_an_amount_that_is_none_is_refused_where_it_stands(said: str, code: Code) -> None:
    content = write_json(loan_json()).replace(b'"principalDue": 500.00', b'"principalDue": ' + said.encode(), 1)
    refusal = refused(content)
    assert (refusal.place, refusal.code) == ("loan 1 (LN-17), period 1", code)
    assert len(refusal.reason) < 400


@pytest.mark.parametrize(
    "numbers", [(1, 1), (2, 1), (0, 1), (-1, 1), (1, 2**40), (1, True), (1, "2"), (1, Decimal("1.5"))]
)
def test_numbers_of_periods_must_rise_from_one(numbers: tuple[Any, Any]) -> None:
    periods = [period_json(1, "2026-02-05", Paid=Decimal(100)) | {"period": number} for number in numbers]
    assert refused_loan(repaymentSchedule={"periods": periods}).code in (Code.ORDER, Code.REPEATED, Code.VALUE)


@pytest.mark.parametrize(
    "day", [[2026, 2, 30], "2026-02-30", "05/03/2026", [2026, 2], [2026, 2, True], 20260205, "0001-01-01", None]
)
def test_a_day_that_does_not_exist_is_refused(day: Any) -> None:
    refusal = refused_period(dueDate=day)
    assert refusal.place == "loan 1 (LN-17), period 2"
    assert "dueDate" in refusal.reason


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"externalId": None, "accountNo": None}, Code.MISSING),
        ({"externalId": 17}, Code.VALUE),
        ({"externalId": "x" * 65}, Code.VALUE),
        ({"externalId": "LN\x0017"}, Code.VALUE),
        ({"currency": {"code": "XXX"}}, Code.CURRENCY),
        ({"currency": {"code": 156}}, Code.CURRENCY),
        ({"currency": "CNY"}, Code.VALUE),
        ({"principal": None}, Code.AMOUNT),
        ({"principal": -1}, Code.AMOUNT),
        ({"repaymentSchedule": None}, Code.MISSING),
        ({"repaymentSchedule": []}, Code.VALUE),
        ({"repaymentSchedule": {}}, Code.VALUE),
        ({"repaymentSchedule": {"periods": [7]}}, Code.VALUE),
        ({"repaymentSchedule": {"periods": [{"dueDate": [2026, 1, 5], "principalDue": 5}]}}, Code.MISSING),
        ({"timeline": {"actualDisbursementDate": [2026, 13, 1]}}, Code.DATE),
        ({"transactions": [{"type": {"repayment": True}, "amount": 0, "date": [2026, 1, 5]}]}, Code.AMOUNT),
        ({"transactions": [{"type": {"repayment": 1}, "amount": 1, "date": [2026, 1, 5]}]}, Code.VALUE),
        ({"transactions": [{"type": {"repayment": True}, "amount": 1}]}, Code.MISSING),
    ],
)
def test_a_loan_that_cannot_be_understood_is_refused(fields: dict[str, Any], code: Code) -> None:
    assert refused_loan(**fields).code == code


def test_one_refused_loan_leaves_the_others_alone() -> None:
    said = [loan_json(), loan_json(externalId="LN-18", principal="x"), 7, loan_json(), loan_json(externalId="LN-19")]
    records = read(write_json(said))
    assert [record.place for record in records] == [
        "loan 1 (LN-17)",
        "loan 2 (LN-18)",
        "loan 3",
        "loan 4 (LN-17)",
        "loan 5 (LN-19)",
    ]
    assert [isinstance(record, LoanRecord) for record in records] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b'"principal": 1000', b'"principal": 7, "principal": 1000', "loan 1"),
        (b'"period": 1,', b'"period": 1, "period": 1,', "loan 1 (LN-17), period 1"),
        (b'"code": "CNY"', b'"code": "CNY", "code": "EUR"', "loan 1 (LN-17)"),
    ],
)
def test_a_key_that_stands_twice_is_refused_where_it_stands(old: bytes, new: bytes, place: str) -> None:
    refusal = refused(write_json(loan_json()).replace(old, new, 1))
    assert (refusal.place, refusal.code) == (place, Code.REPEATED)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"externalId": "LN-17",\n "principal": ', Code.MALFORMED),
        (b"[" * 100_000, Code.MALFORMED),
        (b'{"a":' * 100_000, Code.MALFORMED),
        (b"7", Code.VALUE),
        (b'{"pageItems": 7}', Code.VALUE),
        (b'{"pageItems": [], "pageItems": []}', Code.REPEATED),
        ('{"clientName": "林"}'.encode("gb18030"), Code.ENCODING),
        ("{}".encode("utf-16"), Code.ENCODING),
    ],
)
def test_a_file_that_is_no_json_of_loans_is_refused_as_a_whole(content: bytes, code: Code) -> None:
    with pytest.raises(UnreadableFile) as raised:
        read_loans(io.BytesIO(content), "loans.json")
    assert raised.value.refusal.code == code
