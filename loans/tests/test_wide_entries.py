"""Entries with any number of parts: each element is looked at once, and what was read is let go."""

import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from lxml import etree

from loans.intake import camt_entry, camt_open_entry, iso20022, xml_document
from loans.intake.camt_open_entry import MOST_REPEATED
from loans.intake.iso20022 import read_statement
from loans.intake.records import Code, Refusal
from loans.intake.statement_records import EntryRecord

MANY = 4_000
TRANSACTION = '<TxDtls><Amt Ccy="CNY">1.00</Amt></TxDtls>'
PART = f"<NtryDtls>{TRANSACTION}</NtryDtls>"
AMOUNT = f'<Amt Ccy="CNY">{MANY}.00</Amt>'
SIDE = "<CdtDbtInd>DBIT</CdtDbtInd>"
CODE = "<BkTxCd><Domn><Fmly><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>"
STATUS = "<Sts>BOOK</Sts>"
WIDE = {
    "a part for each transaction": PART * MANY,
    "something between the parts": f"{PART}<X/>" * MANY,
    "an amount between the parts": f"{PART}{AMOUNT}" * MANY,
    "one part for all": f"<NtryDtls>{TRANSACTION * MANY}</NtryDtls>",
    "something between the transactions of a part": f"<NtryDtls>{f'{TRANSACTION}<X/>' * MANY}</NtryDtls>",
    "transactions without a part, as in version 1": TRANSACTION * MANY,
}
wide = pytest.mark.parametrize("inside", WIDE.values(), ids=WIDE)


def read(inside: str, head: str = AMOUNT + SIDE + STATUS + CODE) -> EntryRecord | Refusal:
    entry = f"<Stmt><Id>1</Id><Ntry>{head}{inside}</Ntry></Stmt>"
    content = f"<Document><BkToCstmrStmt>{entry}</BkToCstmrStmt></Document>".encode()
    records = [item for item in read_statement(io.BytesIO(content), "a") if isinstance(item, EntryRecord | Refusal)]
    return records[0]


@wide
def test_a_transaction_costs_the_same_however_many_came_before_it(inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[int] = []
    reading = camt_entry.read_transaction

    def counted(details: etree._Element, *given: Any) -> object:
        ancestors = [element for element in (details, details.getparent()) if element is not None]
        before.append(sum(1 for element in ancestors for _ in element.itersiblings(preceding=True)))
        return reading(details, *given)

    monkeypatch.setattr(camt_open_entry, "read_transaction", counted)
    record = read(inside)
    assert isinstance(record, EntryRecord)
    assert len(record.transactions) == len(before) == MANY
    assert {(item.side, item.returned) for item in record.transactions} == {("debit", True)}
    assert max(before) < 10


@wide
def test_what_was_read_of_an_entry_does_not_stay_in_memory(inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    pulled = xml_document.events

    def measured(*asked: Any) -> Iterator[tuple[str, etree._Element]]:
        for number, (event, element) in enumerate(pulled(*asked)):
            if number % 500 == 0:
                sizes.append(sum(1 for _ in element.getroottree().iter()))
            yield event, element

    monkeypatch.setattr(iso20022, "events", measured)
    assert isinstance(read(inside * 2), EntryRecord)
    assert len(sizes) > 4 * MANY // 500
    assert max(sizes) < 5_000  # what is parsed ahead, 64 KB of it


@pytest.mark.parametrize("said", list(permutations((AMOUNT, SIDE, STATUS, CODE))))
def test_what_an_entry_says_holds_in_whatever_order_it_says_it(said: tuple[str, ...]) -> None:
    record = read(PART * 3, "".join(said))
    assert isinstance(record, EntryRecord)
    assert (record.side, record.currency, len(record.transactions)) == ("debit", "CNY", 3)
    assert all((item.side, item.returned) == ("debit", True) for item in record.transactions)


@pytest.mark.parametrize("late", [AMOUNT, SIDE, CODE])
@pytest.mark.parametrize("place", [lambda late: PART + late + PART, lambda late: PART * 2 + late])
def test_what_an_entry_says_behind_its_transactions_refuses_it(late: str, place: Callable[[str], str]) -> None:
    refusal = read(place(late), "".join(said for said in (AMOUNT, SIDE, STATUS, CODE) if said != late))
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.VALUE


def test_of_two_amounts_of_an_entry_the_first_one_holds() -> None:
    record = read(f'<Amt Ccy="EUR">7</Amt>{PART}<Amt Ccy="EUR">8</Amt>{PART}')
    assert isinstance(record, EntryRecord)
    assert (record.amount, record.currency) == (Decimal(MANY), "CNY")


def test_charges_that_stand_between_parts_add_up() -> None:
    charge = '<Chrgs><Amt Ccy="CNY">0.50</Amt></Chrgs>'
    record = read(f"{charge}{PART}" * 3)
    assert isinstance(record, EntryRecord)
    assert str(record.charges) == "1.50"


@pytest.mark.parametrize("repeated", ["<Chrgs/>", "<X><TxDtls/></X>"])
def test_an_entry_that_repeats_what_would_have_to_stay_is_refused(repeated: str) -> None:
    assert isinstance(read(f"{repeated}{PART}" * MOST_REPEATED), EntryRecord)
    refusal = read(f"{repeated}{PART}" * (MOST_REPEATED + 1))
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.TOO_LARGE
