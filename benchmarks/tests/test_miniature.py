"""Each benchmark once, with a handful of rows: it runs, its counts are right, its line has the seven keys."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import NAMES

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_TIME = {"growth", "memory", "memory.planner", "memory.worker", "statement_file.memory"}
WITHOUT_PEER = {"email_killed", "events", "evidence", "growth", "inbox", "statement_file", "visible"}
PARTS = (
    "planning.again",
    "planning.least",
    "receipts_batch.least",
    "sms.256",
    "events.batch",
    "evidence.written",
    "evidence.verified",
    "due_page.unchanged",
    "growth.planning",
    "growth.claim",
    "growth.page",
    "growth.purge",
    "memory.planner",
    "memory.worker",
    "statement_file.memory",
)
"""Figures under a name of their own beside that of their benchmark."""


@dataclass(frozen=True)
class Run:
    """What one run of all benchmarks printed."""

    done: subprocess.CompletedProcess[str]

    @property
    def figures(self) -> dict[str, dict[str, Any]]:
        return {figure["name"]: figure for figure in map(json.loads, self.done.stdout.splitlines())}

    def of(self, name: str) -> dict[str, Any]:
        assert name in self.figures, self.done.stderr
        return self.figures[name]


@pytest.fixture(scope="module")
def run() -> Run:
    command = [sys.executable, "-m", "benchmarks", "--miniature", "--json"]
    return Run(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False))


def test_none_of_their_counts_is_wrong(run: Run) -> None:
    """A wrong count makes a figure void, and a void figure an exit status of 1."""
    assert run.done.returncode == 0, run.done.stderr


def test_there_is_a_line_for_each_and_no_other(run: Run) -> None:
    assert set(run.figures) == {*NAMES, *PARTS}


@pytest.mark.parametrize("name", [*NAMES, *PARTS])
def test_a_line_has_exactly_the_seven_keys(run: Run, name: str) -> None:
    figure = run.of(name)
    assert set(figure) == {"name", "n", "seconds", "rate", "of_limit", "times_peer", "peak_mb"}
    assert isinstance(figure["n"], int)


@pytest.mark.parametrize("name", sorted({*NAMES, *PARTS} - WITHOUT_TIME))
def test_it_is_timed_and_compared_with_its_limit(run: Run, name: str) -> None:
    figure = run.of(name)
    assert figure["seconds"] > 0
    assert figure["rate"] > 0
    assert figure["of_limit"] > 0


@pytest.mark.parametrize(
    "name", ["memory", "memory.planner", "memory.worker", "statement_file", "statement_file.memory"]
)
def test_memory_has_a_peak(run: Run, name: str) -> None:
    assert run.of(name)["peak_mb"] > 0


@pytest.mark.parametrize("name", sorted(set(NAMES) - WITHOUT_PEER))
def test_it_is_compared_with_its_peer(run: Run, name: str) -> None:
    assert run.of(name)["times_peer"] > 0


def test_a_benchmark_that_is_none_is_refused_by_name() -> None:
    command = [sys.executable, "-m", "benchmarks", "plannning"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "There is no benchmark plannning" in done.stderr
