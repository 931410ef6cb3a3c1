"""Keeps the raw bytes of a file before anything is done with them, in pieces, whatever its size."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from django.db import transaction
from django.utils import timezone

from loans.models import Partner, Report, ReportPart
from loans.models.report_part import PART_BYTES


@contextmanager
def own_copy(content: BinaryIO) -> Iterator[BinaryIO]:
    """The rest of `content` in a file on disk without a name, which nobody but this process can write to.

    A file in a partner's folder may be overwritten between any two of its readings: what is kept, what its signature is
    over and what is applied are the same bytes only where all three are read from a copy.
    """
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(content, copy, PART_BYTES)
        copy.seek(0)
        yield cast("BinaryIO", copy)


@contextmanager
def kept(report: Report) -> Iterator[BinaryIO]:
    """The bytes of a report that is on record, as a file."""
    with tempfile.TemporaryFile() as content:
        for piece in report.raw():
            content.write(piece)
        content.seek(0)
        yield cast("BinaryIO", content)


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
