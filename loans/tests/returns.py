"""Statements that book payments and take them back, for tests."""

from loans.intake.reports import Outcome, receive
from loans.models import Report


def transaction(end_to_end_id: str = "", *, amount: str = "", reason: str = "", more: str = "") -> str:
    reference = f"<Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>" if end_to_end_id else ""
    money = f'<Amt Ccy="CNY">{amount}</Amt>' if amount else ""
    back = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
    return f"<TxDtls>{reference}{money}{more}{back}</TxDtls>"


def entry(details: str, *, amount: str = "100.00", side: str = "CRDT", reference: str = "", extra: str = "") -> str:
    named = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    return f"""<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{extra}
      <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-22</Dt></BookgDt>{named}<NtryDtls>{details}</NtryDtls></Ntry>"""


def booked(end_to_end_id: str, *, amount: str = "100.00", reference: str = "") -> str:
    return entry(transaction(end_to_end_id), amount=amount, reference=reference or f"B-{end_to_end_id}")


def returned(end_to_end_id: str, *, amount: str = "100.00", reference: str = "", reason: str = "AM04") -> str:
    """A direct debit that came back."""
    back = transaction(end_to_end_id, reason=reason)
    return entry(back, amount=amount, side="DBIT", reference=reference or f"R-{end_to_end_id}")


def reversed_(reference: str, *, end_to_end_id: str = "", amount: str = "100.00") -> str:
    """A booking that the bank takes back itself."""
    back = transaction(end_to_end_id)
    return entry(back, amount=amount, side="DBIT", reference=reference, extra="<RvslInd>true</RvslInd>")


def send(*entries: str, number: int = 1) -> Outcome:
    """A camt.054 of Harbour Bank with these entries."""
    content = f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>
      <GrpHdr><MsgId>M{number}</MsgId><CreDtTm>2026-11-22T10:00:00+08:00</CreDtTm></GrpHdr>
      <Ntfctn><Id>N{number}</Id><Acct><Id><Othr><Id>6222000011</Id></Othr></Id></Acct>{"".join(entries)}</Ntfctn>
    </BkToCstmrDbtCdtNtfctn></Document>"""
    return receive("harbour", Report.Kind.STATEMENT, f"{number}.xml", content.encode())
