"""The page of a borrower says where their time zone was not said."""

import pytest
from django.urls import reverse

from accounts.tests.factories import make_borrower
from portal.tests.desk import desk_of, make_desk_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.mark.parametrize(
    ("stored", "zone", "said"),
    [
        ("America/New_York?", "America/New_York", "told only while it is day everywhere in their country"),
        ("Asia/Shanghai?", "Asia/Shanghai", "Nobody has said their time zone: this one is taken."),
        ("Asia/Shanghai", "Asia/Shanghai", None),
    ],
)
def test_a_zone_that_nobody_said_is_shown_as_such(stored: str, zone: str, said: str | None) -> None:
    borrower = make_borrower(time_zone=stored)
    page = desk_of(make_desk_agent()).get(reverse("admin:accounts_user_change", args=[borrower.pk])).content.decode()
    assert f"for them ({zone})" in page
    assert said in page if said else "Nobody has said" not in page
