"""manage.py verify_evidence."""

from hashlib import sha256
from io import StringIO
from json import loads
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from notifications.evidence.sealing import seal_events
from notifications.models import Receipt, Seal
from notifications.tests.cases import Told
from notifications.tests.events import tamper
from notifications.tests.packs import LATER

pytestmark = pytest.mark.django_db
NO_MESSAGES = "0 raw messages of providers are what those events were made of\n"


def test_the_command_says_what_holds_and_what_is_broken(sealed_ids: list[int]) -> None:
    assert run() == (0, f"4 seals over 12 events hold; 0 events wait for a seal\n{NO_MESSAGES}", "")
    tamper("UPDATE notifications_noticeevent SET kind = 'failed' WHERE id = %s", sealed_ids[4])
    seal = Seal.objects.order_by("pk")[1]
    code, out, err = run()
    assert (code, out) == (2, f"1 seals over 3 events hold; 0 events wait for a seal\n{NO_MESSAGES}")
    assert f"Seal {seal.pk} is broken: it or an event from {seal.first_id} to {seal.last_id} was changed." in err
    assert f"root: sealed {bytes(seal.root).hex()}, found " in err


def test_the_command_prints_json_alone(sealed_ids: list[int]) -> None:
    code, out, err = run("--json")
    whole = {"seals": 4, "events": 12, "unsealed": 0, "broken": None, "messages": 0, "altered": None}
    assert (code, loads(out), err) == (0, whole, "")
    tamper("DELETE FROM notifications_noticeevent WHERE id = %s", sealed_ids[0])
    code, out, err = run("--json", "--from", str(Seal.objects.order_by("pk")[0].pk))
    assert (code, err) == (2, "")
    assert [one["what"] for one in loads(out)["broken"]["differences"]] == ["count", "root"]


def test_the_command_names_a_message_that_is_not_what_it_was(case: Told) -> None:
    seal_events(LATER)
    code, out, _err = run()
    assert (code, out.splitlines()[1]) == (0, "2 raw messages of providers are what those events were made of")
    receipt = Receipt.objects.select_related("callback").get(delivery=case.sms)
    changed = sha256(bytes(receipt.callback.raw) + b"!").hexdigest()
    tamper("UPDATE notifications_callback SET raw = raw || '!' WHERE id = %s", receipt.callback_id)
    code, out, err = run()
    assert (code, out.splitlines()[1]) == (2, "1 raw messages of providers are what those events were made of")
    assert f"Message {receipt.callback_id} has the SHA-256 {changed}; event " in err
    tamper("DELETE FROM notifications_callback WHERE id = %s", receipt.callback_id)
    assert f"Message {receipt.callback_id} is gone; event " in run()[2]


def test_on_a_terminal_the_command_shows_how_far_it_is(sealed_ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("notifications.management.commands.verify_evidence._SECONDS", 0)
    terminal = Terminal()
    call_command("verify_evidence", stdout=StringIO(), stderr=terminal, no_color=True)
    assert "4 seals, 12 events" in terminal.getvalue()


def run(*arguments: str) -> tuple[int, str, str]:
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("verify_evidence", *arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, out.getvalue(), err.getvalue()


def test_a_policy_file_that_is_broken_keeps_nobody_from_looking(
    sealed_ids: list[int], tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "cn.toml").write_text("is broken")
    settings.POLICY_FOLDER = str(tmp_path)
    code, said, _complaints = run()
    assert (code, said.partition(" hold")[0]) == (0, "4 seals over 12 events")


def test_a_range_without_seals_is_no_proof(sealed_ids: list[int]) -> None:
    beyond = Seal.objects.latest("pk").pk + 1
    with pytest.raises(CommandError, match=f"no seals from {beyond} to the newest: nothing was looked at"):
        call_command("verify_evidence", "--from", str(beyond))
