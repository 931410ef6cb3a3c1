"""A pack that is made after history was removed says so: an empty story is not one of nobody being told."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan
from loans.tests.factories import make_installment, make_loan
from notifications.evidence.pack import build_pack
from notifications.evidence.verify import find_problems, read_files
from notifications.models import Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.purging import purge
from notifications.tests.factories import NOON, clock
from notifications.tests.packs import Files, read

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2018, 3, 10, 4, 0, tzinfo=UTC)
APRIL = date(2018, 4, 1)


def over(at: datetime = LONG_AGO, *, created_at: datetime = LONG_AGO) -> Installment:
    """An installment that was told of and is over, of a loan that is known since `created_at`."""
    row = make_installment(make_loan(make_borrower()), due_on=at.date() + timedelta(days=3))
    Loan.objects.filter(pk=row.loan_id).update(created_at=created_at)
    plan_upcoming(clock(at))
    Prompt.objects.filter(installment=row).update(status="told")
    Delivery.objects.filter(prompt__installment=row).update(status="delivered", sent_at=at, delivered_at=at)
    paid = {"state": "settled", "paid": row.total, "outstanding": 0, "settled_on": row.due_on}
    Installment.objects.filter(pk=row.pk).update(**paid)
    return row


def pack_of(row: Installment) -> Files:
    return read_files(BytesIO(build_pack(row.loan.borrower_id, installment_id=row.pk, now=NOON)))


def says_so(files: Files) -> bool:
    """The README and the record, which say the same."""
    told = "was removed, the last time on 2026-11-22" in files["README.txt"].decode().replace("\n", " ")
    assert told == (read(files, "case.json")["removed"] is not None)
    return told


def test_a_pack_names_the_month_before_which_history_was_removed() -> None:
    row = over()
    assert not says_so(pack_of(row))
    assert purge(APRIL, now=NOON).record.prompts == 1
    files = pack_of(row)
    assert says_so(files)
    assert "What was told before 2018-04" in files["README.txt"].decode()
    assert read(files, "case.json")["removed"] == {"before": "2018-04-01", "at": "2026-11-22T04:00:00+00:00"}
    assert read(files, "deliveries.json") == []
    assert find_problems(files) == []


def test_what_fell_due_after_that_month_and_was_told_before_it_says_so_too() -> None:
    row = over(datetime(2018, 3, 30, 4, 0, tzinfo=UTC))
    assert row.due_on > APRIL
    assert purge(APRIL, now=NOON).record.prompts == 1
    assert says_so(pack_of(row))


def test_what_is_not_over_has_lost_nothing_and_says_nothing_of_it() -> None:
    row = over()
    Installment.objects.filter(pk=row.pk).update(state="open", settled_on=None, paid=0, outstanding=row.total)
    purge(APRIL, now=NOON)
    assert not says_so(pack_of(row))


def test_a_loan_of_after_that_month_says_nothing_of_it() -> None:
    row = over(created_at=datetime(2018, 4, 1, 0, 0, tzinfo=UTC))
    purge(APRIL, now=NOON)
    assert not says_so(pack_of(row))
