"""A task names all that is owed and nothing that is not: the agent says what it says."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import make_borrower
from loans.models import Installment, Payment, PaymentPart
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.models import AgentTask, Prompt
from notifications.tests.bundles import hold_by_outage, make_pair_with_a_person, settle
from notifications.tests.factories import NOON, TODAY, make_prompt
from notifications.tests.test_left_to_pay import see
from notifications.tests.test_tellings import make_payment
from portal.tests.desk import desk_of, make_desk_agent, reveal_address, said, take_address, task_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
TASKS = "admin:notifications_agenttask_changelist"


@pytest.fixture
def desk() -> Client:
    return desk_of(make_desk_agent())


@pytest.fixture
def pair() -> list[Installment]:
    """100 and 250, told together, and with a person."""
    return make_pair_with_a_person()


@pytest.fixture
def overdue(pair: list[Installment]) -> list[Installment]:
    """The same, as of the day after they were due."""
    Installment.objects.update(due_on=TODAY - timedelta(days=1))
    Prompt.objects.update(kind=Prompt.Kind.OVERDUE, stage=1)
    return pair


def shown(desk: Client) -> str:
    return desk.get(task_page(AgentTask.objects.get())).content.decode()


def make_task(prompt: Prompt) -> AgentTask:
    return AgentTask.objects.create(
        borrower=prompt.borrower, prompt=prompt, kind="unreachable", reason="no channel reached them", act_by=NOON,
        created_at=NOON,
    )  # fmt: skip


def test_a_task_names_all_that_is_owed_and_nothing_that_is_not(desk: Client, pair: list[Installment]) -> None:
    pages = [reverse(TASKS), reverse("admin:index"), task_page(AgentTask.objects.get())]
    for page in pages:
        words = desk.get(page).content.decode()
        assert ("¥100.00" in words, "¥250.00" in words) == (True, True), page
    settle(pair[0])
    for page in pages:
        words = desk.get(page).content.decode()
        assert ("¥100.00" in words, "¥250.00" in words) == (False, True), page


def test_what_is_disputed_is_not_asked_for(desk: Client, overdue: list[Installment]) -> None:
    make_dispute(overdue[0].loan, now=NOON)
    page = shown(desk)
    assert "¥250.00" in page
    assert "¥100.00" not in page.replace("Not to be told now", "")


@pytest.mark.parametrize("which", [0, 1])
def test_what_an_outage_touches_stands_apart_and_does_not_end_as_told(
    desk: Client, overdue: list[Installment], which: int
) -> None:
    """Nothing takes the task back that was opened before the hold was known."""
    hold_by_outage(overdue[which])
    page = shown(desk)
    apart = page.index("Not to be told now")
    held, free = ("¥100.00", "¥250.00") if which == 0 else ("¥250.00", "¥100.00")
    assert page.index(free) < apart < page.index(f"{held} due")
    assert "an outage of a firm" in page
    form = {"outcome": "told", "note": "Called.", "told": prompts_of(page)}
    desk.post(task_page(AgentTask.objects.get()), form)
    left = Prompt.objects.exclude(status=Prompt.Status.TOLD).get()
    assert left.installment == overdue[which]


def prompts_of(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('name="told" value="')[1:]]


def test_where_nothing_may_be_told_it_says_so_and_shows_no_number(desk: Client, overdue: list[Installment]) -> None:
    for row in overdue:
        hold_by_outage(row)
    task = AgentTask.objects.get()
    desk.post(take_address(task))
    page = shown(desk)
    assert "nothing to tell now" in page
    assert reveal_address(task) not in page
    refused = desk.post(reveal_address(task), follow=True)
    assert "may be told just now" in said(refused)
    assert str(task.borrower.phone) not in refused.content.decode()


def test_who_hears_that_a_payment_came_back_hears_what_is_owed_by_when(desk: Client) -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=1))
    payment = make_payment(row, status="returned", returned_at=NOON)
    make_task(make_prompt(row, kind="payment_returned", payment=payment, status=Prompt.Status.ESCALATED))
    page = shown(desk)
    assert "¥100.00 due 23 Nov" in page
    Payment.objects.filter(pk=payment.pk).update(status="settled")
    assert "nothing to tell now" in shown(desk)


def test_a_task_that_is_done_names_what_was_told(desk: Client, pair: list[Installment]) -> None:
    settle(pair[0])
    desk.post(task_page(AgentTask.objects.get()), {"outcome": "told", "note": "x", "told": prompts_of(shown(desk))})
    page = shown(desk)
    assert ("¥250.00" in page, "¥100.00" in page) == (True, False)


def escalated_news(row: Installment, stage: int, **figures: object) -> AgentTask:
    """Of changed figures; no channel reached them."""
    Installment.objects.filter(pk=row.pk).update(version=2, **figures)
    news = make_prompt(row, kind="schedule_changed", stage=stage, version=2, status=Prompt.Status.ESCALATED)
    return make_task(news)


@pytest.mark.parametrize(
    "figures", [{"state": "withdrawn"}, {"state": "settled", "paid": 0, "waived": 100, "outstanding": 0}]
)
def test_what_is_no_longer_to_be_paid_is_not_asked_for(desk: Client, figures: dict[str, object]) -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    task = escalated_news(row, Prompt.WITHDRAWN, **figures)
    words = f"no longer to be paid: {row.loan.external_id} no. {row.number}, ¥100.00 due 25 Nov"
    for page in (task_page(task), reverse(TASKS), reverse("admin:index")):
        assert words in desk.get(page).content.decode(), page
    desk.post(task_page(task), {"outcome": "told", "note": "Called.", "told": prompts_of(shown(desk))})
    assert AgentTask.objects.get().outcome == "told"
    assert words in shown(desk)


def test_what_waits_for_its_bank_is_not_told(desk: Client) -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    task = escalated_news(row, 0)
    assert "nothing to tell now" not in shown(desk)
    Installment.objects.update(state="awaiting_bank")
    desk.post(take_address(task))
    page = shown(desk)
    assert "nothing to tell now" in page
    assert "¥100.00 due 25 Nov: paid at the platform, awaiting the bank" in page
    assert reveal_address(task) not in page
    refused = desk.post(task_page(task), {"outcome": "told", "note": "Called.", "told": prompts_of(page)})
    assert "may be told just now" in refused.content.decode()


def test_how_much_is_on_its_way_is_said_beside_the_amount_that_it_is_a_part_of(
    desk: Client, pair: list[Installment]
) -> None:
    see(pair[1], 150)
    words = "¥250.00 due 25 Nov · of this ¥150.00 is on its way to the bank: ¥100.00 is left to pay"
    for page in (task_page(AgentTask.objects.get()), reverse(TASKS), reverse("admin:index")):
        shown_words = desk.get(page).content.decode()
        assert words in shown_words, page
        assert shown_words.count("is on its way to the bank") == shown_words.count(words), page
    PaymentPart.objects.update(since=Decimal(10))
    assert "is on its way to the bank" not in shown(desk)


def test_so_it_is_where_an_alarm_is_about_it_and_in_changed_figures(desk: Client) -> None:
    words = "¥100.00 due 25 Nov · of this ¥40.00 is on its way to the bank: ¥60.00 is left to pay"
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    see(row, 40)
    task = escalated_news(row, 0)
    assert words in desk.get(task_page(task)).content.decode()
    other = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    see(other, 40)
    alarm = AgentTask.objects.create(
        borrower=other.loan.borrower, installment=other, kind="untold", reason="x", act_by=NOON, created_at=NOON
    )
    assert words in desk.get(task_page(alarm)).content.decode()


def test_of_what_is_no_longer_to_be_paid_nothing_is_on_its_way(desk: Client) -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    see(row, 40)
    task = escalated_news(row, Prompt.WITHDRAWN, state="withdrawn")
    page = desk.get(task_page(task)).content.decode()
    assert "no longer to be paid" in page
    assert "is on its way to the bank" not in page
