"""Workers end in the middle of what they do."""

from itertools import cycle

import pytest

from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults

MOST_KILLS = 20


def test_workers_are_killed_again_and_again_in_mid_batch(run: Run) -> None:
    """By turns a whole worker, started again, and one of the processes that do its work."""
    crew = run.world.crew
    blows = cycle([crew.kill_a_child, crew.kill_a_child, crew.restart])
    victims = cycle([worker.name for worker in run.world.workers])
    run.begin()
    kills = 0
    while kills < MOST_KILLS and run.goes_on(0.1):
        next(blows)(next(victims))
        kills += 1
    run.prove()
    assert kills > 2
