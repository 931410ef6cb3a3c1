"""Two providers of text messages, of which the first fails, and calls: whichever was asked, nobody is told twice."""

import pytest

from notifications.models import Delivery
from notifications.states import Status
from portal.sandbox.faults import Handling
from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def test_the_first_provider_hangs_drops_and_fails_and_the_other_takes_over(twilio_run: Run) -> None:
    """What may have been taken is not handed to the other one."""
    run = twilio_run
    run.begin(phones=["hang", "drop", "tempfail"])
    run.prove()
    met = run.world.sandbox.read_counts()
    assert met[f"sms {Handling.HANG}"] > 0
    assert met[f"sms {Handling.FAIL_TWICE}"] > 0
    assert met["sms"] > 0  # dropped: taken, and not answered
    assert run.twilio is not None
    assert run.twilio.count("sms") > 0  # how many were tried before the first was found out, is a matter of speed


def test_workers_are_killed_while_the_first_provider_fails_and_the_other_takes_over(twilio_run: Run) -> None:
    run = twilio_run
    run.begin(phones=["tempfail", "deliver"])
    kills = run.kill_in_mid_batch(["spared-1", "spared-2"], share=0.05)
    run.prove()
    assert kills > 0
    assert run.twilio is not None
    # Killed each time before it had heard the first one's answer, no message goes over: all of them are in doubt.
    in_doubt = Delivery.objects.filter(channel="sms", status=Status.UNCONFIRMED).count()
    assert run.twilio.count("sms") + in_doubt > 0


def test_workers_are_killed_while_they_call_and_calls_hang_and_drop(twilio_run: Run) -> None:
    """Nobody's mail arrives, so everybody is called."""
    run = twilio_run
    run.begin(phones=["hang", "drop", *["deliver"] * 8], mail="bounce")
    run.wait_for("voice", 0.05)
    kills = run.kill_in_mid_batch(["spared-1", "spared-2"], most=6, share=0.05, what="voice")
    run.prove()
    assert kills > 0
    assert run.twilio is not None
    assert run.twilio.count("voice") > run.size / 2
