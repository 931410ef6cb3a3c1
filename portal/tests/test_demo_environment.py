"""The secrets of the demonstration."""

import json
import stat
from pathlib import Path

from notifications.channels.vapid import Vapid
from notifications.tests.browsers import SUBJECT
from portal.demo.environment import read_keys


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
