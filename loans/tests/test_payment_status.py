"""pain.002: a rejected payment does not come, whatever was told first; all others are kept and move nothing."""

from datetime import date
from decimal import Decimal

import pytest

from loans import signals
from loans.intake.reports import Outcome, receive
from loans.models import Installment, Loan, Partner, Payment, PaymentStatus, Report
from loans.return_reasons import reason_in_words
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.intake_files import loan_of, seen, send_loans
from loans.tests.returns import booked, returned
from loans.tests.returns import send as send_statement

pytestmark = pytest.mark.django_db
E2E = "E2E-1"
SPACE = "urn:iso:std:iso:20022:tech:xsd:pain.002.001."


def transaction(end_to_end_id: str = E2E, status: str = "RJCT", reason: str = "AM04", more: str = "") -> str:
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    state = f"<TxSts>{status}</TxSts>" if status else ""
    named = f"<OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId>" if end_to_end_id else ""
    return f"<TxInfAndSts><StsId>S</StsId>{named}{state}{why}{more}</TxInfAndSts>"


def message(*transactions: str, group: str = "", block: str = "", version: str = "10", name: str = "") -> bytes:
    name = name or "CstmrPmtStsRpt"
    space = f" xmlns='{SPACE}{version}'" if version else ""
    return f"""<Document{space}><{name}><GrpHdr><MsgId>M</MsgId></GrpHdr>
      <OrgnlGrpInfAndSts><OrgnlMsgId>PAIN-8</OrgnlMsgId><OrgnlMsgNmId>pain.008</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>
      <OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>{block}{"".join(transactions)}</OrgnlPmtInfAndSts>
    </{name}></Document>""".encode()


def send(*transactions: str, partner: str = "harbour", **said: str) -> Outcome:
    return receive(partner, Report.Kind.STATEMENT, "002.xml", message(*transactions, **said))


@pytest.fixture
def loan() -> Loan:
    return make_loan(external_id="LN-17", bank=make_bank(), platform=make_platform())


@pytest.fixture
def payment(loan: Loan) -> Payment:
    """One that the platform saw."""
    installment = make_installment(loan, due_on=date(2026, 11, 25), state=Installment.State.AWAITING_BANK)
    return Payment.objects.create(
        loan=loan,
        installment=installment,
        amount=Decimal(100),
        currency="CNY",
        end_to_end_id=E2E,
        status=Payment.Status.RECEIVED,
        paid_on=date(2026, 11, 21),
    )


def standing(payment: Payment) -> tuple[str, str]:
    payment.refresh_from_db()
    assert payment.installment
    return payment.status, payment.installment.state


@pytest.mark.parametrize("partner", ["harbour", "lantern"])
def test_a_rejection_of_a_received_payment_is_a_return(payment: Payment, partner: str) -> None:
    with heard(signals.payments_returned) as told, heard(signals.installments_changed) as changed:
        assert send(transaction(), partner=partner).applied == 1
    assert standing(payment) == ("returned", "open")
    assert payment.return_reason == "AM04"
    assert (len(told), changed) == (1, [{"installment_ids": [payment.installment_id]}])
    kept = PaymentStatus.objects.get()
    assert (kept.payment, kept.status, kept.reason, kept.original_message) == (payment, "RJCT", "AM04", "PAIN-8")


@pytest.mark.parametrize("version", ["02", "03", "09", "10", "14", ""])
def test_every_version_is_read(payment: Payment, version: str) -> None:
    content = message(transaction(), version=version, name="pain.002.001.02" if version == "02" else "")
    if version == "02":
        content = content.replace(b"Rsn>", b"StsRsn>").replace(b"<OrgnlPmtInfId>P</OrgnlPmtInfId>", b"")
        content = content.replace(b"<OrgnlPmtInfAndSts>", b"").replace(b"</OrgnlPmtInfAndSts>", b"")
    receive("harbour", Report.Kind.STATEMENT, "002.xml", content)
    assert standing(payment) == ("returned", "open")
    assert payment.return_reason == "AM04"


@pytest.mark.parametrize("status", ["ACSC", "ACCC", "PDNG", "ACCP", "ACSP", "RCVD"])
def test_other_statuses_are_kept_and_move_nothing(payment: Payment, status: str) -> None:
    assert send(transaction(status=status, reason="")).applied == 1
    assert standing(payment) == ("received", "awaiting_bank")
    assert payment.statuses.get().status == status


def test_a_status_of_the_block_or_the_message_holds_for_transactions_without_their_own(payment: Payment) -> None:
    why = "<StsRsnInf><Rsn><Cd>MD07</Cd></Rsn></StsRsnInf>"
    send(transaction(status="", reason=""), block=f"<PmtInfSts>RJCT</PmtInfSts>{why}")
    assert standing(payment) == ("returned", "open")
    assert payment.return_reason == "MD07"


@pytest.mark.parametrize("said", [{"group": "<GrpSts>RJCT</GrpSts>"}, {"block": "<PmtInfSts>RJCT</PmtInfSts>"}])
def test_a_rejection_of_a_whole_message_that_names_no_payment_is_refused_aloud(said: dict[str, str]) -> None:
    make_bank()
    (refusal,) = send(**said).refusals
    assert "names no payment" in refusal.reason


def test_a_rejection_before_the_platform_told_of_the_payment_holds_when_it_does() -> None:
    make_bank()
    make_platform()
    send_loans([loan_of(10)])
    assert send(transaction("E-10")).unmatched == 1
    with heard(signals.payments_returned) as told, heard(signals.payments_received) as received:
        send_loans([loan_of(10, transactions=[seen("E-10")])], "lantern")
    payment = Payment.objects.get()
    assert (payment.status, payment.return_reason) == ("returned", "AM04")
    assert (len(told), received) == (1, [])
    assert not PaymentStatus.objects.early_rejections().exists()
    assert set(Installment.objects.values_list("state", flat=True)) == {"open"}


def test_what_a_statement_booked_stays_booked(payment: Payment) -> None:
    send_statement(booked(E2E))
    outcome = send(transaction())
    assert standing(payment) == ("settled", "settled")
    assert "stays booked" in outcome.remarks[0]


def test_money_that_comes_after_all_is_booked(payment: Payment) -> None:
    send(transaction())
    send_statement(booked(E2E))
    assert standing(payment) == ("settled", "settled")
    assert (payment.returned_at, payment.return_reason) == (None, "")


def test_a_rejection_and_a_return_of_one_payment_are_told_once(payment: Payment) -> None:
    with heard(signals.payments_returned) as told:
        send(transaction())
        send(transaction(), transaction())
        send_statement(returned(E2E))
    assert len(told) == 1
    assert standing(payment) == ("returned", "open")


@pytest.mark.parametrize(
    ("transactions", "words"),
    [
        (transaction(""), "names no payment"),
        (transaction("NOTPROVIDED"), "names no payment"),
        (transaction("E" * 36), "at most 35"),
        (transaction(status="REJECTED"), "TxSts"),
        (transaction(status=""), "TxSts"),
        (transaction(more="<OrgnlTxRef><Amt><InstdAmt Ccy='CNY'>1,0</InstdAmt></Amt></OrgnlTxRef>"), "InstdAmt"),
    ],
)
def test_a_transaction_that_cannot_be_understood_is_refused_and_the_next_is_applied(
    payment: Payment, transactions: str, words: str
) -> None:
    (refusal,) = send(transactions, transaction()).refusals
    assert words in refusal.reason
    assert refusal.place.startswith("line 3, transaction 1")
    assert standing(payment) == ("returned", "open")


@pytest.mark.parametrize(("amount", "status"), [("100.00", "returned"), ("99.00", "received")])
def test_a_named_amount_must_be_that_of_the_payment(payment: Payment, amount: str, status: str) -> None:
    send(transaction(more=f"<OrgnlTxRef><Amt><InstdAmt Ccy='CNY'>{amount}</InstdAmt></Amt></OrgnlTxRef>"))
    payment.refresh_from_db()
    assert payment.status == status


def test_another_partner_rejects_nothing_of_ours(payment: Payment) -> None:
    Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    assert send(transaction(), partner="other").unmatched == 1
    assert standing(payment) == ("received", "awaiting_bank")


def test_reasons_are_told_in_words_and_unknown_ones_as_they_are() -> None:
    assert reason_in_words("AM04") == "AM04: there was not enough money on the account"
    assert reason_in_words("XX99") == "XX99"
