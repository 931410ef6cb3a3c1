"""What borrowers wrote, as an agent finds it: in the queue, on the page of its task and in the timeline."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from loans.tests.factories import make_loan
from notifications.channels.inbound import read_aliyun
from notifications.inbound_texts import receive
from notifications.models import AgentTask
from notifications.preferences import is_on
from notifications.tests.factories import NOON
from notifications.tests.written import say, task_about_texts
from portal.admin.task_texts import TEXTS_SHOWN
from portal.admin.timeline import read_timeline
from portal.tests.desk import desk_of, make_desk_agent, make_operator, reveal_address, said, take_address, task_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
CONFLICT, FORBIDDEN = 409, 403
TASKS = "admin:notifications_agenttask_changelist"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


def finished(task: AgentTask, outcome: str = "answered") -> dict[str, object]:
    """The form as the page shows it now."""
    task.refresh_from_db()
    return {"outcome": outcome, "note": "Called back.", "text": task.text_id}


def test_all_that_was_written_since_the_task_opened_is_read_in_order(desk: Client, borrower: User) -> None:
    earlier = task_about_texts(borrower, "An older matter")
    desk.post(task_page(earlier), finished(earlier))
    task = task_about_texts(borrower, "I paid yesterday", now=NOON + 60 * MINUTE)
    say(borrower, "请查一下", now=NOON + 61 * MINUTE)
    page = desk.get(task_page(task)).content.decode()
    assert f"Read what {borrower} wrote" in page
    assert re.search(r"I paid yesterday.*请查一下", page, re.DOTALL)
    assert "An older matter" not in page
    assert re.findall(r'name="outcome" value="(\w+)"', page) == ["answered", "opted_out", "not_needed"]


def test_the_words_of_strangers_are_text_and_not_markup(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower, "<script>alert(1)</script>\n<b>now</b>")
    page = desk.get(task_page(task)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>&lt;b&gt;now&lt;/b&gt;" in page
    assert "<script>alert" not in page


def test_addresses_in_them_are_masked(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower, f"Write to {borrower.email} or call +8613912345678, not {borrower.phone}")
    for address in (task_page(task), reverse(TASKS), reverse("admin:index")):
        page = desk.get(address).content.decode()
        assert not [one for one in (borrower.email, "+8613912345678", borrower.phone) if str(one) in page], address


def test_nobody_elses_words_are_shown_where_several_came_together(desk: Client, borrower: User) -> None:
    shared = make_borrower(phone=False)
    point = ContactPoint.objects.create(user=shared, kind="phone", address=str(borrower.phone), source="partner")
    phone = str(borrower.phone).removeprefix("+")
    raw = (
        f'[{{"phone_number": "13912345678", "content": "Theirs."}}, {{"phone_number": "{phone}", "content": "Ours."}}]'
    )
    for words in read_aliyun(raw.encode()):
        receive([words], raw.encode(), now=NOON)
    page = desk.get(task_page(AgentTask.objects.get(borrower=shared))).content.decode()
    assert "Ours." in page
    assert "Theirs." not in page
    point.delete()
    page = desk.get(task_page(AgentTask.objects.get(borrower=shared))).content.decode()
    assert "not shown: it came together with what others wrote" in page
    assert "Theirs." not in page


def test_the_page_is_bounded_and_leads_to_the_rest(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower, "The first")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(task_page(task)).status_code == 200
        return len(queries)

    few = cost()
    for number in range(TEXTS_SHOWN):
        say(borrower, f"Message {number}", now=NOON + MINUTE)
    assert cost() == few
    page = desk.get(task_page(task)).content.decode()
    assert "The first" not in page
    assert f"Message {TEXTS_SHOWN - 1}" in page
    rest = reverse("admin:notifications_inboundtext_changelist") + f"?borrower__id__exact={borrower.pk}"
    assert rest in page
    assert "The first" in desk.get(rest).content.decode()


def test_it_stands_in_the_queue_and_on_the_first_page_and_late_ones_too(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower)
    for address in (reverse(TASKS), reverse("admin:index")):
        page = desk.get(address).content.decode()
        assert "They wrote a text message · Sun 22 November, 12:00" in page, address
        assert "for a person to read" in page, address
    AgentTask.objects.update(act_by=NOON - MINUTE)
    assert list(desk.get(reverse(TASKS), {"standing": "late"}).context["cl"].result_list) == [task]
    shown = desk.get(reverse("admin:accounts_user_change", args=[borrower.pk])).content.decode()
    assert "Read what they wrote" in shown


def test_wants_no_more_switches_sms_off(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower, "Remove me from your list")
    desk.post(task_page(task), finished(task, "opted_out"))
    assert not is_on(borrower, "sms")
    page = desk.get(task_page(task)).content.decode()
    assert "wants no more SMS and calls by machine: switched off" in page
    assert "Remove me from your list" in page


def test_what_came_while_the_agent_wrote_is_read_before_the_task_ends(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower)
    form = finished(task)
    say(borrower, "And remove me from your list")
    response = desk.post(task_page(task), form)
    assert response.status_code == CONFLICT
    assert "They wrote again meanwhile" in said(response)
    page = response.content.decode()
    assert "And remove me from your list" in page
    assert "Called back." in page
    desk.post(task_page(task), finished(task))
    assert not AgentTask.objects.open().exists()


@pytest.mark.parametrize("odd", ["", "x", "-1", "9" * 40, "٣"])
def test_a_forged_message_number_finishes_nothing(desk: Client, borrower: User, odd: str) -> None:
    task = task_about_texts(borrower)
    assert desk.post(task_page(task), finished(task) | {"text": odd}).status_code == CONFLICT
    assert AgentTask.objects.open().get() == task


def test_whoever_may_not_work_on_tasks_is_refused(borrower: User) -> None:
    task = task_about_texts(borrower)
    outside = desk_of(make_operator())
    for address in (task_page(task), take_address(task), reveal_address(task)):
        assert outside.post(address, finished(task)).status_code == FORBIDDEN, address
    assert outside.get(task_page(task)).status_code == FORBIDDEN
    assert AgentTask.objects.open().get().assignee is None


def test_a_colleagues_task_is_not_finished_under_their_hands(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower)
    AgentTask.objects.update(assignee=make_agent())
    assert desk.post(task_page(task), finished(task, "opted_out")).status_code == CONFLICT
    assert is_on(borrower, "sms")


def test_the_timeline_says_what_each_text_meant_and_what_was_done(desk: Client, borrower: User) -> None:
    task = task_about_texts(borrower, "I paid yesterday")
    say(borrower, "stop", now=NOON + MINUTE)
    desk.post(task_page(task), finished(task))
    told = [(line.what, line.proof, line.why) for line in read_timeline(borrower.pk, kind="text").lines]
    assert told == [
        ("Wrote a text message", "wants no more SMS", "switched off"),
        ("Wrote a text message", "something else", "for a person to read"),
    ]
    everything = [line.what for line in read_timeline(borrower.pk).lines]
    assert everything.count("Wrote a text message") == 2
    assert "Task done: read and answered" in everything
    assert "wrote a text message for a person to read" not in everything
    page = desk.get(reverse("admin:accounts_user_change", args=[borrower.pk]), {"kind": "text"}).content.decode()
    assert str(borrower.phone) not in page


def test_of_one_loan_the_timeline_shows_no_text_that_answers_nothing_about_it(borrower: User) -> None:
    loan = make_loan(borrower)
    task_about_texts(borrower)
    assert {line.kind for line in read_timeline(borrower.pk, loan_id=loan.pk).lines} == {"loan"}


def test_half_an_emoji_keeps_nobody_from_reading_the_rest(desk: Client, borrower: User) -> None:
    """A message that is cut in two may be cut within one, and JSON has a way to write the half."""
    phone = ContactPoint.objects.get(user=borrower, kind="phone").address
    raw = b'[{"phone_number": "%s", "content": "please remove me \\ud83d"}]' % phone.encode()
    receive(read_aliyun(raw), raw, now=NOON)
    page = desk.get(task_page(AgentTask.objects.get()))
    assert "please remove me ?" in page.content.decode()
    assert desk.get(reverse("admin:notifications_inboundtext_changelist")).status_code == 200
