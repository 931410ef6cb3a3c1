"""manage.py verify_evidence."""

from io import StringIO
from json import loads

import pytest
from django.core.management import call_command

from notifications.models import Seal
from notifications.tests.events import tamper

pytestmark = pytest.mark.django_db


def test_the_command_says_what_holds_and_what_is_broken(sealed_ids: list[int]) -> None:
    assert run() == (0, "4 seals over 12 events hold; 0 events wait for a seal\n", "")
    tamper("UPDATE notifications_noticeevent SET kind = 'failed' WHERE id = %s", sealed_ids[4])
    seal = Seal.objects.order_by("pk")[1]
    code, out, err = run()
    assert (code, out) == (2, "1 seals over 3 events hold; 0 events wait for a seal\n")
    assert f"Seal {seal.pk} is broken: it or an event from {seal.first_id} to {seal.last_id} was changed." in err
    assert f"root: sealed {bytes(seal.root).hex()}, found " in err


def test_the_command_prints_json_alone(sealed_ids: list[int]) -> None:
    code, out, err = run("--json")
    assert (code, loads(out), err) == (0, {"seals": 4, "events": 12, "unsealed": 0, "broken": None}, "")
    tamper("DELETE FROM notifications_noticeevent WHERE id = %s", sealed_ids[0])
    code, out, err = run("--json", "--from", str(Seal.objects.order_by("pk")[0].pk))
    assert (code, err) == (2, "")
    assert [one["what"] for one in loads(out)["broken"]["differences"]] == ["count", "root"]


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
