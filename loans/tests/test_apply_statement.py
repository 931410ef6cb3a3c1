"""A bank's entries, applied."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from loans.intake.reports import Outcome, receive
from loans.models import Installment, Loan, Partner, Payment, Report, StatementLine
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform

pytestmark = pytest.mark.django_db
State = Installment.State
DUE = date(2026, 11, 21)


def transaction(end_to_end_id: str = "", text: str = "") -> str:
    reference = f"<Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>" if end_to_end_id else ""
    remittance = f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""
    return f"<TxDtls>{reference}{remittance}</TxDtls>"


def entry(reference: str, amount: str = "100.00", details: str = "", **changes: str) -> str:
    said = {"currency": "CNY", "side": "CRDT", "status": "BOOK", "reversal": ""} | changes
    return f"""
      <Ntry><Amt Ccy="{said["currency"]}">{amount}</Amt><CdtDbtInd>{said["side"]}</CdtDbtInd>{said["reversal"]}
      <Sts><Cd>{said["status"]}</Cd></Sts><BookgDt><Dt>2026-11-22</Dt></BookgDt><ValDt><Dt>2026-11-22</Dt></ValDt>
      <AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>"""


def notification(*entries: str, number: int = 1) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>
      <GrpHdr><MsgId>M{number}</MsgId><CreDtTm>2026-11-22T10:00:00+08:00</CreDtTm></GrpHdr>
      <Ntfctn><Id>N{number}</Id><Acct><Id><Othr><Id>6222000011</Id></Othr></Id></Acct>{"".join(entries)}</Ntfctn>
    </BkToCstmrDbtCdtNtfctn></Document>""".encode()


def send(*entries: str, number: int = 1) -> Outcome:
    return receive("harbour", Report.Kind.STATEMENT, "054.xml", notification(*entries, number=number))


@pytest.fixture
def loan() -> Loan:
    return make_loan(external_id="LN-17", bank=make_bank(), platform=make_platform())


@pytest.fixture
def first(loan: Loan) -> Installment:
    return make_installment(loan, due_on=DUE)


@pytest.fixture
def second(loan: Loan, first: Installment) -> Installment:
    return make_installment(loan, due_on=DUE + timedelta(days=30), number=first.number + 1)


def received(installment: Installment, end_to_end_id: str = "E2E-1") -> Payment:
    Installment.objects.filter(pk=installment.pk).update(state=State.AWAITING_BANK)
    return Payment.objects.create(
        loan=installment.loan,
        installment=installment,
        amount=Decimal(100),
        currency="CNY",
        end_to_end_id=end_to_end_id,
        status=Payment.Status.RECEIVED,
        paid_on=DUE,
    )


def line() -> StatementLine:
    return StatementLine.objects.get()


def test_a_payment_that_the_platform_saw_is_settled_by_its_end_to_end_id(first: Installment) -> None:
    payment = received(first)
    outcome = send(entry("R1", details=transaction("E2E-1")))
    assert outcome.applied == 1
    payment.refresh_from_db()
    first.refresh_from_db()
    assert (payment.status, payment.booked_on) == ("settled", date(2026, 11, 22))
    assert (first.state, first.settled_on) == ("settled", date(2026, 11, 22))
    assert first.outstanding == 0
    assert (line().match, line().payment) == ("matched", payment)


def test_the_banks_position_follows_its_booking(first: Installment) -> None:
    received(first)
    send(entry("R1", amount="40.00", details=transaction("LN-17-1")))
    position = first.positions.get(partner__code="harbour")
    assert (position.status, position.paid) == ("due", Decimal(40))
    send(entry("R2", amount="60.00", details=transaction("LN-17-1")), number=2)
    position.refresh_from_db()
    assert (position.status, position.paid) == ("paid", Decimal(100))


def test_a_payment_reference_as_end_to_end_id_pays_that_installment(first: Installment, second: Installment) -> None:
    send(entry("R1", details=transaction("LN-17-2")))
    second.refresh_from_db()
    assert second.state == State.SETTLED
    assert Payment.objects.get().installment == second


def test_a_loan_number_in_the_remittance_text_pays_the_oldest_unsettled(
    first: Installment, second: Installment
) -> None:
    send(entry("R1", details=transaction(text="还款 LN-17，谢谢")))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (State.SETTLED, State.OPEN)


def test_a_loan_number_within_a_longer_one_is_not_that_loan(first: Installment) -> None:
    assert send(entry("R1", details=transaction(text="LN-175"))).unmatched == 1
    first.refresh_from_db()
    assert first.state == State.OPEN


def test_the_same_file_twice_changes_nothing_and_says_so(first: Installment) -> None:
    send(entry("R1", details=transaction("LN-17-1")))
    assert send(entry("R1", details=transaction("LN-17-1"))).duplicate
    assert Payment.objects.count() == 1


def test_an_entry_that_a_later_statement_repeats_is_known_again(first: Installment, second: Installment) -> None:
    send(entry("R1", details=transaction(text="LN-17")))
    outcome = send(entry("R1", details=transaction(text="LN-17")), number=2)
    assert (outcome.applied, outcome.unchanged) == (0, 1)
    assert Payment.objects.count() == 1
    second.refresh_from_db()
    assert second.state == State.OPEN


def test_a_payment_that_was_booked_is_not_booked_again_by_another_line(first: Installment) -> None:
    received(first)
    send(entry("R1", details=transaction("E2E-1")))
    outcome = send(entry("R2", details=transaction("E2E-1")), number=2)
    assert outcome.unmatched == 1
    assert Payment.objects.count() == 1


def test_what_matches_nothing_waits_for_an_agent_with_the_reason(first: Installment) -> None:
    assert send(entry("R1", details=transaction(text="rent"))).unmatched == 1
    waiting = StatementLine.objects.waiting().get()
    assert "no loan number" in waiting.why


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"status": "PDNG"}, "not_booked"),
        ({"status": "INFO"}, "not_booked"),
        ({"side": "DBIT"}, "set_aside"),
        ({"reversal": "<RvslInd>true</RvslInd>"}, "unmatched"),
        ({"currency": "USD"}, "unmatched"),
    ],
)
def test_what_is_not_a_booked_credit_pays_nothing(first: Installment, changes: dict[str, Any], kept: str) -> None:
    send(entry("R1", details=transaction("LN-17-1"), **changes))
    first.refresh_from_db()
    assert first.state == State.OPEN
    assert line().match == kept
    assert not Payment.objects.exists()


def test_a_pending_entry_pays_when_it_is_booked(first: Installment) -> None:
    send(entry("R1", details=transaction("LN-17-1"), status="PDNG"))
    send(entry("R1", details=transaction("LN-17-1")), number=2)
    first.refresh_from_db()
    assert first.state == State.SETTLED


def test_a_part_of_the_amount_leaves_the_rest_owed(first: Installment) -> None:
    send(entry("R1", amount="40.00", details=transaction("LN-17-1")))
    first.refresh_from_db()
    assert (first.state, first.paid, first.outstanding) == ("open", Decimal(40), Decimal(60))


def test_two_parts_settle_together(first: Installment) -> None:
    send(entry("R1", amount="40.00", details=transaction("LN-17-1")))
    send(entry("R2", amount="60.00", details=transaction("LN-17-1")), number=2)
    first.refresh_from_db()
    assert (first.state, first.paid) == ("settled", Decimal(100))


def test_more_than_is_owed_settles_and_keeps_the_whole_payment(first: Installment) -> None:
    send(entry("R1", amount="130.00", details=transaction("LN-17-1")))
    first.refresh_from_db()
    assert (first.state, first.paid) == ("settled", Decimal(100))
    assert Payment.objects.get().amount == 130


def test_one_entry_with_several_transactions_pays_each(first: Installment, second: Installment) -> None:
    details = "".join(
        f"<TxDtls><Refs><EndToEndId>LN-17-{number}</EndToEndId></Refs>"
        f'<Amt Ccy="CNY">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>'
        for number in (1, 2)
    )
    send(entry("R1", amount="200.00", details=details))
    assert set(Installment.objects.values_list("state", flat=True)) == {State.SETTLED}


def test_one_of_several_transactions_without_an_amount_pays_nothing(first: Installment) -> None:
    other = "<TxDtls><Refs><EndToEndId>X</EndToEndId></Refs></TxDtls>"
    assert send(entry("R1", amount="200.00", details=transaction("LN-17-1") + other)).unmatched == 1
    first.refresh_from_db()
    assert first.state == State.OPEN
    assert set(StatementLine.objects.values_list("match", flat=True)) == {"unmatched"}


def test_a_closed_loan_takes_no_more_and_an_agent_decides(first: Installment) -> None:
    send(entry("R1", details=transaction(text="LN-17")))
    assert send(entry("R2", details=transaction(text="LN-17")), number=2).unmatched == 1


def test_a_statement_of_a_platform_is_refused(loan: Loan) -> None:
    platform = Partner.objects.get(code="lantern")
    outcome = receive(platform.code, Report.Kind.STATEMENT, "054.xml", notification(entry("R1")))
    assert "platform" in outcome.refusals[0].reason
    assert not StatementLine.objects.exists()


def test_another_banks_statement_does_not_reach_this_loan(first: Installment) -> None:
    Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    content = notification(entry("R1", details=transaction("LN-17-1")))
    assert receive("other", Report.Kind.STATEMENT, "054.xml", content).unmatched == 1
    first.refresh_from_db()
    assert first.state == State.OPEN
