"""What a statement says of itself: balances that agree or not, numbers that are missing or come twice."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from loans.intake.reading import read_statement
from loans.intake.reports import Outcome, receive
from loans.intake.statement_records import StatementRecord
from loans.models import Installment, Report, Statement, StatementLine
from loans.tests.factories import make_bank, make_installment, make_loan
from loans.tests.returns import booked, returned

pytestmark = pytest.mark.django_db


def balance(kind: str, amount: str, *, side: str = "CRDT", day: str = "2026-11-22") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='CNY'>{amount}</Amt>"
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def statement(
    number: int | None, balances: str = "", entries: str = "", *, numbered: str = "ElctrncSeqNb", page: int = 0
) -> str:
    pages = f"<StmtPgntn><PgNb>{page}</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>" if page else ""
    sequence = "" if number is None else f"<{numbered}>{number}</{numbered}>"
    return (
        f"<Stmt><Id>S-{number}</Id>{pages}{sequence}<CreDtTm>2026-11-22T22:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{balances}{entries}</Stmt>"
    )


def content(*statements: str) -> bytes:
    space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    return f"<Document xmlns='{space}'><BkToCstmrStmt>{''.join(statements)}</BkToCstmrStmt></Document>".encode()


def send(*statements: str) -> Outcome:
    make_bank()
    return receive("harbour", Report.Kind.STATEMENT, "053.xml", content(*statements))


BOTH = balance("OPBD", "1000.00") + balance("CLBD", "1050.00")
ENTRIES = booked("E2E-1") + returned("E2E-2", amount="50.00")


def gaps() -> list[str]:
    return [str(row) for row in Statement.objects.gaps(2026).order_by("pk")]


def test_a_statement_that_agrees_is_kept_with_its_figures() -> None:
    outcome = send(statement(7, BOTH, ENTRIES))
    assert outcome.remarks == []
    kept = Statement.objects.get()
    assert (kept.series, kept.number, kept.page, kept.account) == ("camt.053", 7, 1, "DE89370400440532013000")
    assert (kept.opening, kept.booked, kept.closing, kept.difference) == (
        Decimal(1000),
        Decimal(50),
        Decimal(1050),
        Decimal(0),
    )
    assert (kept.last_on, kept.year, kept.entries) == (date(2026, 11, 22), 2026, 2)
    assert not Statement.objects.unbalanced().exists()


def test_one_that_does_not_agree_is_remarked_with_the_sum_and_its_entries_are_applied_all_the_same() -> None:
    installment = make_installment(make_loan(external_id="LN-17"), due_on=date(2026, 11, 25))
    outcome = send(statement(7, balance("OPBD", "1000.00") + balance("CLBD", "1090.00"), booked("LN-17-1")))
    (remark,) = outcome.remarks
    assert "opening 1000.00 and entries 100.00 make 1100.00, closing says 1090.00, 10.00 too little" in remark
    assert Report.objects.get().remarks == [remark]
    installment.refresh_from_db()
    assert installment.state == Installment.State.SETTLED
    assert Statement.objects.unbalanced().get().difference == -10


@pytest.mark.parametrize("balances", ["", balance("OPBD", "1.00"), balance("CLAV", "9.00"), balance("CLBD", "1.00")])
def test_without_both_balances_nothing_is_said_of_the_sum(balances: str) -> None:
    assert send(statement(7, balances, ENTRIES)).remarks == []
    assert Statement.objects.get().difference is None


def test_an_account_in_debit_and_entries_that_are_only_announced_are_summed_right() -> None:
    pending = booked("E2E-3").replace("BOOK", "PDNG")
    balances = balance("PRCD", "80.00", side="DBIT") + balance("CLBD", "30.00", side="DBIT")
    assert send(statement(7, balances, ENTRIES + pending)).remarks == []
    assert Statement.objects.get().difference == 0


def test_pages_are_summed_by_their_interim_balances_and_follow_each_other() -> None:
    first = statement(7, balance("OPBD", "0.00") + balance("ITBD", "100.00"), booked("E2E-1"), page=1)
    second = statement(7, balance("ITBD", "100.00") + balance("CLBD", "50.00"), returned("X", amount="50.00"), page=2)
    assert send(first, second).remarks == []
    assert list(Statement.objects.order_by("page").values_list("page", "difference")) == [
        (1, Decimal(0)),
        (2, Decimal(0)),
    ]


def test_a_refused_entry_is_named_where_the_sum_does_not_agree() -> None:
    outcome = send(statement(7, BOTH, ENTRIES.replace(">50.00<", ">5O.00<")))
    assert "(1 entries were refused)" in outcome.remarks[0]
    assert len(outcome.refusals) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">7</Elc", ">x</Elc"),
        ("1000.00", "1.000,00"),
        ("2026-11-22T22", "22.11.2026T22"),
        (">7</Elc", f">{'9' * 30}</Elc"),
    ],
)
def test_a_head_that_cannot_be_read_is_refused_alone(old: str, new: str) -> None:
    outcome = send(statement(7, BOTH, ENTRIES).replace(old, new))
    assert [refusal.place for refusal in outcome.refusals] == ["line 1, statement 1"]
    assert StatementLine.objects.count() == 2
    assert not Statement.objects.exists()


@pytest.mark.parametrize("numbered", ["ElctrncSeqNb", "LglSeqNb"])
def test_a_missing_number_is_a_gap_until_it_comes(numbered: str) -> None:
    send(statement(7, numbered=numbered))
    outcome = send(statement(9, numbered=numbered))
    assert "at least one statement before this one has not come" in outcome.remarks[0]
    assert gaps() == ["camt.053 9"]
    send(statement(8, numbered=numbered))
    assert gaps() == []


def test_the_order_in_which_statements_come_makes_no_gap_once_all_are_there() -> None:
    for order in permutations([3, 4, 5]):
        Statement.objects.all().delete()
        for number in order:
            send(statement(number), f"<!-- {order} -->")
        assert gaps() == []


def test_another_account_or_a_new_year_is_another_count() -> None:
    send(statement(365), statement(40).replace("DE89370400440532013000", "DE02120300000000202051"))
    send(statement(1).replace("2026-11-22", "2027-01-01"))
    assert gaps() == []
    send(statement(3).replace("2026-11-22", "2027-01-03"))
    assert gaps() == ["camt.053 3"]


def test_a_missing_page_is_a_gap() -> None:
    send(statement(7, page=1), statement(7, page=3))
    assert gaps() == ["camt.053 7/3"]


@pytest.mark.parametrize(("again", "words"), [(BOTH, "the same figures"), (balance("CLBD", "7.00"), "other figures")])
def test_a_number_that_comes_again_is_told_and_is_no_gap(again: str, words: str) -> None:
    first = send(statement(7, BOTH, ENTRIES))
    remark = send(statement(7, again, ENTRIES), "<!-- sent again -->").remarks[-1]
    assert remark.endswith(f"came before with {words}, in report {first.report_id}")
    assert (StatementLine.objects.count(), Statement.objects.filter(repeats=None).count()) == (2, 1)


def test_finding_gaps_is_one_query_for_any_number_of_statements() -> None:
    send(*(statement(number) for number in range(1, 60, 2)))
    with CaptureQueriesContext(connection) as asked:
        assert len(gaps()) == 29
    assert len(asked) == 1


@given(amounts=st.lists(st.tuples(st.integers(1, 10**9), st.booleans()), max_size=8), opening=st.integers(0, 10**12))
def test_any_statement_whose_closing_is_its_opening_and_entries_agrees(
    amounts: list[tuple[int, bool]], opening: int
) -> None:
    def money(cents: int) -> str:
        return f"{Decimal(cents) / 100:.2f}"

    closing = opening + sum(cents if credit else -cents for cents, credit in amounts)
    entries = "".join(
        (booked if credit else returned)(f"E-{place}", amount=money(cents))
        for place, (cents, credit) in enumerate(amounts)
    )
    side = "CRDT" if closing >= 0 else "DBIT"
    balances = balance("OPBD", money(opening)) + balance("CLBD", money(abs(closing)), side=side)
    *_entries, head = read_statement(BytesIO(content(statement(1, balances, entries))), "s.xml")
    assert isinstance(head, StatementRecord)
    assert (head.difference, head.remarks, head.entries) == (Decimal(0), (), len(amounts))
