"""The broker ends or forgets: it holds nothing but wake-ups."""

import pytest

from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def test_the_broker_is_killed_and_comes_back(run: Run) -> None:
    run.begin()
    for channel, share in (("sms", 0.2), ("email", 0.3)):
        run.wait_for(channel, share)
        run.world.restart_broker()
    run.prove()


def test_the_broker_forgets_everything(run: Run) -> None:
    run.begin()
    for channel, share in (("sms", 0.2), ("sms", 0.6), ("email", 0.3)):
        run.wait_for(channel, share)
        run.world.forget_all_in_broker()
    run.prove()
