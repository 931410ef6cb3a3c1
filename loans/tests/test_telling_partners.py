"""What partners are told, to whom, and that it is written with the fact, in sets."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from loans.models import Loan, OutwardDelivery, OutwardEvent, Partner
from loans.outward import endpoints
from loans.outward.claiming import claim
from loans.outward.telling import anybody_hears, tell_partners
from loans.tests.factories import make_bank, make_loan, make_platform
from loans.tests.outward import NOON, fact, hear, tell

pytestmark = pytest.mark.django_db


def test_each_partner_of_the_loan_that_hears_events_is_told_and_nobody_else(loan: Loan) -> None:
    stranger = Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    for partner in (loan.bank, stranger):
        hear(partner)
    assert tell(loan) == 1
    (event,) = OutwardEvent.objects.all()
    assert (event.partner, event.loan, event.kind, event.occurred_at) == (loan.bank, loan, "prompt.delivered", NOON)
    assert event.data == {"loan": loan.external_id, "bank": "harbour", "prompt": 1}


def test_bank_and_platform_have_an_event_each_with_an_id_of_its_own(loan: Loan) -> None:
    hear(loan.bank)
    hear(make_platform(), "https://lantern.example/hook")
    assert tell(loan) == 2
    assert OutwardEvent.objects.values("partner").distinct().count() == 2
    assert OutwardDelivery.objects.count() == 2
    for delivery in OutwardDelivery.objects.select_related("event", "endpoint"):
        assert delivery.event.partner_id == delivery.endpoint.partner_id


def test_a_loan_without_a_platform_is_told_to_its_bank() -> None:
    loan = make_loan(platform=None)
    hear(make_bank())
    assert tell(loan) == 1


def test_a_fact_is_told_once_however_often_it_is_said(loan: Loan) -> None:
    hear(loan.bank)
    assert tell_partners([fact(loan), fact(loan)], at=NOON) == 1
    assert tell(loan) == 0
    assert OutwardDelivery.objects.count() == 1


def test_where_nobody_hears_nothing_is_written(loan: Loan) -> None:
    assert not anybody_hears()
    assert tell(loan) == 0


def test_a_partner_without_an_address_has_its_events_written_for_asking(loan: Loan) -> None:
    Partner.objects.filter(pk=loan.bank_id).update(hears_events=True)
    assert anybody_hears()
    assert (tell(loan), OutwardDelivery.objects.count()) == (1, 0)


def test_what_happens_while_an_endpoint_is_off_waits_until_it_is_switched_on(loan: Loan) -> None:
    endpoint, _secret = hear(loan.bank)
    endpoints.disable(endpoint.pk, why="gone", now=NOON)
    tell(loan, at=NOON + timedelta(days=6))
    later = NOON + timedelta(days=8)
    assert claim(1, now=later) == []
    endpoints.enable(endpoint.pk)
    assert [one.data["prompt"] for one in claim(1, now=later)] == [1]


def test_nothing_waits_for_an_endpoint_that_has_been_off_for_longer_than_a_week(loan: Loan) -> None:
    endpoint, _secret = hear(loan.bank)
    endpoints.disable(endpoint.pk, why="gone", now=NOON)
    told = tell(loan, at=NOON + timedelta(days=7))
    assert (told, OutwardDelivery.objects.count()) == (1, 0)


def test_an_endpoint_that_is_off_keeps_nothing_from_another_one_of_its_partner(loan: Loan) -> None:
    off, _secret = hear(loan.bank)
    on, _other = hear(loan.bank, "https://other.example/hook")
    endpoints.disable(off.pk, why="gone", now=NOON)
    tell(loan)
    assert [one.endpoint_id for one in claim(1, now=NOON)] == [on.pk]


def test_a_fact_that_is_rolled_back_tells_nobody(loan: Loan) -> None:
    hear(loan.bank)
    with transaction.atomic():
        tell(loan)
        transaction.set_rollback(True)
    assert not OutwardEvent.objects.exists()


def test_five_thousand_facts_are_one_statement(loan: Loan) -> None:
    hear(loan.bank)
    hear(make_platform(), "https://lantern.example/hook")
    with CaptureQueriesContext(connection) as statements:
        assert tell(loan, 5000) == 10_000
    assert len(statements) == 1
    ids = list(OutwardEvent.objects.of(loan.bank_id).order_by("pk").values_list("data__prompt", flat=True))
    assert sorted(ids) == list(range(1, 5001))


@pytest.mark.parametrize("statement", ["UPDATE loans_outwardevent SET kind = 'x'", "DELETE FROM loans_outwardevent"])
def test_what_was_told_stays_as_it_was(loan: Loan, statement: str) -> None:
    hear(loan.bank)
    tell(loan)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
