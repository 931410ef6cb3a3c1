"""The demonstration's book."""

from datetime import date, timedelta

from portal.demo.book import BANK_SENDS, LOANS, write_book


def test_one_loan_is_the_banks_to_tell_and_its_turn_is_now() -> None:
    today = date(2026, 11, 22)
    book = write_book(today)
    [loan] = [loan for loan in book.loans if loan.product == BANK_SENDS]
    assert loan.due_on(loan.paid + 1) == today + timedelta(days=3)
    assert len(book.loans) == len({loan.external_id for loan in book.loans}) == LOANS
