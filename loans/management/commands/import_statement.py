"""manage.py import_statement FILE… [--partner CODE] [--dry-run] [--json]."""

from collections.abc import Iterator
from typing import BinaryIO

from loans.intake.command import ImportCommand, Record
from loans.intake.reading import read_statement
from loans.intake.records import Refusal
from loans.intake.statement_records import EntryRecord


class Command(ImportCommand):
    help = "Take in bank statements: ISO 20022 camt.052, camt.053, camt.054 (docs/files.md). Exit code 2: refusals."
    kind = "statement"
    nouns = ("entries", "transactions")

    def read(self, content: BinaryIO, name: str) -> Iterator[Record | Refusal]:
        return read_statement(content, name)

    def parts_of(self, record: Record) -> int:
        return len(record.transactions) if isinstance(record, EntryRecord) else 0
