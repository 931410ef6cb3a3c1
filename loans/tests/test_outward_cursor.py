"""Reading events by their ids misses none, whatever order transactions end in."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from loans.models import Loan, OutwardEvent
from loans.outward.cursor import settled_until
from loans.tests.outward import hear, tell

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@contextmanager
def writing(loan: Loan) -> Iterator[BaseDatabaseWrapper]:
    """A second connection that has written an event of the loan's bank and does not commit it yet."""
    wrapper = connection.copy()
    wrapper.set_autocommit(False)
    try:
        with wrapper.cursor() as cursor:
            cursor.execute(
                "INSERT INTO loans_outwardevent (partner_id, loan_id, kind, subject, data, occurred_at)"
                " VALUES (%s, %s, 'prompt.delivered', 'prompt:77', '{}', now())",
                [loan.bank_id, loan.pk],
            )
        yield wrapper
    finally:
        wrapper.rollback()
        wrapper.close()


def test_a_younger_event_is_not_shown_before_an_older_one_is_committed(loan: Loan) -> None:
    hear(loan.bank)
    with writing(loan) as other:
        tell(loan)
        younger = OutwardEvent.objects.get().pk
        assert settled_until(loan.bank_id, 0, patience=0) == 0
        other.commit()
    assert settled_until(loan.bank_id, 0) == younger
    older, newest = OutwardEvent.objects.order_by("pk").values_list("pk", flat=True)
    assert older < newest == younger


def test_an_event_that_is_rolled_back_holds_nothing_up_afterwards(loan: Loan) -> None:
    hear(loan.bank)
    with writing(loan):
        tell(loan)
    assert settled_until(loan.bank_id, 0) == OutwardEvent.objects.get().pk


def test_where_nothing_is_newer_the_cursor_stays(loan: Loan) -> None:
    hear(loan.bank)
    tell(loan)
    newest = OutwardEvent.objects.get().pk
    assert settled_until(loan.bank_id, newest) == newest
    assert settled_until(loan.platform_id or 0, 5) == 5


def test_a_page_ends_at_the_settled_id(loan: Loan) -> None:
    hear(loan.bank)
    tell(loan, 5)
    ids = list(OutwardEvent.objects.order_by("pk").values_list("pk", flat=True))
    between = OutwardEvent.objects.of(loan.bank_id).between(ids[0], ids[3])
    assert list(between.values_list("pk", flat=True)) == ids[1:4]
