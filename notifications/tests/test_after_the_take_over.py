"""What a firm says when its time is over and the portal has not sent: halted, held by a cap, or by a pause."""

from typing import Any

import pytest

from notifications.models import Duty, Prompt
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, claim
from notifications.tests.firms import HOUR, duty_of, make_rule, planned, report

pytestmark = pytest.mark.django_db
Status = Duty.Status
APPLIED = ("applied", "")
AT_FOUR = NOON + 4 * HOUR


@pytest.mark.parametrize("proof", ["accepted", "delivered"])
def test_a_report_counts_after_the_take_over_where_the_portal_has_not_sent(proof: str) -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    assert take_over(AT_FOUR) == 1
    assert len(claim("in_app", AT_FOUR)) == 1  # what lies in the portal alone is no message
    said: dict[str, Any] = {"proof": proof, "sent_at": (NOON + HOUR).isoformat()}
    assert report(prompt.installment, at=AT_FOUR + HOUR, **said) == APPLIED
    prompt.refresh_from_db()
    duty = duty_of(prompt)
    assert (prompt.status, duty.status, duty.settled_at) == (Prompt.Status.FIRM_TOLD, Status.MET, AT_FOUR + HOUR)
    assert claim("sms", AT_FOUR + 2 * HOUR) == []


def test_after_the_take_over_sent_alone_or_failing_changes_nothing_where_arrival_is_asked() -> None:
    make_rule(hours=1)
    prompt = planned(1)
    assert prompt.installment is not None
    assert take_over(NOON + HOUR) == 1
    for proof in ("accepted", "failed"):
        assert report(prompt.installment, at=NOON + 2 * HOUR, proof=proof) == ("kept", "too_late")
    duty = duty_of(prompt)
    assert (duty.status, duty.telling) == (Status.TAKEN_OVER, None)
    assert len(claim("sms", NOON + 2 * HOUR)) == 1


def test_who_is_with_a_person_after_the_take_over_stays_with_them() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    take_over(AT_FOUR)
    Prompt.objects.update(status=Prompt.Status.ESCALATED)
    assert report(prompt.installment, at=AT_FOUR + HOUR, proof="delivered") == ("kept", "too_late")
