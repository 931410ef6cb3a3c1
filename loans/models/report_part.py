"""The rest of a large report's raw bytes."""

from typing import Final

from django.db import models

from loans.models.append_only import append_only
from loans.models.report import Report

PART_BYTES: Final = 1_048_576
"""What a report holds of its content itself, and each part of the rest: a file of any size passes through memory in
pieces of this size. Far below the 1 GB that a value of PostgreSQL may have.
"""


class ReportPart(models.Model):
    """Bytes that follow those of the report itself and of the parts before it; numbered from 1."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "number"], name="report_part_once")]
        triggers = append_only("report_part")

    def __str__(self) -> str:
        return f"{self.report_id}/{self.number}"
