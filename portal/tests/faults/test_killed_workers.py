"""Workers end in the middle of what they do."""

import pytest

from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def test_workers_are_killed_again_and_again_in_mid_batch(run: Run) -> None:
    run.begin()
    kills = run.kill_in_mid_batch([worker.name for worker in run.world.workers])
    run.prove()
    assert kills > 0
