"""What became of the messages that providers took, as operators see it above the list of providers."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from notifications.states import Status
from notifications.supplier_rates import read_rates
from notifications.tests.factories import NOON
from notifications.tests.test_supplier_rates import CHINA, HOUR, SECOND, SINGAPORE, took
from portal.admin.supplier_rates import WIDTH, Drawn, legend
from portal.tests.desk import desk_of, make_operator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
SUPPLIERS = "admin:notifications_supplier_changelist"


@pytest.fixture
def desk() -> Client:
    return desk_of(make_operator())


def a_day() -> None:
    """Kannel brought three of four at once to China, and after hours one of two to Singapore; another failed there."""
    for _ in range(3):
        took(after=SECOND)
    took()
    took(address=SINGAPORE, after=2 * HOUR)
    took(address=SINGAPORE, status=Status.FAILED)
    took("email", "li@example.com", provider="smtp")


def cells(page: str) -> list[list[str]]:
    """The words of each row of the first table."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("<tbody>")[2].partition("</tbody>")[0], re.DOTALL)
    texts = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in row] for row in texts]


def test_each_provider_and_route_has_its_numbers_above_the_list(desk: Client) -> None:
    a_day()
    page = desk.get(reverse(SUPPLIERS)).content.decode()
    assert cells(page) == [
        ["smtp", "Email", "1", "0 %", "", "–", "–", "0", "1"],
        ["kannel", "SMS +65", "2", "50 %", "", "over 1 h", "over 1 h", "1", "0"],
        ["kannel", "SMS +86", "4", "75 %", "", "10 s", "10 s", "0", "1"],
    ]
    assert CHINA not in page


def test_a_day_without_messages_says_so(desk: Client) -> None:
    assert "No provider took anything in 24 hours." in desk.get(reverse(SUPPLIERS)).content.decode()


def test_the_parts_of_a_bar_follow_each_other_and_leave_empty_what_nobody_has_heard_of() -> None:
    a_day()
    drawn = {one.rate.route: one for one in map(Drawn.of, read_rates(NOON))}
    assert [(part.x, part.width, part.shows) for part in drawn["+65"].parts] == [
        (0.0, WIDTH / 2, "4"),
        (WIDTH / 2, WIDTH / 2, "failed"),
    ]
    assert [(part.x, part.width, part.shows) for part in drawn["+86"].parts] == [(0.0, WIDTH * 3 / 4, "0")]
    assert drawn[""].parts == []


def test_the_legend_names_each_part_that_a_bar_can_have() -> None:
    assert [shows for shows, _name in legend()] == ["0", "1", "2", "3", "4", "failed", "unheard"]
    assert [name for _shows, name in legend()] == [
        "within 10 s", "within 1 min", "within 10 min", "within 1 h", "later", "not delivered", "nothing heard",
    ]  # fmt: skip
