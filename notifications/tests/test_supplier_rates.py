"""How much of what a provider took has arrived, on which route, and how fast."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import supplier_rates
from notifications.models import Delivery
from notifications.states import Status
from notifications.supplier_rates import BOUNDS, Rate, read_rates
from notifications.tests.factories import NOON, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
CHINA, SINGAPORE, AMERICA = "+8613800138000", "+6581234567", "+12125550123"


def took(channel: str = "sms", address: str = CHINA, *, after: timedelta | None = None, **fields: Any) -> Delivery:
    """A message that Kannel took an hour before noon, and that arrived `after` so long, if it did."""
    taken = NOON - HOUR
    ordinal = Delivery.objects.count()
    usual: dict[str, Any] = {"status": Status.SENT, "sent_at": taken, "handed_at": taken, "provider": "kannel"}
    if after is not None:
        usual |= {"status": Status.DELIVERED, "delivered_at": taken + after}
    return make_delivery(make_prompt(), channel, address=address, ordinal=ordinal, **usual | fields)


def test_what_arrived_is_counted_by_how_long_it_took() -> None:
    for after in (-SECOND, SECOND, 9 * SECOND, 30 * SECOND, 5 * MINUTE, 59 * MINUTE, 3 * HOUR):
        took(after=after)
    took(status=Status.FAILED)
    took()
    took(status=Status.UNCONFIRMED)
    [rate] = read_rates(NOON + 3 * HOUR)
    assert (rate.provider, rate.channel, rate.route, rate.says) == ("kannel", "sms", "+86", True)
    assert (rate.taken, rate.arrived, rate.failed, rate.unheard) == (10, (3, 1, 1, 1, 1), 1, 2)
    assert rate.share == 70


def test_each_code_of_a_country_is_a_route_and_no_mailbox_is_one() -> None:
    for address in (CHINA, SINGAPORE, CHINA, AMERICA):
        took(address=address)
    took("email", "li@example.com", provider="smtp")
    assert [(rate.provider, rate.route, rate.taken) for rate in read_rates(NOON)] == [
        ("smtp", "", 1),
        ("kannel", "+1", 1),
        ("kannel", "+65", 1),
        ("kannel", "+86", 2),
    ]


def test_what_lies_in_the_portal_waits_or_was_taken_longer_ago_is_not_counted() -> None:
    took("in_app", "", provider="portal")
    took(status=Status.RETRYING, sent_at=None)
    took(sent_at=NOON - 24 * HOUR)
    assert read_rates(NOON) == []
    took(sent_at=NOON - 24 * HOUR + SECOND)
    assert [rate.taken for rate in read_rates(NOON)] == [1]


@pytest.mark.parametrize("says", [True, False])
def test_a_provider_that_says_nothing_of_what_arrives_is_known_as_such(settings: Settings, says: bool) -> None:
    took("email", "li@example.com", provider="smtp")
    settings.EMAIL_REPORTS = says
    assert [rate.says for rate in read_rates(NOON)] == [says]


@pytest.mark.parametrize(
    ("arrived", "half", "most"),
    [
        ((10, 0, 0, 0, 0), BOUNDS[0], BOUNDS[0]),
        ((5, 5, 0, 0, 0), BOUNDS[0], BOUNDS[1]),
        ((4, 5, 1, 0, 0), BOUNDS[1], BOUNDS[2]),
        ((0, 0, 0, 19, 1), BOUNDS[3], BOUNDS[3]),
        ((0, 0, 0, 18, 2), BOUNDS[3], None),
        ((0, 0, 0, 0, 1), None, None),
        ((0, 0, 0, 0, 0), None, None),
    ],
)
def test_half_and_most_are_said_by_the_first_bound_that_has_them(
    arrived: tuple[int, ...], half: timedelta | None, most: timedelta | None
) -> None:
    rate = Rate("kannel", Delivery.Channel.SMS, "+86", 40, arrived, 0, says=True)
    assert (rate.within(50), rate.within(95)) == (half, most)


def test_all_rates_are_one_statement_that_reads_what_was_sent_lately(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    took()
    took(address=SINGAPORE)
    with django_assert_num_queries(1):
        read_rates(NOON)
    wanted: dict[str, Any] = {"since": NOON - HOUR, "now": NOON, "phones": ["sms"], "bounds": [1.0, 2.0]}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {supplier_rates._RATES}", wanted)
        assert "delivery_sent_lately" in "\n".join(row[0] for row in cursor.fetchall())
