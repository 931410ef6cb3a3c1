"""Who has to send prompts, as operators say it, and how well firms keep to it, as the desk shows it."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from loans.models import Partner, Report
from loans.tests.factories import make_bank, make_loan, make_platform
from notifications.evidence.pack import build_pack
from notifications.evidence.verify import find_problems, read_files
from notifications.firm_scores import read_scores
from notifications.models import Duty, Prompt, Responsibility
from notifications.planning import plan_upcoming
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, clock
from notifications.tests.firms import HOUR, due_in, make_rule, planned, report
from notifications.tests.packs import read
from portal.tests.desk import desk_of, make_desk_agent, make_operator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HTTP_OK, FORBIDDEN = 200, 403
ADD = "admin:notifications_responsibility_add"
DUTIES = "admin:notifications_duty_changelist"


@pytest.fixture
def operator() -> User:
    return make_operator()


@pytest.fixture
def desk(operator: User) -> Client:
    return desk_of(operator)


def asked(**fields: Any) -> dict[str, Any]:
    """What an operator fills in: the bank of the tests sends within four hours."""
    usual = {"bank": make_bank().pk, "responsible": "bank", "hours": 4, "backup": "portal", "backup_hours": 0}
    return usual | fields


def errors(desk: Client, **fields: Any) -> str:
    """What the form complains of; nothing was saved."""
    response = desk.post(reverse(ADD), asked(**fields))
    assert response.status_code == HTTP_OK
    assert not Responsibility.objects.exists()
    return str(response.context["adminform"].form.errors)


def test_an_operator_says_who_has_to_send(desk: Client, operator: User) -> None:
    desk.post(reverse(ADD), asked(kind="upcoming", product="Sofa"))
    rule = Responsibility.objects.get()
    assert (rule.bank, rule.platform, rule.loan) == (make_bank(), None, None)
    assert (rule.kind, rule.product, rule.hours, rule.made_by) == ("upcoming", "Sofa", 4, operator)
    assert NOON <= rule.valid_from < NOON + HOUR
    listed = desk.get(reverse("admin:notifications_responsibility_changelist")).content.decode()
    assert "Harbour Bank · Sofa" in listed
    assert "the bank (4 hours)" in listed


def test_a_rule_for_one_loan_is_found_by_its_number(desk: Client) -> None:
    loan = make_loan()
    desk.post(reverse(ADD), asked(bank="", loan_number=loan.external_id, responsible="portal", hours=7))
    rule = Responsibility.objects.get()
    assert (rule.loan, rule.bank, rule.responsible, rule.hours) == (loan, None, "portal", 0)


def test_a_number_that_two_banks_know_asks_for_the_bank(desk: Client) -> None:
    other = Partner.objects.create(code="pier", kind=Partner.Kind.BANK, name="Pier Bank")
    loan = make_loan(external_id="LN-1")
    make_loan(external_id="LN-1", bank=other)
    assert "name its bank" in errors(desk, bank="", loan_number="LN-1")
    assert "no such loan" in errors(desk, bank="", loan_number="LN-2")
    desk.post(reverse(ADD), asked(bank=loan.bank.pk, loan_number="LN-1"))
    assert Responsibility.objects.get().loan == loan


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"bank": ""}, "Name one loan and nothing else"),
        ({"hours": 0}, "1 to 12 hours"),
        ({"hours": 13}, "less than or equal to 12"),
        ({"backup": "bank", "backup_hours": 3}, "the firm that is not responsible"),
        ({"backup": "platform"}, "The other firm has 1 to 12 hours"),
        ({"valid_from": "2026-11-20T12:00"}, "lies in the past"),
        ({"kind": "payment_settled"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_followed_is_said_and_not_saved(desk: Client, fields: dict[str, Any], words: str) -> None:
    assert words in errors(desk, **fields)


def test_nobody_changes_or_removes_a_rule_and_agents_only_read(desk: Client) -> None:
    rule = make_rule()
    page = reverse("admin:notifications_responsibility_change", args=[rule.pk])
    assert desk.post(page, asked(hours=9)).status_code == FORBIDDEN
    assert desk.post(reverse("admin:notifications_responsibility_delete", args=[rule.pk])).status_code == FORBIDDEN
    agent = desk_of(make_desk_agent())
    assert agent.get(page).status_code == HTTP_OK
    assert agent.post(reverse(ADD), asked()).status_code == FORBIDDEN
    rule.refresh_from_db()
    assert rule.hours == 4


def a_month() -> None:
    """Five prompts of the bank's: one told in time, one by the platform, one silent, one only sent, one to come."""
    make_rule(hours=2, backup="platform", backup_hours=1)
    prompts = [planned(days) for days in (3, 3, 3, 1, 3)]
    about = [prompt.installment for prompt in prompts]
    assert all(about)
    report(about[0])  # type: ignore[arg-type]
    report(about[3], at=NOON + timedelta(minutes=5))  # type: ignore[arg-type]
    Duty.objects.filter(prompt=prompts[4]).update(due_at=NOON + 9 * HOUR)
    take_over(NOON + 2 * HOUR)
    report(about[1], at=NOON + 2 * HOUR, by=make_platform())  # type: ignore[arg-type]
    take_over(NOON + 4 * HOUR)


def test_scores_count_what_each_firm_did() -> None:
    a_month()
    (score,) = read_scores(NOON + 5 * HOUR)
    assert score.firm == make_bank()
    assert (score.all, score.in_time, score.late, score.by_the_other) == (5, 1, 0, 1)
    assert (score.silent, score.no_proof, score.not_reached) == (1, 1, 0)
    assert (score.waiting, score.share) == (1, 25)
    assert read_scores(NOON + timedelta(days=31)) == []


def test_the_list_shows_the_scores_above_the_prompts(desk: Client) -> None:
    a_month()
    shown = desk.get(reverse(DUTIES)).content.decode()
    for words in ("What firms had to send in the last 30 days", "Harbour Bank", "25 %", "taken over by the portal"):
        assert words in shown
    assert "Lantern Mall: sent, SMS" in shown


def test_the_list_costs_the_same_for_five_and_for_twenty(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    a_month()
    with django_assert_num_queries(9):
        desk.get(reverse(DUTIES))
    for _place in range(15):
        due_in(3)
    plan_upcoming(clock())
    with django_assert_num_queries(9):
        desk.get(reverse(DUTIES))


def test_prompt_loan_and_borrower_say_who_sends(desk: Client) -> None:
    make_rule(kind="upcoming")
    prompt = planned()
    pages = {
        reverse("admin:notifications_prompt_change", args=[prompt.pk]): "Harbour Bank has to report it by",
        reverse("admin:loans_loan_change", args=[prompt.loan.pk]): "Harbour Bank; of what is overdue the portal",
        reverse("admin:accounts_user_change", args=[prompt.borrower_id]): "prompts: Harbour Bank; of what is overdue",
    }
    for page, words in pages.items():
        assert words in desk.get(page).content.decode(), page
    take_over(NOON + 4 * HOUR)
    taken = "Harbour Bank had to send it; the portal took over: nothing was reported"
    for page in (*pages,)[::2]:
        assert taken in desk.get(page).content.decode(), page


def test_the_timeline_tells_a_firms_word_as_its_word(desk: Client) -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    report(prompt.installment, proof="delivered")
    shown = desk.get(reverse("admin:accounts_user_change", args=[prompt.borrower_id])).content.decode()
    assert "told by a firm, as it says" in shown
    assert "harbour: delivered" in shown
    assert "told by the firm, as it says (Harbour Bank: delivered, SMS" in shown


def test_a_chinese_desk_reads_all_of_it_in_chinese() -> None:
    a_month()
    desk = desk_of(make_operator(locale="zh-hans"))
    prompt = Prompt.objects.order_by("pk").first()
    assert prompt is not None
    for page in (reverse(DUTIES), reverse(ADD), reverse("admin:notifications_prompt_change", args=[prompt.pk])):
        shown = desk.get(page).content.decode()
        for english in ("had to send", "Taken over", "taken over", "who must send", "told by", "hours to report"):
            assert english not in shown, page


def test_a_pack_says_who_had_to_send_and_what_the_firm_said() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    report(prompt.installment)
    pack = read_files(
        BytesIO(build_pack(prompt.borrower_id, installment_id=prompt.installment_id, now=NOON + 5 * HOUR))
    )
    assert find_problems(pack) == []
    firms = read(pack, "firms.json")
    (duty,), (telling,) = firms["duties"], firms["tellings"]
    assert (duty["prompt"], duty["responsible"], duty["status"]) == (prompt.pk, "Harbour Bank", "met")
    assert (telling["firm"], telling["proof"], telling["channel"]) == ("Harbour Bank", "accepted", "sms")
    assert telling["report"]["sha256"] == Report.objects.get(pk=telling["report"]["id"]).digest
    assert "Harbour Bank has to send it" in pack["README.txt"].decode()
    assert "told by a firm, as it says · payment coming up · SMS · Harbour Bank: sent" in pack["README.txt"].decode()
