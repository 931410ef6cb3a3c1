"""A second beat runs by mistake."""

import pytest

from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def test_two_beats_run_at_once(run: Run) -> None:
    run.world.start_second_beat()
    run.begin()
    run.prove()
