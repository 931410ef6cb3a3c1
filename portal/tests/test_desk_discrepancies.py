"""The queue of what firms differ about: who may act, what each act does, and what the first page says of it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_agent
from loans import discrepancies
from loans.models import Difference, Discrepancy, DiscrepancyEntry, Feed, Partner
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.positions import say
from notifications.tests.factories import NOON
from portal.tests.desk import desk_of, make_desk_agent, make_operator, make_superuser, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
OK, FOUND, FORBIDDEN, CONFLICT = 200, 302, 403, 409
DAY, ALL, NOTHING = timedelta(days=1), Decimal(100), Decimal(0)
QUEUE = "admin:loans_discrepancy_changelist"


def make_discrepancy() -> Discrepancy:
    """Paid at the platform four days ago, opened two days ago."""
    installment = make_installment(make_loan(), due_on=date(2026, 11, 30))
    say(installment, make_bank(), NOTHING, now=NOON - 4 * DAY)
    say(installment, make_platform(), ALL, now=NOON - 4 * DAY)
    discrepancies.sweep(NOON - 2 * DAY)
    return Discrepancy.objects.order_by("-pk")[0]


@pytest.fixture
def discrepancy() -> Discrepancy:
    return make_discrepancy()


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


def page_of(row: Discrepancy) -> str:
    return reverse("admin:loans_discrepancy_change", args=[row.pk])


def history() -> list[str]:
    return list(DiscrepancyEntry.objects.order_by("pk").values_list("kind", flat=True))


def test_the_page_says_who_has_to_follow_who_answers_for_it_and_what_both_said(
    desk: Client, discrepancy: Discrepancy
) -> None:
    bank = make_bank()
    bank.desk_name, bank.desk_email = "Wang Fang", "settle@harbour.test"
    bank.save()
    page = desk.get(page_of(discrepancy)).content.decode()
    for words in (
        "Paid at the platform only",
        "differed for 4 days",
        "has to follow",
        "Wang Fang",
        "settle@harbour.test",
    ):
        assert words in page, words
    assert "late by 24 h" in page
    assert "Nobody is named for differences." in page


def test_an_agent_takes_it_notes_and_closes_it_with_a_reason(
    desk: Client, agent: User, discrepancy: Discrepancy
) -> None:
    assert desk.post(page_of(discrepancy), {"take": "1"}).status_code == FOUND
    assert desk.post(page_of(discrepancy), {"note": "1", "words": "Called the bank."}).status_code == FOUND
    assert "Called the bank." in desk.get(page_of(discrepancy)).content.decode()
    assert desk.post(page_of(discrepancy), {"close": "1", "words": "They pay it back."}).status_code == FOUND
    discrepancy.refresh_from_db()
    assert (discrepancy.holder, discrepancy.closed_at is None) == (agent, False)
    assert history() == ["opened", "taken", "noted", "closed"]


def test_a_colleague_takes_it_over_knowingly_or_not_at_all(desk: Client, discrepancy: Discrepancy) -> None:
    first = make_desk_agent()
    discrepancies.take(discrepancy.pk, agent=first, now=NOON)
    refused = desk.post(page_of(discrepancy), {"take": "1"}, follow=True)
    assert "has this discrepancy" in said(refused)
    assert desk.post(page_of(discrepancy), {"close": "1", "words": "x"}).status_code == CONFLICT
    desk.post(page_of(discrepancy), {"take": "1", "over_from": str(first.pk)})
    assert Discrepancy.objects.get().holder != first


@pytest.mark.parametrize("form", [{"note": "1"}, {"close": "1", "words": " "}, {}, {"words": "x" * 2001}])
def test_nothing_is_written_without_words(desk: Client, discrepancy: Discrepancy, form: dict[str, str]) -> None:
    assert desk.post(page_of(discrepancy), form).status_code == OK
    assert history() == ["opened"]


@pytest.mark.parametrize("from_id", ["x", "９", "-1", "9" * 40])
def test_an_odd_colleague_is_nobody(desk: Client, agent: User, discrepancy: Discrepancy, from_id: str) -> None:
    desk.post(page_of(discrepancy), {"take": "1", "over_from": from_id})
    assert Discrepancy.objects.get().holder == agent


@pytest.mark.parametrize("who", [make_operator, make_agent, lambda: None])
def test_nobody_else_acts(discrepancy: Discrepancy, who: Callable[[], User | None]) -> None:
    user = who()
    page = desk_of(user) if user else Client()
    for form in ({"take": "1"}, {"note": "1", "words": "x"}, {"close": "1", "words": "x"}):
        assert page.post(page_of(discrepancy), form).status_code in {FOUND, FORBIDDEN}
    assert history() == ["opened"]


def test_nobody_acts_about_a_loan_of_their_own(discrepancy: Discrepancy) -> None:
    root = make_superuser()
    loan = discrepancy.difference.installment.loan
    type(loan).objects.filter(pk=loan.pk).update(borrower=root)
    assert desk_of(root).post(page_of(discrepancy), {"take": "1"}).status_code == FORBIDDEN


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", 1), ("standing=late", 1), ("standing=mine", 0), ("standing=free", 1), ("standing=closed", 0),
     ("about=platform_only", 1), ("about=schedule", 0), ("about=x", 1)],
)  # fmt: skip
def test_the_queue_is_narrowed_down(desk: Client, discrepancy: Discrepancy, query: str, expected: int) -> None:
    assert desk.get(f"{reverse(QUEUE)}?{query}").context["cl"].result_count == expected


def test_the_queue_and_the_page_cost_the_same_however_much_differs(desk: Client, discrepancy: Discrepancy) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as ran:
            assert desk.get(address).status_code == OK
        return len(ran)

    addresses = [reverse(QUEUE), page_of(discrepancy), reverse("admin:index")]
    few = [cost(address) for address in addresses]
    for _place in range(4):
        make_discrepancy()
    assert [cost(address) for address in addresses] == few


def test_the_first_page_draws_how_long_firms_take_and_says_it_in_words(desk: Client, discrepancy: Discrepancy) -> None:
    say(discrepancy.difference.installment, make_bank(), ALL, now=NOON)
    page = desk.get(reverse("admin:index")).content.decode()
    part = page[page.index("How long firms take to agree") :]
    assert 'class="half" y="2" width="200"' in part
    assert "goal missed" in part
    assert "4 days" in part


def test_a_pair_that_nothing_is_known_of_has_met_no_goal(desk: Client, discrepancy: Discrepancy) -> None:
    Partner.objects.update(consistency_goal=timedelta(days=30))
    page = desk.get(reverse("admin:index")).content.decode()
    part = page[page.index("How long firms take to agree") :]
    assert "nothing measured yet" in part
    assert "goal met" not in part


def test_each_number_leads_to_its_rows(desk: Client, discrepancy: Discrepancy) -> None:
    queue = next(one for one in desk.get(reverse("admin:index")).context["now"].queues if one.name == "discrepancies")
    assert [number.count for number in queue.numbers] == [1, 1, 0]
    for number in queue.numbers:
        assert desk.get(number.href).context["cl"].result_count == number.count


def test_operators_say_what_a_partner_sends_and_agents_do_not() -> None:
    form = {"partner": make_bank().pk, "kind": "statement", "every_hours": "24"}
    add = reverse("admin:loans_feed_add")
    assert desk_of(make_desk_agent()).post(add, form).status_code == FORBIDDEN
    operator = desk_of(make_operator())
    assert operator.post(add, form).status_code == FOUND
    assert Feed.objects.get().every_hours == 24
    never = operator.post(add, {**form, "partner": make_bank().pk, "kind": "events", "every_hours": "0"})
    assert (never.status_code, Feed.objects.count()) == (200, 1)
    assert "greater than or equal to 1" in never.content.decode()
    assert "feed_comes" not in never.content.decode()
    page = operator.get(reverse("admin:loans_feed_changelist")).content.decode()
    assert "never" in page
    assert "in 24 h" in page or "in 23 h" in page


def test_a_difference_that_ended_long_ago_is_not_drawn(desk: Client, discrepancy: Discrepancy) -> None:
    Difference.objects.update(ended_at=NOON - 40 * DAY, since=NOON - 41 * DAY)
    assert "How long firms take to agree" not in desk.get(reverse("admin:index")).content.decode()
