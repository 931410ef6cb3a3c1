"""Alarms on the desk: in words, with a way to what they are about, and of statements closed by an agent."""

import html
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from loans.models import Feed, Installment, RefusalRun, Report, Statement
from loans.tests.factories import make_platform
from notifications import coverage
from notifications.clock import Clock
from notifications.feeds import watch_feeds
from notifications.models import Alarm
from notifications.refusals import watch_refusals
from notifications.statement_watch import watch_statements
from notifications.suppliers import FAILS, SLOW, pause
from notifications.tests.factories import NOON
from notifications.unread import watch_unread
from notifications.untold import look_back
from portal.admin.alarm_words import about, wrong
from portal.admin.now_levers import open_alarms
from portal.tests.desk import World, desk_of, make_desk_agent, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
DAY = timedelta(days=1)
LANGUAGES = [code for code, _name in settings.LANGUAGES]
LIST = "admin:notifications_alarm_changelist"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


def make_feed_alarm(heard_at: str = "") -> Alarm:
    feed = Feed.objects.create(partner=make_platform(), kind=Report.Kind.EVENTS, every_hours=24)
    if heard_at:
        Report.objects.create(
            partner=feed.partner, kind=feed.kind, name="x", content=b"x", digest="0", received_at=heard_at,
            status=Report.Status.APPLIED,
        )  # fmt: skip
    watch_feeds(NOON + 9 * DAY)
    return Alarm.objects.get(kind=Alarm.Kind.FEED)


def make_statement_alarm(world: World) -> Alarm:
    watch_statements(NOON)
    return Alarm.objects.get(kind=Alarm.Kind.STATEMENT)


def make_refused_alarm(*, signed: bool = False) -> Alarm:
    last = NOON + timedelta(minutes=5)
    run = RefusalRun(
        partner=make_platform(), since=NOON, last_at=last, looked_until=NOON, messages=3,
        signed_at=last if signed else None, code="sums",
    )  # fmt: skip
    RefusalRun.objects.all().delete()
    run.save()
    watch_refusals(NOON + 9 * DAY)
    alarm = Alarm.objects.open().get(kind=Alarm.Kind.REFUSED)
    Alarm.objects.filter(pk=alarm.pk).update(closed_at=NOON + 9 * DAY)
    return alarm


def make_untold_alarm(world: World) -> Alarm:
    due = {"due_on": NOON.date() - DAY, "known_at": NOON - 9 * DAY, "version": 2}
    Installment.objects.filter(pk=world.installment.pk).update(**due)
    look_back(Clock.at(NOON))
    return Alarm.objects.get(kind=Alarm.Kind.UNTOLD)


def page_of(alarm: Alarm) -> str:
    return reverse("admin:notifications_alarm_change", args=[alarm.pk])


def test_an_alarm_of_a_feed_says_whose_what_and_since_when_and_leads_to_it() -> None:
    alarm = make_feed_alarm("2026-11-21T04:00+00:00")
    with timezone.override("Asia/Shanghai"):
        assert "“pushed events” has not come from Lantern Mall since" in wrong(alarm)
        assert "21 November" in wrong(alarm)
    feed = Feed.objects.get()
    assert about(alarm) == (
        f'<a href="{reverse("admin:loans_feed_change", args=[feed.pk])}">Lantern Mall · pushed events</a>'
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("events", "Messages of Lantern Mall have waited to be applied since"),
        ("loans", "Files of Lantern Mall have waited to be applied since"),
    ],
)
def test_an_alarm_of_what_lies_unread_says_whose_and_since_when_and_leads_to_it(
    agent: User, kind: str, words: str
) -> None:
    report = Report.objects.create(
        partner=make_platform(), kind=kind, name="not-applied", content=b"x", digest="0", received_at=NOON
    )
    watch_unread(NOON + DAY)
    alarm = Alarm.objects.get()
    with timezone.override("Asia/Shanghai"):
        assert wrong(alarm).startswith(words)
        assert "22 November" in wrong(alarm)
    href = re.search(r'href="([^"]+)"', str(about(alarm)))
    assert href
    desk = desk_of(agent)
    assert "not-applied" in desk.get(html.unescape(href[1])).text
    Report.objects.filter(pk=report.pk).update(status=Report.Status.APPLIED)
    assert "not-applied" not in desk.get(html.unescape(href[1])).text


def test_an_alarm_of_refused_messages_says_whose_since_when_and_whether_the_firm_signed_any() -> None:
    with timezone.override("Asia/Shanghai"):
        said_by_itself, by_nobody = wrong(make_refused_alarm(signed=True)), wrong(make_refused_alarm())
    assert "Nothing that Lantern Mall pushes has been taken since" in said_by_itself
    assert "22 November" in said_by_itself
    assert "nothing was signed with its key" in by_nobody
    assert by_nobody.endswith("The last refusal: sums.")


def test_who_fell_overdue_untold_is_named_with_the_due_date_and_the_loan(world: World, agent: User) -> None:
    alarm = make_untold_alarm(world)
    loan = reverse("admin:loans_loan_change", args=[world.loan.pk])
    assert about(alarm) == f'<a href="{loan}">the installment due on 21 Nov</a>'
    assert wrong(alarm).startswith("It fell overdue, and nobody had told its borrower in time: call them")
    page = desk_of(agent).get(page_of(alarm)).content.decode()
    assert world.borrower.name in page
    assert "due on 21 Nov" in page


def test_who_fell_overdue_untold_hides_nothing_that_is_wrong_now(world: World, agent: User) -> None:
    alarm = make_untold_alarm(world)
    make_feed_alarm()
    assert list(open_alarms())[-1] == alarm
    assert "fell overdue untold" in desk_of(agent).get(reverse("admin:index")).content.decode()


def test_one_that_never_came_says_so() -> None:
    assert wrong(make_feed_alarm()).startswith("“pushed events” has never come from Lantern Mall")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_alarm_is_worded_in_every_language(world: World, language: str) -> None:
    make_feed_alarm("2026-11-21T04:00+00:00")
    make_statement_alarm(world)
    pause("kannel", why=FAILS + "gateway cannot be reached", now=NOON)
    pause("twilio", why=SLOW, now=NOON)
    for seconds in (90, -90):
        Alarm.objects.create(
            kind=Alarm.Kind.CLOCK, subject=f"clock:worker{seconds}", detail="x", opened_at=NOON,
            facts={"worker": "worker@one", "seconds": seconds},
        )  # fmt: skip
    for signed in (True, False):
        make_refused_alarm(signed=signed)
    facts = {"outage": 1, "since": NOON.isoformat(), "payment": 1, "loan": "LN-1", "firm": "Harbour Bank"}
    for kind in (Alarm.Kind.OUTAGE, Alarm.Kind.DOUBTED):
        Alarm.objects.create(kind=kind, subject=f"{kind}:1", detail="x", opened_at=NOON, facts=facts)
    for report in (Report.Kind.EVENTS, Report.Kind.LOANS):
        said_of = {"partner": 1, "firm": "Harbour Bank", "kind": report.value, "since": NOON.isoformat()}
        Alarm.objects.create(
            kind=Alarm.Kind.UNREAD, subject=f"unread:harbour:{report}", detail="x", opened_at=NOON, facts=said_of
        )
    make_untold_alarm(world)
    waits = {"channel": "sms", "since": NOON.isoformat()}
    Alarm.objects.create(kind=Alarm.Kind.QUEUE, subject="queue:sms", detail="x", opened_at=NOON, facts=waits)
    Alarm.objects.create(
        kind=Alarm.Kind.COVERAGE, subject=f"installment:{world.installment.pk}", detail=coverage.DETAIL, opened_at=NOON,
        due_on=world.installment.due_on,
    )  # fmt: skip
    assert {alarm.kind for alarm in Alarm.objects.all()} == set(Alarm.Kind.values)
    for alarm in Alarm.objects.all():
        english = wrong(alarm)
        with translation.override(language):
            assert about(alarm)
            assert (wrong(alarm) == english) == (language == "en"), alarm


@pytest.mark.parametrize("address", ["admin:index", LIST])
def test_no_page_shows_the_raw_name_of_what_an_alarm_is_about(world: World, agent: User, address: str) -> None:
    alarms = [make_feed_alarm(), make_statement_alarm(world)]
    page = desk_of(agent).get(reverse(address)).content.decode()
    assert not [alarm.subject for alarm in alarms if alarm.subject in page]
    assert "Harbour Bank · camt.053" in page
    assert "The entries do not make the closing balance" in page


def test_the_page_of_an_alarm_says_it_in_the_agents_language_alone(world: World) -> None:
    alarms = [make_feed_alarm(), make_statement_alarm(world), make_refused_alarm()]
    desk = desk_of(make_desk_agent(locale="zh-hans"))
    for alarm in alarms:
        page = desk.get(page_of(alarm)).content.decode()
        assert alarm.subject not in page
        assert "Notifications" not in page


def test_an_alarm_of_a_release_that_kept_no_facts_is_still_in_words(agent: User) -> None:
    old = make_feed_alarm()
    Alarm.objects.update(facts={})
    page = desk_of(agent).get(page_of(old)).content.decode()
    assert "This firm has sent nothing for longer than it may" in page


def test_a_statement_that_does_not_open_as_the_one_before_closed_is_marked_and_found(agent: User, world: World) -> None:
    first = Statement.objects.get()
    copied = {"report": first.report, "partner": first.partner, "series": first.series, "account": first.account}
    sums = {name: Decimal(0) for name in ("booked", "difference")} | {"opening": Decimal(7), "closing": Decimal(7)}
    following = {"year": 2026, "number": (first.number or 0) + 1, "place": "statement 2", "entries": 0}
    Statement.objects.create(**copied, **sums, **following, currency="CNY")
    page = desk_of(agent).get(reverse("admin:loans_statement_changelist"), {"standing": "break"})
    assert page.context["cl"].result_count == 1
    assert "does not open as the one before closed" in page.content.decode()


def test_the_list_costs_as_many_statements_for_many_as_for_one(agent: User, world: World) -> None:
    alarm, desk = make_statement_alarm(world), desk_of(agent)
    desk.get(reverse(LIST))
    with CaptureQueriesContext(connection) as few:
        desk.get(reverse(LIST))
    for number in range(20):
        Alarm.objects.create(
            kind=alarm.kind, subject=f"statement:{number}:gap", detail="x", facts=alarm.facts, opened_at=NOON
        )
    with CaptureQueriesContext(connection) as many:
        desk.get(reverse(LIST))
    assert len(many) == len(few)
