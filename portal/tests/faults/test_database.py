"""The database ends and comes back."""

import pytest

from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def test_the_database_is_restarted(run: Run) -> None:
    """As an administrator does it: all sessions end at once."""
    run.begin()
    for channel, share in (("sms", 0.2), ("email", 0.3)):
        run.wait_for(channel, share)
        run.world.restart_database()
    run.prove()


def test_the_database_is_killed_and_recovers(run: Run) -> None:
    run.begin()
    for channel, share in (("sms", 0.3), ("email", 0.4)):
        run.wait_for(channel, share)
        run.world.crash_database()
    run.prove()
