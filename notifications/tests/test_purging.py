"""History that need not be kept any more goes; all other history stays and can still be verified."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Dispute, Installment
from loans.tests.factories import make_installment, make_loan
from notifications.events import record
from notifications.evidence.checking import verify_seals
from notifications.evidence.sealing import seal_events
from notifications.models import (
    AgentTask,
    Delivery,
    Duty,
    FirmTelling,
    NoticeEvent,
    Prompt,
    Purge,
    Receipt,
)
from notifications.planning import plan_upcoming
from notifications.purging import TooYoungError, purge
from notifications.tests.factories import NOON, TODAY, clock, make_prompt, make_receipt
from notifications.tests.firms import make_rule, report

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2018, 3, 10, 4, 0, tzinfo=UTC)
LATER = datetime(2018, 5, 10, 4, 0, tzinfo=UTC)
APRIL = date(2018, 4, 1)
KINDS: tuple[type[Model], ...] = (Prompt, Delivery, Receipt, NoticeEvent)


def told(now: datetime = LONG_AGO) -> Installment:
    """An installment that was told about, with a receipt, and settled soon after."""
    row = make_installment(make_loan(make_borrower()), due_on=now.date() + timedelta(days=3))
    plan_upcoming(clock(now))
    Prompt.objects.filter(installment=row).update(status="told")
    sms = Delivery.objects.filter(prompt__installment=row, channel="sms")
    sms.update(status="delivered", sent_at=now, delivered_at=now)
    make_receipt(sms.get(), "delivered")
    Installment.objects.filter(pk=row.pk).update(
        state="settled", paid=row.total, outstanding=0, settled_on=now.date() + timedelta(days=5)
    )
    seal_events(now)
    return row


def counts() -> list[int]:
    return [kind._default_manager.count() for kind in KINDS]


def dispute_about(row: Installment, decided_at: datetime | None = None) -> Dispute:
    decided = {"status": "decided", "decision": "rejected", "decided_by": make_agent(), "decided_at": decided_at}
    return Dispute.objects.create(
        receipt_number=f"D-{row.pk}",
        borrower=row.loan.borrower,
        loan=row.loan,
        installment=row,
        kind=Dispute.Kind.OTHER,
        opened_at=LONG_AGO,
        answer_due_on=LONG_AGO.date(),
        **(decided if decided_at else {}),
    )


def test_what_ended_long_ago_goes_with_all_that_hangs_on_it_and_is_counted() -> None:
    told()
    before = counts()
    removed = purge(APRIL, now=NOON)
    assert counts() == [0, 0, 0, 0]
    made = Purge.objects.get()
    assert removed.record == made
    assert [made.prompts, made.deliveries, made.receipts, made.events] == before == [1, 2, 1, 1]
    assert removed.stay == 0


def test_what_firms_had_to_send_and_said_goes_with_the_last_prompt_of_its_installment() -> None:
    make_rule(valid_from=LONG_AGO)
    row = told()
    report(row, at=LONG_AGO)
    assert (Duty.objects.count(), FirmTelling.objects.count()) == (1, 1)
    purge(APRIL, now=NOON)
    assert (Duty.objects.count(), FirmTelling.objects.count()) == (0, 0)


def test_a_later_month_stays() -> None:
    told()
    later = told(LATER)
    purge(APRIL, now=NOON)
    assert Prompt.objects.get().installment == later
    assert NoticeEvent.objects.get().installment_id == later.pk
    assert Delivery.objects.count() == 2


def test_what_is_left_of_the_record_still_verifies() -> None:
    told()
    told(LATER)
    purge(APRIL, now=NOON)
    verdict = verify_seals()
    assert (verdict.seals, verdict.events, verdict.broken) == (1, 1, None)
    assert verify_seals(first=1).broken is not None, "of the first seal nothing is left to recompute it from"


@pytest.mark.parametrize("state", ["open", "awaiting_bank"])
def test_what_is_not_settled_stays_however_old(state: str) -> None:
    row = told()
    Installment.objects.filter(pk=row.pk).update(state=state, settled_on=None, paid=0, outstanding=row.total)
    kept = counts()
    assert purge(APRIL, now=NOON).stay == 1
    assert counts() == kept


def test_what_was_settled_only_lately_stays() -> None:
    row = told()
    Installment.objects.filter(pk=row.pk).update(settled_on=date(2021, 6, 1))
    kept = counts()
    purge(APRIL, now=NOON)
    assert counts() == kept


@pytest.mark.parametrize(
    ("decided_at", "stay"), [(None, 1), (datetime(2024, 1, 1, tzinfo=UTC), 1), (datetime(2018, 9, 1, tzinfo=UTC), 0)]
)
def test_what_is_disputed_stays_until_long_after_the_decision(decided_at: datetime | None, stay: int) -> None:
    row = told()
    dispute_about(row, decided_at)
    assert purge(APRIL, now=NOON).stay == stay
    assert counts() == [stay, 2 * stay, stay, stay]


def hand_over(prompt: Prompt, outcome: str = "") -> None:
    """To a person, whose task is open or came to this."""
    Prompt.objects.filter(pk=prompt.pk).update(status="escalated")
    done = {"status": "done", "outcome": outcome, "done_at": LONG_AGO} if outcome else {}
    AgentTask.objects.create(
        prompt=prompt, borrower=prompt.borrower, kind="unreachable", reason="", act_by=NOON, created_at=LONG_AGO, **done
    )


def test_what_is_still_being_told_stays() -> None:
    told()
    Prompt.objects.update(status="active")
    assert purge(APRIL, now=NOON).stay == 1


def test_what_a_person_has_to_act_on_stays() -> None:
    told()
    hand_over(Prompt.objects.get())
    assert purge(APRIL, now=NOON).stay == 1


@pytest.mark.parametrize("outcome", ["not_reached", "not_needed"])
def test_whom_nobody_reached_keeps_no_later_event_from_going(outcome: str) -> None:
    row = told()
    hand_over(Prompt.objects.get(), outcome)
    dispute = dispute_about(row, datetime(2018, 4, 1, tzinfo=UTC))
    hand_over(make_prompt(row, kind="dispute_decided", dispute=dispute, planned_at=LONG_AGO), outcome)
    told()
    made = purge(APRIL, now=NOON)
    assert (made.record.prompts, made.record.events, made.stay) == (3, 2, 0)


@pytest.mark.parametrize(("outcome", "stay"), [("", 2), ("not_reached", 0)])
def test_all_of_a_message_for_several_stays_while_its_one_task_is_open(outcome: str, stay: int) -> None:
    loan = make_loan(make_borrower())
    for _place in range(2):
        make_installment(loan, due_on=LONG_AGO.date() + timedelta(days=3))
    plan_upcoming(clock(LONG_AGO))
    Prompt.objects.update(status="escalated")
    hand_over(Prompt.objects.get(told_with=None), outcome)
    Installment.objects.update(state="settled", paid=100, outstanding=0, settled_on=LONG_AGO.date())
    assert purge(APRIL, now=NOON).stay == stay


def test_events_go_up_to_the_first_seal_that_speaks_of_a_case_which_stays() -> None:
    gone, stays, behind = told(), told(), told()
    dispute_about(stays)
    made = purge(APRIL, now=NOON).record
    assert set(Prompt.objects.values_list("installment", flat=True)) == {stays.pk}
    assert list(NoticeEvent.objects.order_by("pk").values_list("installment_id", flat=True)) == [stays.pk, behind.pk]
    assert made.events == 1
    assert verify_seals().broken is None
    assert gone.pk not in (stays.pk, behind.pk)


def test_events_about_a_borrower_with_a_dispute_stay() -> None:
    row = told()
    other = told()
    for borrower in (row.loan.borrower_id, other.loan.borrower_id):
        record(NoticeEvent.Kind.PREFERENCE, borrower_id=borrower, at=LONG_AGO, channel="sms", enabled=False)
        seal_events(LONG_AGO)
    Installment.objects.filter(pk=other.pk).update(settled_on=date(2018, 3, 20))
    dispute_about(make_installment(other.loan, due_on=TODAY))
    purge(APRIL, now=NOON)
    kept = NoticeEvent.objects.order_by("pk").values_list("borrower_id", flat=True)
    assert list(kept) == [other.loan.borrower_id, row.loan.borrower_id, other.loan.borrower_id]


def test_events_without_a_seal_stay() -> None:
    told()
    record(NoticeEvent.Kind.PREFERENCE, borrower_id=make_borrower().pk, at=LONG_AGO, channel="sms", enabled=False)
    assert purge(APRIL, now=NOON).record.events == 1
    assert NoticeEvent.objects.get().kind == "preference"


def test_a_message_for_several_goes_when_all_of_them_can() -> None:
    loan = make_loan(make_borrower())
    pair = [make_installment(loan, due_on=LONG_AGO.date() + timedelta(days=3)) for _ in range(2)]
    plan_upcoming(clock(LONG_AGO))
    Prompt.objects.update(status="told")
    settled = {"state": "settled", "paid": 100, "outstanding": 0, "settled_on": LONG_AGO.date()}
    Installment.objects.filter(pk=pair[0].pk).update(**settled)
    assert purge(APRIL, now=NOON).stay == 2
    Installment.objects.filter(pk=pair[1].pk).update(**settled)
    assert purge(APRIL, now=NOON).stay == 0
    assert not Prompt.objects.exists()


def test_a_second_purge_finds_nothing_and_says_so() -> None:
    told()
    purge(APRIL, now=NOON)
    again = purge(APRIL, now=NOON).record
    assert (again.prompts, again.events, again.last_seal_id) == (0, 0, None)
    assert verify_seals().broken is None


def test_what_must_be_kept_by_its_age_cannot_be_asked_for() -> None:
    assert purge(date(2020, 11, 1), now=NOON).stay == 0
    for month in (date(2020, 12, 1), date(2020, 10, 2)):
        with pytest.raises(TooYoungError):
            purge(month, now=NOON)


def test_the_record_of_a_purge_can_be_neither_changed_nor_removed() -> None:
    told()
    purge(APRIL, now=NOON)
    for change in (lambda: Purge.objects.update(events=0), lambda: Purge.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_outside_of_a_purge_history_stays_guarded() -> None:
    told()
    purge(date(2017, 1, 1), now=NOON)
    for table in ("prompt", "receipt", "noticeevent"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM notifications_{table}")


def test_the_command_tries_without_removing_and_then_removes(capsys: pytest.CaptureFixture[str]) -> None:
    told()
    call_command("purge_history", "--before", "2018-04", "--trial")
    assert counts() == [1, 2, 1, 1]
    call_command("purge_history", "--before", "2018-04", "--by", make_agent().email)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "1 prompts, 2 deliveries, 1 receipts and 1 events from before 2018-04 would go."
    assert said[1].startswith("verify_evidence would begin at seal ")
    assert said[2] == "1 prompts, 2 deliveries, 1 receipts and 1 events from before 2018-04 are gone."
    assert said[3].startswith("verify_evidence begins at seal ")
    assert Purge.objects.get().by is not None
    with pytest.raises(CommandError, match="must be kept"):
        call_command("purge_history", "--before", "2999-01")
