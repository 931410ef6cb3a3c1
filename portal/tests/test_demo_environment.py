"""The secrets of the demonstration, and what it says of its waits."""

import json
import shlex
import stat
from pathlib import Path

import pytest
from django.conf import settings

from notifications.channels.vapid import Vapid
from notifications.tests.browsers import SUBJECT
from portal.demo.environment import read_keys, say_when
from portal.management.commands.demo import command_in_another_terminal


def test_they_are_made_up_once_for_this_user_alone(tmp_path: Path) -> None:
    keys = read_keys(tmp_path)
    assert read_keys(tmp_path) == keys
    assert len(set(keys.values())) == len(keys)
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert Vapid(keys["VAPID_PRIVATE_KEY"], SUBJECT).public_key


def test_one_that_is_missing_is_made_up_beside_the_others(tmp_path: Path) -> None:
    keys = read_keys(tmp_path)
    earlier = {name: value for name, value in keys.items() if name != "VAPID_PRIVATE_KEY"}
    (tmp_path / "keys.json").write_text(json.dumps(earlier))
    later = read_keys(tmp_path)
    assert later.keys() == keys.keys()
    assert {name: later[name] for name in earlier} == earlier


def test_a_command_for_another_terminal_finds_the_data_wherever_it_lies(tmp_path: Path) -> None:
    manage = str(settings.BASE_DIR / "manage.py")
    assert command_in_another_terminal(settings.BASE_DIR / ".data", "check") == f"{shlex.quote(manage)} check"
    elsewhere = tmp_path / "my data"
    assert command_in_another_terminal(elsewhere, "check") == f"DUEPROOF_DATA='{elsewhere}' {shlex.quote(manage)} check"


def test_the_start_says_how_fast_waits_are_as_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LADDER_PACE", "CONTACT_HOURS"):
        monkeypatch.delenv(name, raising=False)
    assert say_when() == "Waits run 720 times as fast as in life, and messages go out at any hour."
    monkeypatch.setenv("LADDER_PACE", "0.0167")
    monkeypatch.setenv("CONTACT_HOURS", "09:00-18:00")
    assert say_when() == "Waits run 60 times as fast as in life, and messages go out 09:00-18:00."
