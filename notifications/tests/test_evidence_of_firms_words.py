"""What a pack's README says of a firm's words: which of them counted, and that one word is not two."""

from datetime import timedelta
from io import BytesIO

import pytest

from loans.models import Installment
from loans.tests.factories import make_platform
from notifications.evidence.pack import build_pack
from notifications.evidence.verify import read_files
from notifications.planning import plan_upcoming
from notifications.tests.factories import NOON, clock
from notifications.tests.firms import HOUR, due_in, make_rule, planned, report

pytestmark = pytest.mark.django_db
TOLD = "told by a firm, as it says"
NOT_THEN, NOW = "on record as their word: it did not count then", "the same word as before: it counts now"


def words_of(installment: Installment) -> list[str]:
    """The lines of the README that are a firm's word, without their moments."""
    pack = build_pack(installment.loan.borrower_id, installment_id=installment.pk, now=NOON + timedelta(days=1))
    readme = read_files(BytesIO(pack))["README.txt"].decode()
    return [line[21:].rpartition("  [")[0] for line in readme.splitlines() if TOLD in line]


def test_a_word_that_counted_is_told_as_it_is() -> None:
    make_rule()
    installment = planned().installment
    assert installment is not None
    assert report(installment, proof="delivered") == ("applied", "")
    assert words_of(installment) == [f"{TOLD} · payment coming up · SMS · Harbour Bank: delivered"]


def test_a_word_that_came_before_its_prompt_was_planned_reads_as_one_word() -> None:
    make_rule()
    installment = due_in(3)
    report(installment, at=NOON - HOUR, stage=3, proof="delivered")
    plan_upcoming(clock())
    first, again = words_of(installment)
    assert first == f"{TOLD} · SMS · Harbour Bank: delivered · {NOT_THEN}"
    assert again == f"{TOLD} · payment coming up · SMS · Harbour Bank: delivered · {NOW}"


def test_a_word_of_a_firm_that_was_not_responsible_is_said_not_to_count() -> None:
    make_rule()
    installment = planned(platform=make_platform()).installment
    assert installment is not None
    assert report(installment, by=installment.loan.platform, proof="delivered") == ("kept", "not_responsible")
    assert words_of(installment) == [f"{TOLD} · SMS · Lantern Mall: delivered · {NOT_THEN}"]
