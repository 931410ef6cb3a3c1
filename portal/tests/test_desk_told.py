"""Beside a dispute: what was told, how well it is proved, and what that says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Dispute, Installment, Loan
from loans.tests.disputes import FILE, make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.acknowledgement import acknowledge
from notifications.models import Acknowledgement, Delivery, DisputedPrompt, Prompt, Receipt
from notifications.named import Named
from notifications.planning import plan_upcoming
from notifications.tests.bundles import deliver, make_pair, settle
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt
from portal.admin.told import Told, read_record
from portal.tests.dispute_desk import address, dispute_about, receive, shown, sign_in

pytestmark = pytest.mark.django_db
DUE = date(2026, 11, 25)
Kind = Prompt.Kind


@pytest.fixture
def agent() -> User:
    return make_agent(locale="en")


@pytest.fixture
def desk(agent: User) -> Client:
    """The browser of an agent who may decide disputes."""
    return sign_in("view_dispute", "change_dispute", agent=agent)


@pytest.fixture
def installment() -> Installment:
    return make_installment(make_loan(), due_on=DUE)


def test_every_prompt_stands_beside_the_dispute_in_time_order(desk: Client, installment: Installment) -> None:
    late = make_prompt(installment, stage=0, planned_at=NOON + timedelta(days=3))
    early = make_prompt(installment, stage=7)
    sms = make_delivery(early, status=Delivery.Status.DELIVERED, sent_at=NOON)
    receive(sms, Receipt.Kind.ACCEPTED, minutes=1)
    receive(sms, Receipt.Kind.DELIVERED, minutes=2, provider_word="DELIVRD", reason=f"to {sms.address}")
    dispute = dispute_about(installment)
    DisputedPrompt.objects.create(dispute=dispute, prompt=early)
    told = upcoming(dispute)
    assert [entry.prompt for entry in told] == [early, late]
    assert [entry.led_here for entry in told] == [True, False]
    assert [line.words for line in told[0].lines] == ["planned", "handed over", "accepted", "delivered"]
    page = shown(desk, dispute)
    for words in ("7 days before the due date", "DELIVRD", "the dispute was opened from this message"):
        assert words in page
    assert sms.address not in page


def upcoming(dispute: Dispute) -> list[Told]:
    return [entry for entry in read_record(dispute).told if entry.prompt.kind == Kind.UPCOMING]


def test_a_strangers_prompts_are_not_beside_it(installment: Installment) -> None:
    make_prompt()
    make_prompt(make_installment(installment.loan, due_on=DUE + timedelta(days=30)))
    mine = make_prompt(installment)
    dispute = dispute_about(installment)
    assert {entry.prompt.kind for entry in read_record(dispute).told} == {Kind.UPCOMING, Kind.DISPUTE_OPENED}
    assert [entry.prompt for entry in upcoming(dispute)] == [mine]


def test_for_a_whole_loan_every_prompt_of_it_is_shown(installment: Installment) -> None:
    other = make_installment(installment.loan, due_on=DUE + timedelta(days=30))
    prompts = [make_prompt(installment), make_prompt(other)]
    dispute = make_dispute(installment.loan)
    assert [entry.prompt for entry in upcoming(dispute)] == prompts
    record = read_record(dispute)
    assert [entry.prompt.kind for entry in record.told].count(Kind.DISPUTE_OPENED) == 1
    assert not record.judged


def test_what_arrived_before_the_due_date_proves_that_they_were_told(desk: Client, installment: Installment) -> None:
    make_delivery(make_prompt(installment), status=Delivery.Status.DELIVERED, sent_at=NOON)
    dispute = dispute_about(installment)
    record = read_record(dispute)
    assert record.proof
    assert (record.proof.at, record.proof.how) == (NOON, "SMS")
    assert "Provably told before it fell overdue." in shown(desk, dispute)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": Delivery.Status.SENT, "sent_at": NOON}, "Tried, but nothing proves"),
        ({"status": Delivery.Status.UNCONFIRMED, "sent_at": NOON}, "Tried, but nothing proves"),
        (
            {"status": Delivery.Status.DELIVERED, "sent_at": NOON, "delivered_at": NOON + timedelta(days=4)},
            "Tried, but nothing proves",
        ),
        ({"status": Delivery.Status.QUEUED}, "they were not told"),
        (
            {"channel": Delivery.Channel.IN_APP, "status": Delivery.Status.DELIVERED, "sent_at": NOON},
            "they were not told",
        ),
    ],
    ids=["sent", "unconfirmed", "too late", "queued", "only in the portal"],
)
def test_what_does_not_prove_it_is_called_what_it_is(
    fields: dict[str, Any], words: str, desk: Client, installment: Installment
) -> None:
    make_delivery(make_prompt(installment), **fields)
    dispute = dispute_about(installment)
    assert read_record(dispute).proof is None
    assert words in shown(desk, dispute)


def test_a_message_about_the_dispute_itself_does_not_prove_it(installment: Installment) -> None:
    dispute = dispute_about(installment)
    Delivery.objects.filter(prompt__dispute=dispute).update(status=Delivery.Status.DELIVERED, delivered_at=NOON)
    assert read_record(dispute).proof is None


def test_an_acknowledgement_proves_it_even_without_a_receipt(installment: Installment) -> None:
    prompt = make_prompt(installment, status=Prompt.Status.ACKNOWLEDGED)
    Acknowledgement.objects.create(
        prompt=prompt,
        borrower=prompt.borrower,
        method=Acknowledgement.Method.LINK,
        amount=installment.total,
        currency="CNY",
        due_on=DUE,
        wording="upcoming/en/1",
        acknowledged_at=NOON,
    )
    record = read_record(dispute_about(installment))
    assert record.proof
    assert record.proof.how == "acknowledged (strong)"
    assert record.told[0].lines[-1].words == "acknowledged (strong)"


def test_an_answer_proves_what_its_message_named_and_nothing_told_beside_it() -> None:
    paid, asked = make_pair(make_borrower(), due_on=DUE)
    plan_upcoming(clock())
    settle(paid)
    delivery = deliver("in_app")
    acknowledge(prompt_id=delivery.prompt_id, method="in_app", delivery_id=delivery.pk, now=NOON)
    proof = read_record(dispute_about(asked)).proof
    assert proof
    assert proof.how == "acknowledged (strong)"
    assert read_record(dispute_about(paid)).proof is None


def test_a_message_proves_nothing_of_what_it_did_not_name(desk: Client) -> None:
    paid, asked = make_pair(make_borrower(), due_on=DUE)
    plan_upcoming(clock())
    settle(paid)
    deliver("sms")
    record = read_record(dispute_about(paid))
    assert (record.proof, record.outdated, record.tried) == (None, None, False)
    [told] = [entry for entry in record.told if entry.prompt.kind == Kind.UPCOMING]
    assert ("went out without naming it", "") in [(line.words, line.tone) for line in told.lines]
    assert "delivered" not in [line.words for line in told.lines]
    page = shown(desk, Dispute.objects.get())
    assert "they were not told" in page
    assert read_record(dispute_about(asked)).proof


def test_beside_a_dispute_about_a_loan_a_message_counts_for_what_it_named_of_it() -> None:
    paid, asked = make_pair(make_borrower(), due_on=DUE)
    plan_upcoming(clock())
    settle(paid)
    deliver("sms")

    def said(loan: Loan) -> set[str]:
        [told] = [one for one in read_record(make_dispute(loan)).told if one.prompt.kind == Kind.UPCOMING]
        return {line.words for line in told.lines if line.channel == "SMS"}

    assert said(paid.loan) == {"went out without naming it"}
    assert said(asked.loan) == {"handed over", "delivered"}


def test_what_was_told_before_the_bank_changed_it_proves_nothing_of_what_holds_now(
    desk: Client, installment: Installment
) -> None:
    make_delivery(make_prompt(installment), status=Delivery.Status.DELIVERED, sent_at=NOON)
    Installment.objects.filter(pk=installment.pk).update(version=2, total=900, outstanding=900)
    dispute = dispute_about(installment)
    record = read_record(dispute)
    assert record.proof is None
    assert record.outdated
    assert record.outdated.figures == Named(Decimal(100), DUE)
    page = shown(desk, dispute)
    assert "Told before it fell overdue, but of other figures: ¥100.00 due Wed 25 November." in page
    assert "Provably" not in page


def test_an_answer_about_other_figures_proves_nothing_of_these(installment: Installment) -> None:
    sms = make_delivery(make_prompt(installment), status=Delivery.Status.SENT, sent_at=NOON)
    acknowledge(prompt_id=sms.prompt_id, method="link", delivery_id=sms.pk, now=NOON)
    assert read_record(dispute_about(installment)).proof
    Installment.objects.filter(pk=installment.pk).update(version=2, total=900, outstanding=900)
    record = read_record(dispute_about(installment))
    assert record.proof is None
    assert record.outdated
    assert record.outdated.how == "acknowledged (strong)"


@pytest.mark.parametrize(("hour", "proved"), [(15, True), (16, False)])
def test_the_due_date_ends_at_the_borrowers_midnight(hour: int, proved: bool, installment: Installment) -> None:
    arrived = datetime(2026, 11, 25, hour, 59, tzinfo=UTC)  # 23:59 in Shanghai, then 00:59 of the next day
    make_delivery(make_prompt(installment), status=Delivery.Status.DELIVERED, sent_at=NOON, delivered_at=arrived)
    assert (read_record(dispute_about(installment)).proof is not None) == proved


def test_the_page_costs_the_same_for_one_prompt_and_for_forty(
    desk: Client, installment: Installment, django_assert_max_num_queries: Any
) -> None:
    for stage in range(40):
        prompt = make_prompt(installment, stage=stage)
        receive(
            make_delivery(prompt, status=Delivery.Status.DELIVERED, sent_at=NOON), Receipt.Kind.DELIVERED, minutes=1
        )
        make_delivery(prompt, Delivery.Channel.EMAIL, status=Delivery.Status.FAILED, sent_at=NOON)
    dispute = dispute_about(installment, files=[FILE] * 3)
    with django_assert_max_num_queries(15) as queries:
        assert desk.get(address(dispute)).status_code == 200
    for table in ("loans_disputefile", "notifications_receipt"):
        assert not any(f'"{table}"."{blob}"' in query["sql"] for query in queries for blob in ("content", "raw"))


def test_of_a_very_long_record_the_newest_part_is_shown_and_the_rest_counted(
    desk: Client, installment: Installment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.admin.told.LIMIT", 3)
    dispute = dispute_about(installment)
    for days in range(5):
        make_prompt(installment, stage=days, planned_at=timezone.now() + timedelta(days=days + 1))
    record = read_record(dispute)
    assert [entry.prompt.stage for entry in record.told] == [2, 3, 4]
    assert record.older == 3
    assert "3 older prompts are not shown." in shown(desk, dispute)


def test_what_lies_in_the_portal_is_not_called_delivered(installment: Installment) -> None:
    make_delivery(
        make_prompt(installment),
        Delivery.Channel.IN_APP,
        status=Delivery.Status.DELIVERED,
        sent_at=NOON,
        seen_at=NOON + timedelta(hours=1),
    )
    lines = upcoming(dispute_about(installment))[0].lines
    assert [line.words for line in lines] == ["planned", "placed in the portal", "seen (weak)"]
    assert not any(line.tone for line in lines)
