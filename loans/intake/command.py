"""What `import_loans` and `import_statement` have in common: files in, records and refusals out.

Exit code 0: everything was accepted. 2: a file or a record was refused, or the command could not do its work.
"""

import gc
import json
import os
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from io import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final, Literal, cast

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from accounts.management.arguments import given, given_words
from loans.intake.detached import MOST_BYTES, SUFFIX
from loans.intake.progress import shown
from loans.intake.records import Code, LoanRecord, Refusal, UnreadableFile
from loans.intake.statement_records import EntryRecord, StatementRecord, StatusRecord

if TYPE_CHECKING:
    from loans.intake.reports import Outcome

Record = LoanRecord | EntryRecord | StatementRecord | StatusRecord
REFUSED: Final = 2


class ImportCommand(BaseCommand):
    """Reads partners' files. With --dry-run it needs no database; without it the files are kept and applied."""

    requires_system_checks: list[str] = []
    kind: ClassVar[Literal["loans", "statement"]]
    nouns: ClassVar[tuple[str, str]]

    def read(self, content: BinaryIO, name: str) -> Iterator[Record | Refusal]:
        """The records of one file. Raises UnreadableFile before the first."""
        raise NotImplementedError

    def parts_of(self, record: Record) -> int:
        """How many smaller things the record holds, for the summary."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a file; - reads standard input")
        parser.add_argument(
            "--partner",
            type=given_words,
            metavar="CODE",
            help="whose file it is; not needed where there is one bank only",
        )
        parser.add_argument(
            "--signature", type=given, metavar="FILE", help="the signature of the file; by default FILE.sig"
        )
        parser.add_argument("--dry-run", action="store_true", help="read and check only: needs and touches no database")
        parser.add_argument("--json", action="store_true", help="print one JSON object a record and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        self.as_json = bool(options["json"])
        gc.freeze()  # what is loaded stays: to look through it after each chunk took a tenth of a file's time
        try:
            refused = sum(self._take(path, options) for path in options["files"])
        except BrokenPipeError:
            # Whoever read our output has seen enough; the flush at exit must not fail over it again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        finally:
            gc.unfreeze()
        if refused:
            raise SystemExit(REFUSED)

    def _take(self, path: str, options: dict[str, Any]) -> int:
        """Read or apply one file; returns how many refusals there were."""
        name = "standard input" if path == "-" else path.encode(errors="replace").decode()
        try:
            with _opened(path) as content:
                if options["dry_run"]:
                    return self._check(content, name, as_json=options["json"])
                return self._keep(content, name, path, options)
        except UnreadableFile as fault:
            return self._refuse(fault.refusal)
        except BrokenPipeError:
            raise
        except OSError as error:
            return self._refuse(Refusal(name, "", f"cannot be read: {error.strerror or error}", Code.NO_FILE))

    def _check(self, content: BinaryIO, name: str, *, as_json: bool) -> int:
        records: Iterable[Record | Refusal] = self.read(content, name)
        if not as_json:
            records = shown(records, content, _size(content), self.stderr)
        read = parts = refused = 0
        for record in records:
            if isinstance(record, Refusal):
                refused += self._refuse(record)
                continue
            self._remark(record, name)
            if isinstance(record, StatementRecord):
                continue
            read, parts = read + 1, parts + self.parts_of(record)
            if as_json:
                self.stdout.write(json.dumps(record.as_json()))
        if not as_json:
            outer, inner = self.nouns
            self.stdout.write(f"{name}: {outer} {read}, {inner} {parts}, refused {refused}; nothing was kept")
        return refused

    def _keep(self, content: BinaryIO, name: str, path: str, options: dict[str, Any]) -> int:
        """Applies first and prints then, so that what is printed has been kept."""
        from loans.intake.reports import UnknownPartnerError, receive_file

        try:
            outcome = receive_file(
                options["partner"],
                self.kind,
                Path(name).name,
                content,
                signature=_named(options["signature"]) if options["signature"] else _signature(f"{path}{SUFFIX}"),
                watch=lambda records, own: shown(records, own, _size(own), self.stderr),
            )
        except UnknownPartnerError as error:
            raise CommandError(str(error), returncode=REFUSED) from None
        except OperationalError as error:
            raise CommandError(
                f"{name}: the database does not answer, try again: {error}", returncode=REFUSED
            ) from None
        self._tell(outcome, name)
        if options["json"]:
            self._print_records(outcome, name)
        return outcome.refused

    def _tell(self, outcome: "Outcome", name: str) -> None:
        for refusal in outcome.refusals:
            self._refuse(replace(refusal, file=name))
        if outcome.refused > len(outcome.refusals):
            self.stderr.write(f"{name}: {outcome.refused - len(outcome.refusals):,} more refusals", self.style.ERROR)
        for remark in outcome.remarks:
            self.stderr.write(f"{name}: note: {remark}", self.style.WARNING)
        if self.as_json:
            return
        if outcome.duplicate:
            self.stdout.write(f"{name}: was received before as report {outcome.report_id}; nothing was changed")
        else:
            self.stdout.write(f"{name}: report {outcome.report_id}: {outcome.counts}")

    def _print_records(self, outcome: "Outcome", name: str) -> None:
        """Of what was kept. Refusals were told before."""
        from loans.intake.keeping import kept
        from loans.models import Report

        with kept(Report.objects.get(pk=outcome.report_id)) as content:
            try:
                for record in self.read(content, name):
                    if not isinstance(record, Refusal | StatementRecord):
                        self.stdout.write(json.dumps(record.as_json()))
            except UnreadableFile:
                return

    def _refuse(self, refusal: Refusal) -> int:
        self.stderr.write(str(refusal), self.style.ERROR)
        return 1

    def _remark(self, record: Record, name: str) -> None:
        for remark in record.remarks if isinstance(record, LoanRecord | StatementRecord) else ():
            self.stderr.write(f"{name}:{record.place}: note: {remark}", self.style.WARNING)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """The file, seekable: what is a pipe goes through a temporary file that is gone afterwards."""
    with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as source:
        if source.seekable():
            yield source
            return
        with tempfile.TemporaryFile() as spool:
            shutil.copyfileobj(source, spool)
            spool.seek(0)
            yield cast("BinaryIO", spool)


def _named(path: str) -> bytes:
    """What stands in the file that somebody named: were it passed over, they would believe that it counted."""
    signature = _signature(path)
    if signature is None:
        raise CommandError(f"{path}: there is no such file of a signature. Nothing was kept.", returncode=REFUSED)
    return signature


def _signature(path: str) -> bytes | None:
    """What stands in the file of a signature, None where there is none."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES)
    except FileNotFoundError:
        return None


def _size(content: BinaryIO) -> int:
    here = content.tell()
    size = content.seek(0, SEEK_END)
    content.seek(here)
    return size
