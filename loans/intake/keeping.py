"""Keeps the raw bytes of a file before anything is done with them, in pieces, whatever its size."""

import hashlib
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from loans.models import Partner, Report, ReportPart
from loans.models.report_part import PART_BYTES


def keep(partner: Partner, kind: str, name: str, content: BinaryIO) -> Report:
    """The report of the rest of `content`, which is left where it was; the same bytes of a partner's are one report."""
    start = content.tell()
    digest = _digest(content)
    content.seek(start)
    with transaction.atomic():
        report, new = Report.objects.defer("content").get_or_create(
            partner=partner,
            kind=kind,
            digest=digest,
            defaults={"name": name[:255], "content": content.read(PART_BYTES), "received_at": timezone.now()},
        )
        number = 0
        while new and (part := content.read(PART_BYTES)):
            number += 1
            ReportPart.objects.bulk_create([ReportPart(report=report, number=number, content=part)])
    content.seek(start)
    return report


def _digest(content: BinaryIO) -> str:
    """SHA-256 of the rest, in hexadecimal."""
    sha = hashlib.sha256()
    while piece := content.read(PART_BYTES):
        sha.update(piece)
    return sha.hexdigest()
