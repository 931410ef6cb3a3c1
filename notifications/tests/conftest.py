"""Fixtures of several test files of this app."""

from collections.abc import Iterator

import pytest

from notifications.tests.outside import SandboxProcess, run_sandbox


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[SandboxProcess]:
    """Receipts come after a hundredth of the usual delay; nobody waits for bounces on port 1."""
    with run_sandbox("--unit=0.01", "--retry-seconds=0.05", "--bounce-port=1") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox_process: SandboxProcess) -> SandboxProcess:
    """The sandbox, without what earlier tests sent to it."""
    _sandbox_process.reset()
    return _sandbox_process
