"""Writes camt files as banks do, in every version; the schemas of ISO 20022 accept what it writes."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from xml.sax.saxutils import escape

from loans.intake.statement_records import EntryRecord, TransactionRecord

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
MESSAGES = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
SIDES = {"credit": "CRDT", "debit": "DBIT"}
BALANCE = (
    "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>0</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    "<Dt><Dt>2026-12-03</Dt></Dt></Bal>"
)


def write_statement(
    entries: Iterable[EntryRecord], message: str = "camt.053", version: int = 8, namespace: str | None = None
) -> bytes:
    """The file that says these entries; `namespace` "" leaves it without one."""
    name, holder = MESSAGES[message]
    space = f"{NAMESPACE}{message}.001.{version:02}" if namespace is None else namespace
    statements = "".join(
        _statement(holder, account, list(together), version)
        for account, together in groupby(entries, key=lambda entry: entry.account)
    )
    head = "<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-12-03T22:00:00</CreDtTm></GrpHdr>"
    declared = f' xmlns="{space}"' if space else ""
    body = f"<Document{declared}>\n<{name}>{head}\n{statements}</{name}>\n</Document>\n"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


def write_entry(entry: EntryRecord, version: int = 8) -> str:
    status = entry.status if version < 7 else f"<Cd>{entry.status}</Cd>"
    reversal = "<RvslInd>true</RvslInd>" if entry.reversal else ""
    booked = f"<BookgDt><Dt>{entry.booking_date}</Dt></BookgDt>" if entry.booking_date else ""
    valued = f"<ValDt><DtTm>{entry.value_date}T23:59:59+08:00</DtTm></ValDt>" if entry.value_date else ""
    reference = f"<AcctSvcrRef>{escape(entry.reference)}</AcctSvcrRef>" if entry.reference else ""
    details = "".join(_transaction(item, version) for item in entry.transactions)
    return (
        f"<Ntry>{_amount(entry.amount, entry.currency)}<CdtDbtInd>{SIDES[entry.side]}</CdtDbtInd>{reversal}"
        f"<Sts>{status}</Sts>{booked}{valued}{reference}<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>\n"
    )


def _statement(holder: str, account: str | None, entries: list[EntryRecord], version: int) -> str:
    number = account or ""
    identity = f"<IBAN>{number}</IBAN>" if number[:2].isupper() else f"<Othr><Id>{escape(number)}</Id></Othr>"
    balance = BALANCE if holder == "Stmt" else ""
    body = "".join(write_entry(entry, version) for entry in entries)
    opening = f"<Id>S-1</Id><CreDtTm>2026-12-03T22:00:00</CreDtTm><Acct><Id>{identity}</Id></Acct>"
    return f"<{holder}>{opening}{balance}\n{body}</{holder}>"


def _transaction(item: TransactionRecord, version: int) -> str:
    end_to_end = f"<EndToEndId>{escape(item.end_to_end_id or 'NOTPROVIDED')}</EndToEndId>"
    uetr = f"<UETR>{item.uetr}</UETR>" if item.uetr else ""
    remittance = f"<RmtInf><Ustrd>{escape(item.remittance)}</Ustrd></RmtInf>" if item.remittance else ""
    reason = f"<Rsn><Cd>{item.return_reason}</Cd></Rsn>" if item.return_reason else ""
    returned = f"<RtrInf>{reason}</RtrInf>" if item.returned else ""
    amounts = _transaction_amount(item, version) + _charges(item, version)
    return f"<TxDtls><Refs>{end_to_end}{uetr}</Refs>{amounts}{remittance}{returned}</TxDtls>"


def _charges(item: TransactionRecord, version: int) -> str:
    if not item.charges or item.currency is None:
        return ""
    amount = _amount(item.charges, item.currency)
    return f"<Chrgs>{amount if version == 2 else f'<Rcrd>{amount}</Rcrd>'}</Chrgs>"


def _transaction_amount(item: TransactionRecord, version: int) -> str:
    if item.amount is None or item.currency is None:
        return ""
    amount = _amount(item.amount, item.currency)
    if version == 2:
        return f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
    return f"{amount}<CdtDbtInd>{SIDES[item.side]}</CdtDbtInd>"


def _amount(amount: Decimal, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{amount}</Amt>'
