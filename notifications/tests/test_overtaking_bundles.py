"""Of installments that are told together, one may reach its next stage alone: the others go on being told."""

from datetime import timedelta

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_bank
from notifications.coverage import check_coverage
from notifications.models import Delivery, LeadPlan, NoticeEvent, Prompt
from notifications.passed_by import OVERTAKEN
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.bundles import deliver, facts_of, make_pair
from notifications.tests.factories import NOON, TODAY, clock

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
Status = Prompt.Status
ON_THE_FOURTH = NOON + 4 * DAY


@pytest.fixture(params=[("", "Sofa"), ("Sofa", "")], ids=["leading", "companion"])
def quick(request: pytest.FixtureRequest) -> Installment:
    """One that is told at 7, 3, 1, 0, beside a sofa that is told at 7, 1, 0: planned together on the seventh day."""
    LeadPlan.objects.create(partner=make_bank(), product="Sofa", upcoming="7,1,0", overdue="1,7")
    pair = make_pair(make_borrower(), due_on=TODAY + 7 * DAY, products=request.param)
    plan_upcoming(clock())
    assert Prompt.objects.filter(told_with=None).count() == 1
    return next(row for row in pair if not row.loan.product)


@pytest.fixture
def sofa(quick: Installment) -> Installment:
    return Installment.objects.exclude(pk=quick.pk).get()


def of(row: Installment, stage: int) -> Prompt:
    return Prompt.objects.get(installment=row, stage=stage)


def test_the_other_goes_on_being_told(quick: Installment, sofa: Installment) -> None:
    plan_upcoming(clock(ON_THE_FOURTH))
    earlier = of(quick, 7)
    assert of(sofa, 7).status == Status.ACTIVE
    assert earlier.voided_at == ON_THE_FOURTH
    assert of(quick, 3).status == Status.ACTIVE
    leading = Prompt.objects.get(stage=7, told_with=None)
    assert leading.status == Status.ACTIVE
    assert set(leading.deliveries.values_list("status", flat=True)) == {"queued"}
    Prompt.objects.update(look_again_at=ON_THE_FOURTH + DAY)
    assert check_coverage(clock(ON_THE_FOURTH)) == 0


def test_its_message_names_it_alone(quick: Installment, sofa: Installment) -> None:
    plan_upcoming(clock(ON_THE_FOURTH))
    Delivery.objects.filter(channel="sms", prompt__stage=3).update(channel="voice")
    facts = facts_of(deliver("sms"))
    assert [item.installment_id for item in facts.items] == [sofa.pk]
    assert facts.amount == sofa.outstanding


def test_what_the_one_was_not_told_is_on_record(quick: Installment, sofa: Installment) -> None:
    plan_upcoming(clock(ON_THE_FOURTH))
    skipped = NoticeEvent.objects.get(kind="skipped")
    assert (skipped.installment_id, skipped.data["stage"], skipped.data["reason"]) == (quick.pk, 7, OVERTAKEN)


def test_what_arrived_counts_as_told_for_both(quick: Installment, sofa: Installment) -> None:
    deliver("sms")
    plan_upcoming(clock(ON_THE_FOURTH))
    assert (of(quick, 7).status, of(sofa, 7).status) == (Status.TOLD, Status.TOLD)
    assert not NoticeEvent.objects.filter(kind="skipped").exists()


def test_when_both_have_a_later_stage_the_message_ends(quick: Installment, sofa: Installment) -> None:
    plan_upcoming(clock(ON_THE_FOURTH))
    plan_upcoming(clock(NOON + 6 * DAY))
    ended = Prompt.objects.exclude(stage=1)
    assert set(ended.values_list("status", flat=True)) == {Status.CANCELLED}
    assert set(Delivery.objects.filter(prompt__in=ended).values_list("status", flat=True)) == {"cancelled"}
    skipped = NoticeEvent.objects.filter(kind="skipped").values_list("installment_id", "data__stage")
    assert sorted(skipped) == sorted([(quick.pk, 7), (quick.pk, 3), (sofa.pk, 7)])
    assert set(Prompt.objects.filter(stage=1).values_list("installment", flat=True)) == {quick.pk, sofa.pk}


def test_a_message_that_waits_goes_on_for_the_other(quick: Installment, sofa: Installment) -> None:
    Prompt.objects.update(status=Status.TOLD)
    plan_upcoming(clock(ON_THE_FOURTH))
    leading = Prompt.objects.get(stage=7, told_with=None)
    assert set(leading.deliveries.values_list("status", flat=True)) == {"queued"}
    assert (of(quick, 7).status, of(sofa, 7).status) == (Status.TOLD, Status.TOLD)
    Delivery.objects.filter(channel="sms", prompt__stage=3).update(channel="voice")
    assert [item.installment_id for item in facts_of(deliver("sms")).items] == [sofa.pk]


def test_overdue_ones_part_as_well(quick: Installment, sofa: Installment) -> None:
    plan_overdue(clock(NOON + 8 * DAY))
    plan_overdue(clock(NOON + 10 * DAY))
    overdue = Prompt.objects.filter(kind="overdue").values_list("installment", "stage", "voided_at", "status")
    assert {(row, stage, bool(voided)) for row, stage, voided, _status in overdue} == {
        (quick.pk, 1, True),
        (quick.pk, 3, False),
        (sofa.pk, 1, False),
    }
    assert of_overdue(sofa).status == Status.ACTIVE


def of_overdue(row: Installment) -> Prompt:
    return Prompt.objects.get(installment=row, kind="overdue")


def test_a_plan_of_its_own_that_comes_later_parts_them_too() -> None:
    rows = make_pair(make_borrower(), due_on=TODAY + 7 * DAY, products=("", "Sofa"))
    plan_upcoming(clock())
    LeadPlan.objects.create(partner=make_bank(), product="Sofa", upcoming="7,1,0", overdue="1,7")
    plan_upcoming(clock(ON_THE_FOURTH))
    assert of(rows[1], 7).status == Status.ACTIVE
    assert of(rows[0], 3).status == Status.ACTIVE
