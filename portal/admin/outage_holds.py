"""The installments that an outage touched, as a list and as a table to take away."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loans.models import Outage, OutageHold
from loans.templatetags.loans import moment
from portal.admin.cells import installment_label, person_link
from portal.admin.read_only import ReadOnlyAdmin

COLUMNS = ("loan", "installment", "due_on", "state", "currency", "outstanding", "since", "held_until")


@admin.register(OutageHold)
class OutageHoldAdmin(ReadOnlyAdmin[OutageHold]):
    """Reached from an outage; who may see that may see these."""

    list_display = ["installment_label", "borrower_link", "state", "since", "until", "outage"]
    list_filter = ["outage__partner"]
    ordering = ["pk"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[OutageHold]":
        return super().get_queryset(request).select_related("outage__partner", "installment__loan__borrower")

    @admin.display(description=_("installment"))
    def installment_label(self, hold: OutageHold) -> str:
        return installment_label(hold.installment, hold.installment.loan)

    @admin.display(description=_("borrower"))
    def borrower_link(self, hold: OutageHold) -> SafeString:
        return person_link(hold.installment.loan.borrower)

    @admin.display(description=_("state"))
    def state(self, hold: OutageHold) -> str:
        return hold.installment.get_state_display()

    @admin.display(description=_("held until"))
    def until(self, hold: OutageHold) -> str:
        return moment(hold.held_until) if hold.held_until else gettext("until the outage ends")


class _Line:
    """A file that gives back each line that is written to it."""

    def write(self, line: str) -> str:
        return line


def touched_csv(outage: Outage) -> Iterator[str]:
    """A line a touched installment, times in UTC; it names loans by number, and nobody."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for hold in outage.holds.select_related("installment__loan").order_by("pk").iterator(chunk_size=2000):
        one = hold.installment
        told = (as_text(one.loan.external_id), one.number, one.due_on, one.state, one.loan.currency, one.outstanding)
        yield writer.writerow((*told, _utc(hold.since), _utc(hold.held_until)))


def as_text(cell: str) -> str:
    """What a partner wrote, for a program that takes such a beginning for a formula (OWASP: CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _utc(value: datetime | None) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else ""
