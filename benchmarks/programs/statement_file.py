"""`statement_file`: a bank's camt.053 with a payment for every loan, through `import_statement`; small and large."""

import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.measure import Trial, VoidError, expect
from benchmarks.peaks import peak_of
from benchmarks.product import TOLD
from benchmarks.tables import checkpoint, count, empty

APPLIED: Final = (
    "loans_reportpart",
    "loans_statement",
    "loans_statementline",
    "loans_payment",
    "loans_position",
    "loans_report",
)
_LOOK_EVERY: Final = 0.1
_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M-{n}</MsgId><CreDtTm>2026-12-04T22:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S-{n}</Id><ElctrncSeqNb>{n}</ElctrncSeqNb><CreDtTm>2026-12-04T22:00:00</CreDtTm>
<Acct><Id><Othr><Id>6222000011</Id></Othr></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-12-04</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{total}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-12-04</Dt></Dt></Bal>
"""
_ENTRY: Final = """<Ntry><NtryRef>{one}</NtryRef><Amt Ccy="CNY">103.50</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-12-04</Dt></BookgDt><ValDt><Dt>2026-12-04</Dt></ValDt><AcctSvcrRef>BANK-{one}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>HB-{loan}-1</EndToEndId></Refs><Amt Ccy="CNY">103.50</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>测试 Borrower {one}</Nm></Pty></Dbtr>
<DbtrAcct><Id><Othr><Id>62220000{one:010}</Id></Othr></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>期款 installment 1 of loan HB-{loan}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""
_FIRST_LOAN: Final = 20260000


def run(bench: Bench) -> Iterator[Figure]:
    """`statement_file`, whose limit is the rate of the small file: 1 is a time that grows with the file and no faster.

    `statement_file.memory`: `of_limit` is the peak with the small file divided by that with the large one, so that 1 is
    no growth at all.
    """
    small, large = (apply_file(bench, n) for n in bench.size.statement_entries)
    yield Figure(
        name="statement_file",
        n=large.n,
        seconds=large.seconds,
        rate=large.rate,
        of_limit=large.rate / small.rate,
        peak_mb=large.peak_mb,
        notes=f"{large.notes}; {small.n:,} at {small.rate:,.0f} a second",
    )
    yield Figure(
        name="statement_file.memory",
        n=large.n,
        of_limit=(small.peak_mb or 0.0) / (large.peak_mb or 1.0),
        peak_mb=large.peak_mb,
        notes=f"{large.notes}; {small.peak_mb:.0f} MB with {small.notes}",
    )


def apply_file(bench: Bench, n: int) -> Trial:
    """Import a file of `n` payments into a book of `n` loans with the command that an operator types."""
    make_book(n, now=bench.now)
    empty(*TOLD, *APPLIED)
    path = bench.folder / f"statement-{n}.xml"
    try:
        size = write_file(path, n)
        checkpoint()
        started = time.monotonic()
        peak = _import(path, bench.logs / "statement_file.log")
        seconds = time.monotonic() - started
    finally:
        path.unlink(missing_ok=True)
    expect("payments", n, count("loans_payment", "status = 'settled'"))
    expect("settled installments", n, count("loans_installment", "state = 'settled'"))
    expect("statements that agree", 1, count("loans_statement", "difference = 0"))
    return Trial(n, seconds, peak, f"{size / 1_000_000:,.0f} MB")


def write_file(path: Path, n: int) -> int:
    """Returns its size in bytes."""
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD.format(n=n, total=n * Decimal("103.50")))
        for one in range(1, n + 1):
            file.write(_ENTRY.format(one=one, loan=_FIRST_LOAN + one))
        file.write("</Stmt></BkToCstmrStmt></Document>\n")
    return path.stat().st_size


def _import(path: Path, log: Path) -> float:
    """Returns the largest resident size of the process in MiB: its own, without what it shared before it began."""
    command = [sys.executable, "manage.py", "import_statement", str(path), "--partner", "harbour"]
    peak = 0.0
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        while process.poll() is None:
            peak = max(peak, peak_of(process.pid))
            time.sleep(_LOOK_EVERY)
    if process.returncode:
        raise VoidError(f"import_statement ended with {process.returncode}; see {log}")
    return peak
