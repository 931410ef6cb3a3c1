"""The command line itself, whichever command it is."""

import sys
from typing import NoReturn

import pytest
from django.core import management
from django.db import OperationalError

import manage


@pytest.fixture(autouse=True)
def _database_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def execute(_argv: list[str]) -> NoReturn:
        raise OperationalError("connection refused\nDETAIL: a row")

    monkeypatch.setattr(management, "execute_from_command_line", execute)
    monkeypatch.setattr(sys, "argv", ["manage.py", "consistency"])


def test_a_command_without_a_database_says_so_in_a_line_and_ends_as_no_finding_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        manage.main()
    assert ended.value.code == 3
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("The database did not answer, or ended what was asked of it: connection refused. Is it up")


def test_who_asks_for_it_sees_where_a_command_lost_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["manage.py", "consistency", "--traceback"])
    with pytest.raises(OperationalError):
        manage.main()
