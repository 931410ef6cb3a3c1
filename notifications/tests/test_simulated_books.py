"""A past book as the simulation reads it: who owed what, who can be reached, and who has to send."""

from datetime import timedelta

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.models import LeadPlan
from notifications.preferences import put_first
from notifications.simulation.book import Due, FirmsTurn, merge, read_database
from notifications.tests.firms import make_rule
from notifications.tests.test_simulation import BOTH, DUE


@pytest.mark.django_db
def test_leads_and_first_choices_are_read_with_the_book() -> None:
    row = make_installment(make_loan(make_borrower(), product="Kitchen"), due_on=DUE)
    make_installment(make_loan(row.loan.borrower, product="Sofa"), due_on=DUE)
    LeadPlan.objects.create(partner=make_bank(), product="Kitchen", upcoming="14,0", overdue="5")
    put_first(row.loan.borrower, "email")
    [read] = read_database(DUE, DUE)
    assert read.first == "email"
    assert {due.plan.leads for due in read.dues} == {(14, 0), (7, 3, 1, 0)}


def test_installments_of_a_day_and_its_firms_are_one_message_paid_when_the_last_is() -> None:
    parts = [(DUE, "a", DUE), (DUE, "a", DUE + timedelta(days=4)), (DUE, "b", None), (DUE, "b", DUE)]
    assert merge(parts) == [Due(DUE, "a", DUE + timedelta(days=4)), Due(DUE, "b", None)]


@pytest.mark.django_db
def test_the_database_gives_each_borrower_with_the_ways_to_reach_them() -> None:
    loan = make_loan()
    make_installment(loan, due_on=DUE)
    make_installment(loan, due_on=DUE)
    make_installment(loan, due_on=DUE + timedelta(days=99))
    awaiting = make_installment(make_loan(), due_on=DUE)
    Installment.objects.filter(pk=awaiting.pk).update(state=Installment.State.AWAITING_BANK)
    gone = make_installment(make_loan(), due_on=DUE)
    Installment.objects.filter(pk=gone.pk).update(state=Installment.State.WITHDRAWN)
    people = {one.key: one for one in read_database(DUE, DUE)}
    assert people.keys() == {str(loan.borrower_id), str(awaiting.loan.borrower_id)}
    one = people[str(loan.borrower_id)]
    assert (one.channels, one.zone.key) == (BOTH, "Asia/Shanghai")
    assert [due.settled_on for due in one.dues] == [None]
    assert [due.settled_on for due in people[str(awaiting.loan.borrower_id)].dues] == [DUE]


@pytest.mark.django_db
def test_a_book_knows_who_has_to_send_and_parts_what_different_firms_do() -> None:
    loan = make_loan()
    other = make_loan(loan.borrower, product="Sofa")
    rule = make_rule("platform", bank=loan.bank, platform=loan.platform, product="Sofa", kind="upcoming")
    for one in (loan, other):
        make_installment(one, due_on=DUE)
    (who,) = read_database(DUE, DUE)
    turns = (FirmsTurn("upcoming", "lantern", rule.hours),)
    assert sorted(due.senders for due in who.dues) == [(), turns]
