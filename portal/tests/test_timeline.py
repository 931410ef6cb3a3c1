"""One timeline of a borrower: everything, newest first, in their own zone, at a price that does not grow."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.disputes import answer, decide
from loans.models import Payment
from loans.tests.factories import make_installment, make_loan
from notifications import ladder
from notifications.agent_tasks import finish
from notifications.events import record
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.states import Status
from notifications.tests.bundles import deliver, make_pair, settle
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt, make_receipt
from notifications.tests.written import say
from portal.admin.line import Line
from portal.admin.reasons import KNOWN
from portal.admin.timeline import LINES_A_PAGE, read_timeline
from portal.admin.timeline_rows import KINDS, TOLD_BY_OTHER_LINES
from portal.tests.desk import World, desk_of, make_desk_agent, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
Kind = NoticeEvent.Kind


@pytest.fixture
def world() -> World:
    """With a text message beside one of everything."""
    made = make_world()
    say(made.borrower, "stop it, please, all of you")
    return made


@pytest.fixture
def desk() -> Client:
    return desk_of(make_desk_agent())


def lines(borrower: User, **asked: Any) -> list[Line]:
    return read_timeline(borrower.pk, **asked).lines


def only(borrower: User, kind: str, **asked: Any) -> list[Line]:
    found = lines(borrower, kind=kind, **asked)
    assert {line.kind for line in found} <= {kind}
    return found


def test_it_holds_every_kind_newest_first(world: World) -> None:
    found = lines(world.borrower)
    assert {line.kind for line in found} == set(KINDS)
    assert [line.at for line in found] == sorted((line.at for line in found), reverse=True)
    assert not [line for line in found if not (line.what and line.by and line.href)]


def test_it_is_of_one_borrower(world: World) -> None:
    other = make_world()
    assert not {line.href for line in lines(world.borrower)} & {line.href for line in lines(other.borrower)}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_looked_at_alone(world: World, kind: str) -> None:
    alone = only(world.borrower, kind)
    assert alone
    if kind != "event":
        assert alone == [line for line in lines(world.borrower) if line.kind == kind]


def test_an_unknown_kind_narrows_nothing_down(world: World) -> None:
    assert lines(world.borrower, kind="nonsense") == lines(world.borrower)


def test_one_loan_can_be_looked_at_alone(world: World) -> None:
    second = make_installment(make_loan(world.borrower, external_id="LN-SECOND"), due_on=TODAY)
    make_delivery(make_prompt(second))
    both = lines(world.borrower)
    alone = lines(world.borrower, loan_id=second.loan_id)
    assert {line.kind for line in alone} == {"loan", "prompt", "delivery"}
    assert all("LN-SECOND" in line.about for line in alone)
    rest = lines(world.borrower, loan_id=world.loan.pk)
    of_none = [line for line in both if line not in alone and line not in rest]
    assert {line.kind for line in of_none} <= {"event", "text", "task"}
    assert [line.link for line in of_none if line.kind == "task"] != [f"task #{world.task.pk}"]


def test_the_loan_of_somebody_else_shows_nothing(world: World) -> None:
    assert lines(make_borrower(), loan_id=world.loan.pk) == []


def test_a_prompt_says_its_rule_and_how_well_it_is_proved(world: World) -> None:
    line = next(line for line in only(world.borrower, "prompt") if line.prompt_id == world.prompt.pk)
    assert line.what == "payment coming up"
    assert line.why == "3 days before the due date"
    assert (line.proof, line.tone) == ("acknowledged (strong)", "warn")
    assert line.about.startswith(f"{world.loan.external_id} no. 1, ¥100.00 due")


@pytest.mark.parametrize(
    ("fields", "proof"),
    [
        ({"status": Status.QUEUED}, "planned"),
        ({"status": Status.SENDING}, "being handed over"),
        ({"status": Status.SENT, "sent_at": NOON}, "handed over"),
        ({"status": Status.DELIVERED}, "delivered"),
        ({"status": Status.DELIVERED, "seen_at": NOON}, "delivered, seen (weak)"),
        ({"status": Status.SENT, "sent_at": NOON, "seen_at": NOON}, "handed over, seen (weak)"),
        ({"status": Status.UNCONFIRMED}, "unconfirmed"),
        ({"status": Status.FAILED}, "not delivered"),
        ({"status": Status.CANCELLED}, "not sent"),
    ],
)
def test_each_level_of_proof_has_its_word(fields: dict[str, Any], proof: str) -> None:
    delivery = make_delivery(**fields)
    borrower = delivery.prompt.borrower
    assert [line.proof for line in only(borrower, "delivery")] == [proof]
    assert [line.proof for line in only(borrower, "prompt")] == [f"being told · {proof}"]


def test_a_further_system_that_took_it_makes_it_accepted(world: World) -> None:
    delivery = make_delivery(make_prompt(world.installment, stage=1), status=Status.SENT, sent_at=NOON)
    make_receipt(delivery, "accepted", b"8")
    href = reverse("admin:notifications_delivery_change", args=[delivery.pk])
    assert next(line for line in lines(world.borrower) if line.href == href).proof == "accepted"


def test_a_delivery_says_where_it_went_on_which_step_and_why_not(world: World) -> None:
    by_channel = {
        line.channel.split()[0]: line for line in only(world.borrower, "delivery") if "on the ladder" in line.why
    }
    assert by_channel["SMS"].proof == "acknowledged (strong)"
    assert by_channel["email"].why == "on the ladder · 550 5.1.1 <b•••@example.test>: user unknown"
    assert "@" not in by_channel["SMS"].channel


def test_a_receipt_leads_to_its_raw_bytes(world: World, desk: Client) -> None:
    receipt = next(line for line in only(world.borrower, "receipt") if line.proof == "delivered")
    assert (receipt.link, receipt.by) == ("raw receipt", "the provider")
    assert "stat:DELIVRD" in desk.get(receipt.href).content.decode()


def test_who_acted_is_named(world: World) -> None:
    now, agent = NOON + timedelta(hours=5), make_desk_agent()
    User.objects.filter(pk=agent.pk).update(name="Chen")
    finish(task_id=world.task.pk, agent=agent, outcome="told", note="Called.", now=now)
    answer(dispute=world.dispute, agent=agent, words="We look.", now=now)
    decide(dispute=world.dispute, agent=agent, decision="upheld", words="Yes.", now=now)
    by = {line.what: line.by for line in lines(world.borrower)}
    assert by["Task done: told in person"] == by["Answer to the dispute"] == by["Dispute decided"] == "Chen"
    assert by["Words of the borrower"] == world.borrower.name
    assert by["sent again by an agent"] == "Agent"
    assert by["Loan taken in"] == "Harbour Bank"
    assert by["Payment seen"] == "Lantern Mall"


def test_a_booked_payment_stands_twice_when_it_was_seen_and_when_it_was_booked(world: World) -> None:
    Payment.objects.filter(pk=world.payment.pk).update(status="settled", settled_at=NOON + timedelta(hours=2))
    assert [line.what for line in only(world.borrower, "payment")] == ["Payment booked", "Payment seen"]


def test_events_that_other_lines_tell_appear_only_on_request(world: World) -> None:
    for kind in (Kind.SENT, Kind.MOVED):
        record(
            kind,
            borrower_id=world.borrower.pk,
            at=NOON,
            prompt_id=world.prompt.pk,
            channel="email",
            why="not delivered",
        )
    told = [line.what for line in lines(world.borrower) if line.kind == "event"]
    asked = [line.what for line in only(world.borrower, "event")]
    assert "moved to another channel" in told
    assert not {str(kind.label) for kind in TOLD_BY_OTHER_LINES} & set(told)
    assert {"handed over", "moved to another channel"} <= set(asked)


def test_what_was_taken_back_before_it_was_sent_does_not_stand_in_the_future() -> None:
    delivery = make_delivery(status=Status.CANCELLED, next_attempt_at=NOON + timedelta(days=3))
    assert only(delivery.prompt.borrower, "delivery")[0].at == delivery.prompt.planned_at


def test_the_proof_of_a_prompt_is_that_of_the_message_that_named_it() -> None:
    paid, asked = make_pair()
    plan_upcoming(clock())
    assert {line.proof for line in only(paid.loan.borrower, "prompt")} == {"being told · planned"}
    settle(paid)
    deliver("sms")
    proof = {line.about.partition(" ")[0]: line.proof for line in only(paid.loan.borrower, "prompt")}
    assert proof[paid.loan.external_id] == "not needed any more"
    assert proof[asked.loan.external_id] == "being told · delivered"
    [sms] = [line for line in only(paid.loan.borrower, "delivery") if line.proof == "delivered"]
    assert sms.about.endswith(f"··{asked.loan.external_id[-4:]}")


def test_what_is_planned_stands_where_it_will_happen() -> None:
    delivery = make_delivery(next_attempt_at=NOON + timedelta(hours=9))
    assert only(delivery.prompt.borrower, "delivery")[0].at == NOON + timedelta(hours=9)


def test_pages_follow_each_other_without_a_gap_or_a_repetition() -> None:
    installment = make_installment(due_on=TODAY)
    for stage in range(LINES_A_PAGE + 5):
        make_prompt(installment, stage=stage)
    borrower = installment.loan.borrower
    first, second = read_timeline(borrower.pk), read_timeline(borrower.pk, page=2)
    assert (len(first.lines), first.has_older, second.has_older) == (LINES_A_PAGE, True, False)
    hrefs = [line.href for line in first.lines + second.lines]
    assert len(set(hrefs)) == len(hrefs) == LINES_A_PAGE + 6
    assert read_timeline(borrower.pk, page=9).lines == []


def test_it_costs_the_same_however_much_has_happened(world: World) -> None:
    def cost(borrower: User) -> int:
        with CaptureQueriesContext(connection) as queries:
            read_timeline(borrower.pk)
        return len(queries)

    few = cost(world.borrower)
    for stage in range(10, 25):
        delivery = make_delivery(make_prompt(world.installment, stage=stage), status=Status.SENT, sent_at=NOON)
        make_receipt(delivery, "accepted", b"8")
        record(Kind.MOVED, borrower_id=world.borrower.pk, at=NOON, prompt_id=delivery.prompt_id)
        say(world.borrower, "Hello?")
    assert cost(world.borrower) <= few == 15


def test_the_page_shows_the_borrowers_clock_and_names_it(desk: Client) -> None:
    borrower = make_borrower(time_zone="America/New_York")
    delivery = make_delivery(
        make_prompt(make_installment(make_loan(borrower), due_on=TODAY)), status=Status.SENT, sent_at=NOON
    )
    page = desk.get(reverse("admin:accounts_user_change", args=[borrower.pk]), {"kind": "delivery"}).content.decode()
    assert "Timeline, on the borrower's clock (America/New_York)" in page
    assert ">23:00</time>" in page
    assert "Sat 21 November" in page
    assert f"delivery #{delivery.pk}" in page


@pytest.mark.parametrize(
    "query", ["kind=x", "loan=x", "loan=-1", "page=0", "page=x", f"page={'9' * 30}", f"loan={'9' * 30}"]
)
def test_a_mistyped_address_shows_a_page_all_the_same(world: World, desk: Client, query: str) -> None:
    assert desk.get(f"{reverse('admin:accounts_user_change', args=[world.borrower.pk])}?{query}").status_code == 200


def test_an_empty_timeline_says_so(desk: Client) -> None:
    page = desk.get(reverse("admin:accounts_user_change", args=[make_borrower().pk])).content.decode()
    assert "Nothing of this kind has happened." in page
    assert "No loan is known." in page


def test_the_whole_page_costs_the_same_however_many_loans(world: World, desk: Client) -> None:
    address = reverse("admin:accounts_user_change", args=[world.borrower.pk])

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get(address)
        return len(queries)

    few = cost()
    for _place in range(30):
        make_prompt(make_installment(make_loan(world.borrower), due_on=TODAY))
    assert cost() <= few <= 28


def test_prompts_that_need_not_be_told_offer_no_sending_again(world: World) -> None:
    Prompt.objects.filter(pk=world.prompt.pk).update(status=Prompt.Status.CANCELLED)
    assert world.prompt.pk not in {line.prompt_id for line in lines(world.borrower)}
    assert Delivery.objects.filter(prompt=world.prompt).exists()


def test_reasons_of_ours_are_read_in_the_agents_language(world: World) -> None:
    page = desk_of(make_desk_agent(locale="zh-hans"))
    shown = page.get(reverse("admin:accounts_user_change", args=[world.borrower.pk]), {"kind": "task"}).content.decode()
    assert "no channel reached them" not in shown


def test_every_reason_that_a_ladder_gives_can_be_said_in_other_languages() -> None:
    given = {ladder.NOT_DELIVERED, ladder.NOT_ACKNOWLEDGED, ladder.NO_CHANNEL_LEFT, ladder.NO_TIME_LEFT}
    assert given <= KNOWN.keys()


def test_a_stage_that_was_skipped_is_named() -> None:
    """Of the prompt itself, or one that no prompt was planned for."""
    prompt = make_prompt(stage=3)
    about = {"kind": Kind.SKIPPED, "borrower": prompt.borrower, "at": NOON, "prompt_id": prompt.pk}
    for data in ({"stage": 3, "reason": "overtaken by a later stage"}, {"kind": "overdue", "stage": 1}, {}):
        NoticeEvent.objects.create(**about, data=data)
    whys = [line.why for line in only(prompt.borrower, "event")]
    assert whys == ["", "1 day after the due date", "3 days before the due date · overtaken by a later stage"]
