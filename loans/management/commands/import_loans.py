"""manage.py import_loans FILE… [--partner CODE] [--dry-run] [--json]."""

from collections.abc import Iterator
from typing import BinaryIO

from loans.intake.command import ImportCommand, Record
from loans.intake.reading import read_loans
from loans.intake.records import LoanRecord, Refusal


class Command(ImportCommand):
    help = "Take in loans with their schedules: Apache Fineract's JSON, or CSV (docs/files.md). Exit code 2: refusals."
    kind = "loans"
    nouns = ("loans", "installments")

    def read(self, content: BinaryIO, name: str) -> Iterator[Record | Refusal]:
        return read_loans(content, name)

    def parts_of(self, record: Record) -> int:
        return len(record.installments) if isinstance(record, LoanRecord) else 0
