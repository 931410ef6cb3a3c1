"""What partners are answered when they ask what borrowers were told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_borrower
from loans.models import Installment, Partner
from loans.tests.asking import Program, make_program
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.acknowledgement import acknowledge
from notifications.models import Prompt
from notifications.planning import plan_upcoming
from notifications.tests.bundles import deliver, make_pair, settle
from notifications.tests.cases import Told, make_case
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt
from notifications.tests.firms import make_rule, planned, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> Program:
    return make_program(make_bank())


@pytest.fixture
def case() -> Told:
    return make_case(name="Zhang Wei")


def rows(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def test_a_prompt_is_told_with_each_telling_and_what_it_proves(bank: Program, case: Told) -> None:
    (told,) = rows(bank.get("prompts", loan=case.loan.external_id))
    assert told == bank.get(f"prompts/{case.prompt.pk}").json()
    assert (told["kind"], told["stage"], told["installment"]) == ("upcoming", 3, case.installment.number)
    assert (told["loan"], told["bank"], told["level"]) == (case.loan.external_id, "harbour", "acknowledged")
    assert [(one["channel"], one["level"]) for one in told["tellings"]] == [
        ("sms", "acknowledged"),
        ("email", "not_delivered"),
    ]
    assert told["acknowledgement"] == {
        "method": "link",
        "at": "2026-11-22T04:00:09Z",
        "amount": "100.000",
        "currency": "CNY",
        "due_on": case.installment.due_on.isoformat(),
    }


def test_no_answer_holds_a_contact_a_name_or_a_wording(bank: Program, case: Told) -> None:
    said = bank.get("prompts", loan=case.loan.external_id).content.decode()
    for secret in (case.borrower.phone, case.borrower.email, case.borrower.name, case.sms.address, case.email.address):
        assert secret
        assert secret not in said
    assert case.messages["sms"].text not in said


@pytest.mark.parametrize(
    ("status", "level"),
    [("queued", "planned"), ("sent", "handed_over"), ("unconfirmed", "unconfirmed"), ("cancelled", "cancelled")],
)
def test_levels_say_what_is_proved_and_no_more(bank: Program, status: str, level: str) -> None:
    delivery = make_delivery(status=status, sent_at=NOON)
    loan = delivery.prompt.loan
    assert [one["level"] for one in rows(bank.get("prompts", loan=loan.external_id))] == [level]


def test_the_strongest_telling_is_the_level_of_the_prompt(bank: Program) -> None:
    prompt = make_prompt()
    make_delivery(prompt, "sms", status="failed")
    make_delivery(prompt, "email", status="delivered")
    make_delivery(prompt, "in_app", status="sent", sent_at=NOON)
    assert [one["level"] for one in rows(bank.get("prompts", loan=prompt.loan.external_id))] == ["delivered"]


def test_an_installment_that_was_told_together_with_another_has_that_message(bank: Program) -> None:
    borrower = make_borrower()
    for number in (1, 2):
        loan = make_loan(borrower, external_id=f"TOGETHER-{number}")
        make_installment(loan, due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    deliver("sms")
    for number in (1, 2):
        (told,) = rows(bank.get("prompts", loan=f"TOGETHER-{number}"))
        assert ("sms", "delivered") in [(one["channel"], one["level"]) for one in told["tellings"]]


@pytest.mark.parametrize("settled", [0, 1], ids=["the leading one", "its companion"])
def test_an_installment_that_the_message_did_not_name_has_none_of_its_levels(bank: Program, settled: int) -> None:
    pair = make_pair()
    plan_upcoming(clock())
    settle(pair[settled])
    assert set(map(told_of(bank), pair)) == {("cancelled", "cancelled", 0), ("active", "planned", 2)}
    deliver("sms")
    assert told_of(bank)(pair[settled]) == ("cancelled", "cancelled", 0)
    assert told_of(bank)(pair[1 - settled]) == ("active", "delivered", 2)


def told_of(bank: Program) -> Callable[[Installment], tuple[str, str, int]]:
    """The status, the level and the number of tellings of the one prompt about an installment."""

    def ask(installment: Installment) -> tuple[str, str, int]:
        (told,) = rows(bank.get("prompts", loan=installment.loan.external_id))
        return told["status"], told["level"], len(told["tellings"])

    return ask


def test_a_telling_says_which_figures_it_named_whatever_holds_now(bank: Program) -> None:
    sms = make_delivery(status="delivered", sent_at=NOON)
    make_delivery(sms.prompt, "email", facts=None)
    Installment.objects.update(version=2, total=900, outstanding=900, due_on=TODAY)
    (told,) = rows(bank.get("prompts", loan=sms.prompt.loan.external_id))
    figures = [(one["channel"], one["level"], one["amount"], one["due_on"]) for one in told["tellings"]]
    assert figures == [("sms", "delivered", "100.000", "2026-11-25"), ("email", "planned", None, None)]
    assert told["due_on"] == TODAY.isoformat()


def test_what_was_kept_without_its_words_proves_nothing(bank: Program) -> None:
    sms = make_delivery(status="delivered", sent_at=NOON, facts=None)
    (told,) = rows(bank.get("prompts", loan=sms.prompt.loan.external_id))
    assert (told["level"], told["tellings"]) == ("planned", [])


def test_prompts_about_disputes_and_payments_belong_to_the_loan(bank: Program) -> None:
    loan = make_loan()
    make_dispute(loan, now=NOON)
    (told,) = rows(bank.get("prompts", loan=loan.external_id))
    assert (told["kind"], told["installment"], told["due_on"]) == ("dispute_opened", None, None)
    assert bank.get(f"prompts/{told['id']}").status_code == 200


def test_another_partners_prompts_are_not_there(case: Told) -> None:
    other = make_program(Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other"))
    assert other.get("prompts", loan=case.loan.external_id).status_code == 404
    assert other.get(f"prompts/{case.prompt.pk}").content == other.get("prompts/987654321").content
    assert make_program(make_platform()).get(f"prompts/{case.prompt.pk}").status_code == 200


def test_prompts_are_filtered_and_need_a_loan(bank: Program, case: Told) -> None:
    number = case.loan.external_id
    assert bank.get("prompts").json()["errors"][0]["pointer"] == "/loan"
    assert rows(bank.get("prompts", loan=number, kind="overdue")) == []
    assert len(rows(bank.get("prompts", loan=number, planned_from=NOON.isoformat(), planned_to=NOON.isoformat()))) == 1
    assert rows(bank.get("prompts", loan=number, planned_from=(NOON + timedelta(seconds=1)).isoformat())) == []


def test_they_need_a_scope_of_their_own(case: Told) -> None:
    reader = make_program(make_bank(), ["loans:read"])
    for path in ("prompts", f"prompts/{case.prompt.pk}"):
        assert reader.get(path).status_code == 403


def test_a_page_of_prompts_costs_the_same_for_one_as_for_many(bank: Program) -> None:
    loan = make_loan()

    def more(count: int) -> None:
        for _ in range(count):
            installment = make_installment(loan, due_on=TODAY + timedelta(days=3))
            sms = make_delivery(make_prompt(installment), "sms", status="delivered")
            make_delivery(sms.prompt, "email", status="failed")
            acknowledge(prompt_id=sms.prompt_id, method="link", delivery_id=sms.pk, now=NOON)

    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert len(rows(bank.get("prompts", loan=loan.external_id))) == Prompt.objects.count()
        return len(statements)

    more(1)
    one = cost()
    more(9)
    assert cost() == one <= 7


def test_a_prompt_that_a_firm_has_to_send_says_so_and_until_when(bank: Program) -> None:
    make_rule(hours=2, backup="platform", backup_hours=1)
    prompt = planned()
    (told,) = rows(bank.get("prompts", loan=prompt.loan.external_id))
    assert told["duty"] == {
        "responsible": "harbour",
        "report_by": "2026-11-22T06:00:00Z",
        "backup": "lantern",
        "portal_at": "2026-11-22T07:00:00Z",
        "needs_proof": False,
        "status": "waiting",
        "word": None,
    }
    assert prompt.installment is not None
    report(prompt.installment)
    (told,) = rows(bank.get("prompts", loan=prompt.loan.external_id))
    assert (told["status"], told["duty"]["status"], told["level"]) == ("firm_told", "met", "firm_says_sent")
    assert {one["level"] for one in told["tellings"]} == {"cancelled"}
    assert told["duty"]["word"] == {
        "firm": "harbour",
        "channel": "sms",
        "proof": "accepted",
        "sent_at": "2026-11-22T05:00:00Z",
    }


@pytest.mark.parametrize("proof", ["delivered", "seen", "acknowledged"])
def test_that_it_arrived_by_a_firms_word_is_no_level_of_ours(bank: Program, proof: str) -> None:
    make_rule(hours=2)
    prompt = planned()
    assert prompt.installment is not None
    report(prompt.installment, proof=proof)
    (told,) = rows(bank.get("prompts", loan=prompt.loan.external_id))
    assert (told["level"], told["duty"]["word"]["proof"]) == ("firm_says_arrived", proof)


def test_a_word_that_is_not_enough_is_shown_and_makes_no_level(bank: Program) -> None:
    make_rule(hours=2)
    prompt = planned(days=0)
    assert prompt.installment is not None
    report(prompt.installment, at=NOON + timedelta(minutes=30))
    (told,) = rows(bank.get("prompts", loan=prompt.loan.external_id))
    assert (told["level"], told["duty"]["status"], told["duty"]["word"]["proof"]) == ("planned", "waiting", "accepted")


def test_what_the_portal_sends_is_no_firms_duty(bank: Program, case: Told) -> None:
    assert bank.get(f"prompts/{case.prompt.pk}").json()["duty"] is None
