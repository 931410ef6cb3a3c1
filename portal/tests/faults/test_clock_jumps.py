"""The clock of the workers jumps while they work."""

from datetime import timedelta

import pytest

from notifications.models import Prompt
from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def wait_for_planners(run: Run) -> None:
    """Until one that started by this clock has ended: the first to end may have begun before."""

    def ended() -> int:
        return sum(run.world.crew.written(worker.name, "plan[") for worker in run.world.shifted_workers)

    before = ended()
    run.world.nudge()
    run.wait_until("planners had run", lambda: ended() >= before + 6)


def test_the_clock_jumps_an_hour_and_then_two_days_ahead(shifted_run: Run) -> None:
    run = shifted_run
    run.begin()
    run.wait_for("sms", 0.2)
    run.world.set_clock(timedelta(hours=1))
    run.wait_for("sms", 0.5)
    run.world.set_clock(timedelta(days=2, hours=1))
    run.world.nudge()  # to whose clock is ahead, every wake-up by beat has expired
    # Where the borrowers are, the last hour may have led into the due day.
    run.wait_until("the next stage was planned", lambda: Prompt.objects.filter(stage__lt=3).exists())
    run.prove()


def test_the_clock_jumps_back_by_an_hour_and_then_two_days_and_is_put_right(shifted_run: Run) -> None:
    """What was planned by the later time waits for it; nobody is told a stage that has passed already."""
    run = shifted_run
    run.begin()
    run.wait_for("sms", 0.2)
    run.world.set_clock(-timedelta(hours=1))
    wait_for_planners(run)
    run.world.set_clock(-timedelta(days=2))
    wait_for_planners(run)
    run.world.set_clock(timedelta())
    run.prove()
    assert set(Prompt.objects.values_list("stage", flat=True)) == {3}
