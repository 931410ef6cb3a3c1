"""What the suite counts where nothing goes wrong: the measure for the others."""

import pytest

from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def test_nothing_goes_wrong(run: Run) -> None:
    run.begin()
    run.prove()
