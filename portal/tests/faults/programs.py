"""The demonstration's programs, as this suite runs them."""

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from portal.demo import programs
from portal.demo.addresses import Addresses
from portal.supervisor import Program

UNIT: Final = 0.1
"""Seconds after which the sandbox's usual receipt comes."""
RETRY: Final = 1.0


def make_receivers(addresses: Addresses, env: Mapping[str, str]) -> list[Program]:
    """The sandbox, in haste, and what it reports to."""
    sandbox = programs.make_sandbox(addresses, env)
    hurried = [*sandbox.command, "--unit", str(UNIT), "--retry-seconds", str(RETRY)]
    return [
        dataclasses.replace(sandbox, command=hurried),
        programs.make_bounces(addresses),
        programs.make_web(addresses),
    ]


def make_worker(name: str) -> Program:
    """Two at a time, from all queues."""
    usual = programs.make_worker()
    return dataclasses.replace(usual, name=name, command=[*usual.command, "--hostname", f"{name}@%h"])


def with_env(program: Program, env: Mapping[str, str]) -> Program:
    """The same, with this in its environment besides."""
    return dataclasses.replace(
        program, command=["env", *(f"{key}={value}" for key, value in env.items()), *program.command]
    )


def make_shifted_worker(name: str, clock: Path) -> Program:
    worker = make_worker(name)
    words = worker.command[len(programs.CELERY) :]
    module = [sys.executable, "-m", "portal.tests.faults.shifted", str(clock)]
    return dataclasses.replace(worker, command=[*module, *words])


def make_beat(name: str) -> Program:
    return dataclasses.replace(programs.make_beat(), name=name)
