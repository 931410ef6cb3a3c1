"""The bank's camt.054 credit notifications of the demonstration."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lxml import etree
from lxml.builder import ElementMaker

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
ACCOUNT: Final = "6222026211000017"
E: Final[Any] = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that arrived: the bank's reference, and what the payer gave with it."""

    reference: str
    amount: Decimal
    end_to_end_id: str
    remittance: str = ""


def notification(number: str, booked_on: date, arrived: Iterable[Credit]) -> bytes:
    """A camt.054.001.08 that says that these credits were booked."""
    document = E.Document(
        E.BkToCstmrDbtCdtNtfctn(
            E.GrpHdr(E.MsgId(number), E.CreDtTm(f"{booked_on.isoformat()}T18:00:00+08:00")),
            E.Ntfctn(
                E.Id(number),
                E.CreDtTm(f"{booked_on.isoformat()}T18:00:00+08:00"),
                E.Acct(E.Id(E.Othr(E.Id(ACCOUNT)))),
                *(_entry(credit, booked_on) for credit in arrived),
            ),
        )
    )
    written: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _entry(credit: Credit, booked_on: date) -> Any:
    day = booked_on.isoformat()
    details = [E.Refs(E.EndToEndId(credit.end_to_end_id or "NOTPROVIDED")), E.Amt(str(credit.amount), Ccy="CNY")]
    details.append(E.CdtDbtInd("CRDT"))
    if credit.remittance:
        details.append(E.RmtInf(E.Ustrd(credit.remittance)))
    return E.Ntry(
        E.Amt(str(credit.amount), Ccy="CNY"),
        E.CdtDbtInd("CRDT"),
        E.Sts(E.Cd("BOOK")),
        E.BookgDt(E.Dt(day)),
        E.ValDt(E.Dt(day)),
        E.AcctSvcrRef(credit.reference),
        E.BkTxCd(E.Domn(E.Cd("PMNT"), E.Fmly(E.Cd("RCDT"), E.SubFmlyCd("DMCT")))),
        E.NtryDtls(E.TxDtls(*details)),
    )
