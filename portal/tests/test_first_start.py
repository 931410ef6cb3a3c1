"""What a start may cost: which modules a process reads, and how many processes there are. No time is measured."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from portal.demo.addresses import Addresses
from portal.demo.programs import book, callers, make_beat, receivers

PAGES = "portal.urls"
INTERFACE = "rest_framework.serializers"
DESCRIPTION = "drf_spectacular.openapi"
HOLIDAYS = "holidays"
HEAVY = (PAGES, INTERFACE, DESCRIPTION, HOLIDAYS)


def loaded_by(program: str) -> set[str]:
    """Which of the heavy modules a new interpreter has loaded after the program."""
    program += f"; import sys; print(*({set(HEAVY)} & set(sys.modules)))"
    env = {
        "SECRET_KEY": "only-for-this-test",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "KANNEL_CALLBACK_TOKEN": "x",
    }
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "command",
    [
        "portal.management.commands.load_book",
        "portal.management.commands.sandbox",
        "notifications.management.commands.receive_bounces",
    ],
)
def test_a_command_reads_neither_pages_nor_the_interface(command: str) -> None:
    assert loaded_by(f"import django; django.setup(); import {command}") == set()


def test_beat_reads_what_no_task_of_its_own_needs_neither() -> None:
    assert loaded_by("from portal.celery import app; app.loader.init_worker()") == set()


def test_a_worker_reads_no_page_and_loads_before_it_forks_what_its_tasks_need() -> None:
    program = "from portal.celery import app, load; app.loader.init_worker(); load()"
    assert loaded_by(program) == {INTERFACE, HOLIDAYS}


def test_the_demonstration_is_six_programs_with_one_interpreter_each() -> None:
    addresses = Addresses(1, 2, 3, 4)
    programs = [*receivers(addresses, {"KANNEL_USERNAME": "dueproof"}), *callers(addresses), make_beat()]
    commands = [book(0), *(program.command for program in programs)]
    assert len(commands) == 6
    assert {command[0] for command in commands} == {sys.executable}


def test_what_is_installed_is_compiled_whatever_the_environment_says_of_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "module.py").write_text("ANSWER = 42\n")
    (tmp_path / "template.py").write_text("{{ not Python }}\n")
    loader = importlib.machinery.SourceFileLoader("environment", os.fspath(settings.BASE_DIR / "bin" / "environment"))
    spec = importlib.util.spec_from_loader("environment", loader)
    assert spec
    environment = importlib.util.module_from_spec(spec)
    loader.exec_module(environment)
    environment.compile_all(tmp_path)
    assert Path(importlib.util.cache_from_source(os.fspath(tmp_path / "module.py"))).exists()
