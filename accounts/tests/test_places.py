"""Where people live: each law and time zone once, found without reading everybody."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from accounts.tests.factories import make_borrower

PLACES = st.tuples(st.sampled_from(["cn", "eu", "us"]), st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "UTC"]))


class TestPlaces(TestCase):
    @given(st.lists(PLACES, max_size=6))
    def test_each_place_where_anybody_lives_is_named_once(self, homes: list[tuple[str, str]]) -> None:
        for jurisdiction, time_zone in homes:
            make_borrower(jurisdiction=jurisdiction, time_zone=time_zone)
        assert User.objects.places() == sorted(set(homes))


@pytest.mark.django_db
def test_they_are_found_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(connection) as queries:
        User.objects.places()
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries[0]["sql"])
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert plan.count("user_places") == 2
