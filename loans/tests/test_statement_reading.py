"""Statements of ISO 20022: every dialect of the same message, and the line of every fault."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from loans.intake.camt_open_entry import MOST_TRANSACTIONS
from loans.intake.iso20022 import read_statement
from loans.intake.records import Code, Refusal, UnreadableFile
from loans.intake.statement_records import EntryRecord, TransactionRecord
from loans.tests.camt_files import MESSAGES, NAMESPACE, write_entry, write_statement

TRANSACTION = TransactionRecord(
    Decimal("510.25"), "CNY", "LN-17-1", "0f9c9fc6-2f31-4ae8-8a4e-3bb1d6f2b1aa", "loan LN-17, 还款", "credit"
)
RETURNED = replace(TRANSACTION, side="debit", returned=True, return_reason="AM04", charges=Decimal("3.50"))
ENTRY = EntryRecord(
    account="DE89370400440532013000",
    amount=Decimal("510.25"),
    currency="CNY",
    side="credit",
    status="BOOK",
    booking_date=date(2026, 12, 3),
    value_date=date(2026, 12, 4),
    reversal=False,
    reference="BANK-77",
    transactions=(TRANSACTION,),
    place="line 5, entry 1",
)


def read(content: bytes) -> list[EntryRecord | Refusal]:
    """The entries alone."""
    records = read_statement(io.BytesIO(content), "statement.xml")
    return [record for record in records if isinstance(record, EntryRecord | Refusal)]


def read_one(content: bytes) -> EntryRecord:
    (record,) = read(content)
    assert isinstance(record, EntryRecord)
    return record


def changed(old: str, new: str, *, version: int = 8, entry: EntryRecord = ENTRY) -> bytes:
    content = write_statement([entry], version=version)
    assert old.encode() in content
    return content.replace(old.encode(), new.encode(), 1)


def refused(old: str, new: str) -> Refusal:
    (record,) = read(changed(old, new))
    assert isinstance(record, Refusal)
    return record


@pytest.mark.parametrize("message", sorted(MESSAGES))
@pytest.mark.parametrize("namespace", [None, "", "urn:example:a-banks-own"])
def test_an_entry_is_read_whole_with_whatever_namespace(message: str, namespace: str | None) -> None:
    assert read_one(write_statement([ENTRY], message, namespace=namespace)) == ENTRY


@pytest.mark.parametrize("message", sorted(MESSAGES))
@pytest.mark.parametrize("version", range(2, 15))
def test_every_version_of_a_message_says_the_same(message: str, version: int) -> None:
    assert read_one(write_statement([ENTRY], message, version)) == ENTRY
    back = replace(ENTRY, side="debit", transactions=(RETURNED,))
    assert read_one(write_statement([back], message, version)) == back


def test_an_entry_is_printed_with_exactly_these_keys() -> None:
    assert ENTRY.as_json() == {
        "account": "DE89370400440532013000",
        "amount": "510.25",
        "currency": "CNY",
        "side": "credit",
        "status": "BOOK",
        "booking_date": "2026-12-03",
        "value_date": "2026-12-04",
        "reversal": False,
        "reference": "BANK-77",
        "transactions": [
            {
                "amount": "510.25",
                "currency": "CNY",
                "end_to_end_id": "LN-17-1",
                "uetr": "0f9c9fc6-2f31-4ae8-8a4e-3bb1d6f2b1aa",
                "remittance": "loan LN-17, 还款",
            }
        ],
    }


def test_a_prefix_an_envelope_comments_and_cdata_change_nothing() -> None:
    inside = (
        write_statement([ENTRY])
        .decode()
        .partition("?>\n")[2]
        .replace(">510.25<", "><!-- a -->510<?b c?>.<![CDATA[25]]><")
    )
    prefixed = inside.replace("xmlns=", "xmlns:c=").replace("<", "<c:").replace("<c:/", "</c:")
    for odd in ("!--", "?b", "![CDATA["):
        prefixed = prefixed.replace(f"<c:{odd}", f"<{odd}")
    content = f"<Envelope xmlns='urn:e'><AppHdr><Ntry>not one</Ntry></AppHdr>\n{prefixed}</Envelope>".encode()
    assert read_one(content) == ENTRY


def test_the_first_version_is_read_as_well() -> None:
    content = write_statement([ENTRY], version=2).replace(b"BkToCstmrStmt>", b"BkToCstmrStmtV01>")
    content = content.replace(b"<NtryDtls>", b"").replace(b"</NtryDtls>", b"").replace(b"IBAN>", b"BBAN>")
    assert read_one(content) == ENTRY


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "gb18030"])
def test_the_encoding_is_the_one_that_the_file_declares(encoding: str) -> None:
    plain = replace(ENTRY, transactions=(replace(TRANSACTION, remittance="loan"),))
    text = write_statement([plain]).decode().replace("UTF-8", encoding)
    assert read_one(text.encode(encoding)) == plain


def test_accounts_entries_and_lines_are_kept_apart() -> None:
    second = replace(ENTRY, account="6222-001", transactions=())
    records = read(write_statement([ENTRY, second, second]))
    assert records == [
        ENTRY,
        replace(second, place="line 7, entry 2"),
        replace(second, place="line 8, entry 3"),
    ]


def test_an_account_named_by_a_proxy_only_is_none() -> None:
    content = changed("<Id><IBAN>DE89370400440532013000</IBAN></Id>", "<Prxy><Id>13800138000</Id></Prxy>")
    assert read_one(content).account is None


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("<EndToEndId>LN-17-1</EndToEndId>", "<EndToEndId>NOTPROVIDED</EndToEndId>", "end_to_end_id", None),
        ("<EndToEndId>LN-17-1</EndToEndId>", "", "end_to_end_id", None),
        ("<UETR>0f9c9fc6-2f31-4ae8-8a4e-3bb1d6f2b1aa</UETR>", "", "uetr", None),
        ("<RmtInf><Ustrd>loan LN-17, 还款</Ustrd></RmtInf>", "", "remittance", None),
        ("<Ustrd>loan LN-17, 还款</Ustrd>", "<Ustrd> a\nb </Ustrd><Ustrd/><Ustrd>c</Ustrd>", "remittance", "a b c"),
        (
            "</RmtInf>",
            "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf>",
            "remittance",
            "loan LN-17, 还款 RF18",
        ),
        ('<Amt Ccy="CNY">510.25</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf>', "<RmtInf>", "amount", Decimal("510.25")),
        ("<CdtDbtInd>CRDT</CdtDbtInd><RmtInf>", "<CdtDbtInd>DBIT</CdtDbtInd><RmtInf>", "side", "debit"),
        ("<CdtDbtInd>CRDT</CdtDbtInd><RmtInf>", "<RmtInf>", "side", "credit"),
    ],
)
def test_a_transaction_says_what_the_bank_says(old: str, new: str, field: str, value: object) -> None:
    (transaction,) = read_one(changed(old, new)).transactions
    assert getattr(transaction, field) == value


def test_of_several_transactions_one_without_an_amount_has_none() -> None:
    nameless = replace(TRANSACTION, amount=None, currency=None)
    batch = replace(ENTRY, transactions=(nameless, TRANSACTION))
    assert read_one(write_statement([batch])) == batch


def test_an_entry_without_details_has_no_transactions() -> None:
    assert (
        read_one(
            changed("</NtryDtls>", "", entry=replace(ENTRY, transactions=())).replace(b"<NtryDtls>", b"")
        ).transactions
        == ()
    )


def test_details_may_stand_in_several_groups() -> None:
    assert len(read_one(changed("</TxDtls>", "</TxDtls><TxDtls/></NtryDtls><NtryDtls><TxDtls/>")).transactions) == 3


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("<Dt>2026-12-03</Dt></BookgDt>", "<Dt>2026-12-03+08:00</Dt></BookgDt>", "booking_date", date(2026, 12, 3)),
        ("<BookgDt><Dt>2026-12-03</Dt></BookgDt>", "", "booking_date", None),
        (
            "<DtTm>2026-12-04T23:59:59+08:00</DtTm>",
            "<DtTm>2026-12-04T00:00:00.000Z</DtTm>",
            "value_date",
            date(2026, 12, 4),
        ),
        ("<AcctSvcrRef>BANK-77</AcctSvcrRef>", "", "reference", None),
        ("<Sts>", "<RvslInd> 1 </RvslInd><Sts>", "reversal", True),
        ("<Sts>", "<RvslInd>false</RvslInd><Sts>", "reversal", False),
        ("<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>", "status", "PDNG"),
        ("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>INFO</Sts>", "status", "INFO"),
    ],
)
def test_an_entry_says_what_the_bank_says(old: str, new: str, field: str, value: object) -> None:
    assert getattr(read_one(changed(old, new)), field) == value


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        *(
            (
                '<Amt Ccy="CNY">510.25</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>',
                f'<Amt Ccy="CNY">{said}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>',
                Code.AMOUNT,
                "Amt",
            )
            for said in ("12,5", "1e5", "NaN", "", "-510.25", "510.255", "9" * 16, "１２", "INF")
        ),
        ('Ccy="CNY"', 'Ccy="XXX"', Code.CURRENCY, "XXX"),
        ('Ccy="CNY"', "", Code.CURRENCY, "missing"),
        (
            '<Amt Ccy="CNY">510.25</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>',
            "<CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            Code.MISSING,
            "Amt",
        ),
        (">510.25<", "><b>510.25</b><", Code.VALUE, "elements"),
        ("CRDT</CdtDbtInd><Sts>", "CREDIT</CdtDbtInd><Sts>", Code.VALUE, "CdtDbtInd"),
        ("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<Sts>", Code.VALUE, "CdtDbtInd"),
        ("BOOK", "FUTR", Code.VALUE, "Sts"),
        ("<Sts><Cd>BOOK</Cd></Sts>", "<Sts><Prtry>own</Prtry></Sts>", Code.VALUE, "Sts"),
        ("<Sts><Cd>BOOK</Cd></Sts>", "", Code.VALUE, "Sts"),
        ("<Sts>", "<RvslInd>yes</RvslInd><Sts>", Code.VALUE, "RvslInd"),
        ("2026-12-03</Dt></BookgDt>", "2026-02-30</Dt></BookgDt>", Code.DATE, "does not exist"),
        ("2026-12-03</Dt></BookgDt>", "3.12.2026</Dt></BookgDt>", Code.DATE, "BookgDt"),
        ("<Dt>2026-12-03</Dt></BookgDt>", "</BookgDt>", Code.DATE, "BookgDt"),
        ("BANK-77", "B" * 65, Code.VALUE, "AcctSvcrRef"),
        ("LN-17-1", "L" * 36, Code.VALUE, "EndToEndId"),
        ("loan LN-17", "x" * 5_000, Code.VALUE, "RmtInf"),
        ("loan LN-17", "a\x85b", Code.VALUE, "RmtInf"),
        ("DE89370400440532013000", "D" * 65, Code.VALUE, "account"),
    ],
)
def test_an_entry_that_cannot_be_understood_is_refused_with_its_line(old: str, new: str, code: Code, word: str) -> None:
    refusal = refused(old, new)
    assert refusal.place.startswith("line 5, entry 1")
    assert (refusal.code, word in refusal.reason) == (code, True)
    assert len(refusal.reason) < 300


def test_a_fault_in_a_transaction_names_it_and_leaves_other_entries_alone() -> None:
    content = write_statement([replace(ENTRY, transactions=(TRANSACTION, TRANSACTION)), ENTRY])
    spoiled = content.replace(b">510.25<", b">510.2x<", 3).replace(b">510.2x<", b">510.25<", 2)
    refusal, record = read(spoiled)
    assert isinstance(refusal, Refusal)
    assert refusal.place == "line 5, entry 1, transaction 2"
    assert isinstance(record, EntryRecord)


def test_what_looks_like_an_entry_elsewhere_is_none() -> None:
    foreign = f"<SplmtryData><Envlp>{write_entry(ENTRY)}<Acct><Id><IBAN>XX00</IBAN></Id></Acct></Envlp></SplmtryData>"
    assert read_one(changed("</NtryDtls>", f"</NtryDtls>{foreign}")) == ENTRY


def test_a_line_far_down_is_named_right() -> None:
    content = write_statement([ENTRY, ENTRY]).replace(b"</Ntry>\n", b"</Ntry>" + b"\n" * 100_000, 1)
    assert read(content)[1].place == "line 100005, entry 2"


def test_more_transactions_than_can_be_held_refuse_their_entry_only() -> None:
    many = b"<TxDtls/>" * (MOST_TRANSACTIONS + 1)
    content = write_statement([ENTRY, ENTRY]).replace(b"<TxDtls>", many + b"<TxDtls>", 1)
    refusal, record = read(content)
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.TOO_LARGE
    assert isinstance(record, EntryRecord)


def test_an_entry_longer_than_can_be_held_is_refused_and_the_next_is_read() -> None:
    padding = b"<AddtlTxInf>padding</AddtlTxInf>" * 300_000
    content = write_statement([ENTRY, ENTRY]).replace(b"</TxDtls>", padding + b"</TxDtls>", 1)
    refusal, record = read(content)
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.TOO_LARGE
    assert isinstance(record, EntryRecord)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b'<Document xmlns="%spacs.008.001.08"><FIToFICstmrCdtTrf/></Document>' % NAMESPACE.encode(),
            "pacs.008.001.08",
        ),
        (b"<Document><CstmrCdtTrfInitn/></Document>", "Document/CstmrCdtTrfInitn"),
        (b"<html><body/></html>", "html/body"),
        (b"<a>" + b"<b/>" * 5_000 + b"</a>", "a/b"),
    ],
)
def test_another_message_is_refused_by_its_name(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words) as raised:
        read(content)
    assert raised.value.refusal.code == Code.UNKNOWN_FORMAT
