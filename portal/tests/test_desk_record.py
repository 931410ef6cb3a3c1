"""The record of what happened: read by those who may, edited by nobody, and no address whole on any page."""

import html
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.models import Loan, Payment, Position, Report, StatementLine
from notifications.models import (
    Acknowledgement,
    AgentTask,
    Alarm,
    Callback,
    Delivery,
    InboundText,
    NoticeEvent,
    Preference,
    Prompt,
    Receipt,
    Supplier,
)
from notifications.policy import Purpose
from notifications.policy_files import policy_for
from notifications.policy_words import describe
from notifications.tests.factories import NOON, make_delivery, make_prompt, make_receipt
from portal.admin.raw import MOST_SHOWN
from portal.tests.desk import World, desk_of, make_desk_agent, make_operator, make_superuser, make_world
from portal.tests.levers import make_levers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HTTP_OK, FORBIDDEN = 200, 403
OLD = "cn/service/hours/1999-01-01"
RECORD: tuple[type[Model], ...] = (
    Prompt, Delivery, Receipt, Acknowledgement, NoticeEvent, Preference, Report, Position, Payment, Loan, ContactPoint,
    User, StatementLine, AgentTask, Alarm, Callback, InboundText, Supplier,
)  # fmt: skip


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture(params=["agent", "superuser"])
def reader(request: pytest.FixtureRequest) -> Client:
    return desk_of(make_desk_agent() if request.param == "agent" else make_superuser())


def place(model: type[Model], view: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def pages(user: User) -> Iterator[str]:
    """Every list of the desk that `user` may see, and the page of every row in it."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        if not user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
            continue
        yield place(model, "changelist")
        rows = model._default_manager.order_by("pk")
        if model is User:
            rows = rows.filter(is_staff=False)
        for pk in rows.values_list("pk", flat=True):
            yield place(model, "change", pk)


def test_no_page_shows_an_address_whole(world: World) -> None:
    make_levers(world)
    for user in (make_desk_agent(), make_operator(), make_superuser()):
        page = desk_of(user)
        for address in pages(user):
            response = page.get(address)
            assert response.status_code == HTTP_OK, address
            shown = response.content.decode()
            assert not [secret for secret in world.secrets if secret in shown], address


def test_a_page_of_the_timeline_and_each_filter_shows_no_address_whole(world: World) -> None:
    page = desk_of(make_desk_agent())
    for kind in ("", "delivery", "receipt", "event", "task"):
        shown = page.get(place(User, "change", world.borrower.pk), {"kind": kind}).content.decode()
        assert not [secret for secret in world.secrets if secret in shown], kind
        assert f"•••••{str(world.borrower.phone)[-4:]}" in shown


@pytest.mark.parametrize("model", RECORD)
def test_nobody_edits_adds_or_deletes_a_row_of_the_record(reader: Client, world: World, model: type[Model]) -> None:
    make_levers(world)
    rows = model._default_manager.order_by("pk")
    row = (rows.exclude(is_staff=True) if model is User else rows).first()
    assert row is not None
    before = model._default_manager.filter(pk=row.pk).values().get()
    how_many = model._default_manager.count()
    posted = {"status": "delivered", "reason": "edited", "name": "Edited", "address": "x@y.test", "amount": "1"}
    assert reader.post(place(model, "change", row.pk), posted).status_code in {HTTP_OK, FORBIDDEN}
    assert reader.post(place(model, "delete", row.pk), {"post": "yes"}).status_code == FORBIDDEN
    actions = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    reader.post(place(model, "changelist"), actions)
    if model is not User:
        assert reader.post(place(model, "add"), posted).status_code == FORBIDDEN
    assert model._default_manager.filter(pk=row.pk).values().get() == before
    assert model._default_manager.count() == how_many


def test_a_borrower_sees_nothing_of_it(world: World) -> None:
    page = desk_of(make_borrower())
    for address in pages(make_superuser()):
        response = page.get(address, follow=True)
        assert response.status_code == FORBIDDEN, address


def test_a_raw_receipt_is_text_and_not_markup(world: World) -> None:
    raw = b"<script>alert(1)</script> \xff\x00 " + str(world.borrower.email).encode()
    receipt = make_receipt(world.email, "unknown", raw)
    shown = desk_of(make_desk_agent()).get(place(Receipt, "change", receipt.pk)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; \N{REPLACEMENT CHARACTER}" in shown
    assert "<script>alert" not in shown
    assert str(world.borrower.email) not in shown


def test_a_huge_receipt_is_cut_and_says_so(world: World) -> None:
    receipt = make_receipt(None, "unknown", b"x" * (MOST_SHOWN + 1))
    shown = desk_of(make_desk_agent()).get(place(Receipt, "change", receipt.pk)).content.decode()
    assert "x" * MOST_SHOWN in shown
    assert "x" * (MOST_SHOWN + 1) not in shown
    assert f"The first {MOST_SHOWN} are shown." in shown


def test_only_who_has_the_permission_downloads_a_report_and_it_is_logged(world: World) -> None:
    address = reverse("admin:loans_report_raw", args=[world.report.pk])
    agent, root = desk_of(make_desk_agent()), desk_of(make_superuser())
    assert agent.get(address).status_code == FORBIDDEN
    assert address not in agent.get(place(Report, "change", world.report.pk)).content.decode()
    response = root.get(address)
    assert response.getvalue() == bytes(world.report.content)
    assert response["Content-Disposition"] == f'attachment; filename="{world.report.name}"'
    assert response["Content-Type"] == "application/octet-stream"
    assert admin.models.LogEntry.objects.get().change_message == "Raw bytes downloaded."


def test_a_file_name_cannot_break_out_of_its_header(world: World) -> None:
    odd = Report.objects.create(
        partner=world.report.partner, kind="loans", name='..\\a/b"; x=\r\ny.csv', content=b"1", digest="odd",
        received_at=world.report.received_at,
    )  # fmt: skip
    response = desk_of(make_superuser()).get(reverse("admin:loans_report_raw", args=[odd.pk]))
    assert response["Content-Disposition"] == 'attachment; filename="b_xy.csv"'


def test_the_refusals_of_a_report_stand_with_place_and_reason(world: World) -> None:
    shown = desk_of(make_desk_agent()).get(place(Report, "change", world.report.pk)).content.decode()
    assert "entry 7" in shown
    assert "no amount" in shown


def test_the_history_of_a_row_names_who_acted_and_hides_their_address(world: World) -> None:
    agent = make_desk_agent()
    page = desk_of(agent)
    page.post(reverse("admin:notifications_agenttask_take", args=[world.task.pk]))
    shown = page.get(place(AgentTask, "history", world.task.pk)).content.decode()
    assert "Taken." in shown
    assert agent.name in shown
    assert str(agent.email) not in shown


def test_the_remarks_of_a_report_stand_masked(world: World) -> None:
    Report.objects.update(remarks=[f"borrower B-1: {world.borrower.email} belongs to another person here"])
    shown = desk_of(make_desk_agent()).get(place(Report, "change", world.report.pk)).content.decode()
    assert "borrower B-1: b•••@example.test belongs to another person here" in shown


def test_only_a_superuser_changes_a_partner(world: World) -> None:
    bank = world.loan.bank
    form = {
        "name": "Port Bank", "kind": "bank", "code": bank.code, "usual_lag_days": 2, "consistency_goal": "2 00:00:00",
        "awaiting_bank_days": 5, "time_zone": "Asia/Shanghai", "events_per_minute": 6000,
        "keys-TOTAL_FORMS": 0, "keys-INITIAL_FORMS": 0,
    }  # fmt: skip
    agent, root = desk_of(make_desk_agent()), desk_of(make_superuser())
    assert agent.post(place(type(bank), "change", bank.pk), form).status_code == FORBIDDEN
    root.post(place(type(bank), "change", bank.pk), form)
    bank.refresh_from_db()
    assert (bank.name, bank.usual_lag_days) == ("Port Bank", 2)
    assert root.post(place(type(bank), "delete", bank.pk)).status_code == FORBIDDEN


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_rule_that_held_a_message_is_named_with_its_source(language: str) -> None:
    """On the delivery's own page and in the timeline, also once it has gone out and its reason is another."""
    rule = policy_for("us", Purpose.COLLECTION, NOON.date()).hours
    waiting = make_delivery(status="retrying", reason=f"held by {rule.id}", held_by=rule.id)
    sent = make_delivery(make_prompt(waiting.prompt.installment, stage=1), status="sent", sent_at=NOON, held_by=rule.id)
    desk = desk_of(make_desk_agent(locale=language))
    with translation.override(language):
        words = describe(rule)
    pages = [reverse("admin:notifications_delivery_change", args=[one.pk]) for one in (waiting, sent)]
    pages.append(reverse("admin:accounts_user_change", args=[sent.prompt.borrower_id]))
    for page in pages:
        shown = html.unescape(desk.get(page).content.decode())
        assert words in shown
        assert rule.id not in shown


def test_a_rule_that_the_files_have_no_more_is_named_by_its_id() -> None:
    delivery = make_delivery(status="retrying", reason="held by " + OLD, held_by=OLD)
    page = reverse("admin:notifications_delivery_change", args=[delivery.pk])
    assert f"held: {OLD}" in desk_of(make_desk_agent()).get(page).content.decode()


def test_what_a_firm_was_to_send_first_says_so() -> None:
    delivery = make_delivery(status="queued", held_by="firm:harbour")
    page = reverse("admin:notifications_delivery_change", args=[delivery.pk])
    assert "held: it was the turn of harbour to send it" in desk_of(make_desk_agent()).get(page).content.decode()
