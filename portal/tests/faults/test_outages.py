"""Providers that fail everybody for a while."""

import pytest

from portal.sandbox.faults import Handling
from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def test_providers_answer_with_errors_for_a_while(run: Run) -> None:
    run.world.sandbox.change_usual("error")
    run.begin()
    run.wait_for(f"sms {Handling.BREAK}", 0.4)
    run.wait_for(f"email {Handling.BREAK}", 0.02)
    run.world.sandbox.change_usual("deliver")
    run.prove()


def test_providers_hang_for_a_while(run: Run) -> None:
    run.world.sandbox.change_usual("hang")
    run.begin()
    run.wait_for(f"sms {Handling.HANG}", 0.05)
    run.wait_for(f"email {Handling.HANG}", 0.005)
    run.world.sandbox.change_usual("deliver")
    run.prove()


def test_providers_take_messages_and_drop_the_connection_before_they_answer(run: Run) -> None:
    run.world.sandbox.change_usual("drop")
    run.begin()
    run.wait_for("sms", 0.5)
    run.wait_for("email", 0.02)
    run.world.sandbox.change_usual("deliver")
    run.prove()
