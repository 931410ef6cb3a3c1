"""manage.py evidence_pack (--installment N | --dispute NUMBER) -o FILE."""

import sys
from argparse import ArgumentParser
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from loans.models import Dispute, Installment
from loans.receipt_numbers import read_receipt_number
from notifications.evidence.pack import build_pack
from notifications.evidence.verify import find_problems, find_unproven, read_files

BROKEN: Final = 2


class Command(BaseCommand):
    help = "Write what is on record about one case as a zip that verifies offline. Exit code 2: not, or not yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = parser.add_mutually_exclusive_group(required=True)
        about.add_argument("--installment", type=int, metavar="N", help="id of the installment")
        about.add_argument("--dispute", metavar="NUMBER", help="the dispute's receipt number")
        parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the zip; - is standard output")

    def handle(self, *_args: Any, **options: Any) -> None:
        pack = self._build(options["installment"], options["dispute"])
        self._write(pack, options["output"])
        self._check(read_files(BytesIO(pack)), options["output"])

    def _check(self, files: dict[str, bytes], output: str) -> None:
        problems = find_problems(files)
        unproven = [] if problems else find_unproven(files)
        for problem in [*problems, *unproven]:
            self.stderr.write(f"{output}: {problem}", self.style.ERROR)
        if problems:
            self.stderr.write("The pack was written, but does not verify: run manage.py verify_evidence.")
        if unproven:
            self.stderr.write("The pack was written, but not all of it is sealed yet: make it again in a minute.")
        if problems or unproven:
            raise SystemExit(BROKEN)

    def _build(self, installment_id: int, number: str | None) -> bytes:
        now = timezone.now()
        if number is not None:
            dispute = Dispute.objects.filter(receipt_number=read_receipt_number(number)).first()
            if dispute is None:
                raise CommandError(f"There is no dispute {number}: the desk lists them under Disputes.")
            return build_pack(dispute.borrower_id, dispute_id=dispute.pk, now=now)
        installment = Installment.objects.filter(pk=installment_id).select_related("loan").first()
        if installment is None:
            raise CommandError(f"There is no installment {installment_id}: the desk shows the id at its loan.")
        return build_pack(installment.loan.borrower_id, installment_id=installment.pk, now=now)

    def _write(self, pack: bytes, output: str) -> None:
        if output == "-":
            sys.stdout.buffer.write(pack)
            return
        try:
            Path(output).write_bytes(pack)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror or error}") from None
        self.stdout.write(f"{output}: {len(pack):,} bytes")
