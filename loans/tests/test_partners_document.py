"""docs/partners.md says what the code does: its tables are the catalogues, its recipes sign."""

import base64
import hmac
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from standardwebhooks.webhooks import Webhook

from loans.api.keys import make_secret
from loans.api.problems import PROBLEMS
from loans.intake.events.catalogue import CATALOGUE
from loans.models import Event

TEXT = (Path(settings.BASE_DIR) / "docs" / "partners.md").read_text()
BODY = '{"name": "林美", "amount": "1.00"}'.encode()


def rows(columns: int) -> list[tuple[str, ...]]:
    """The rows of the tables with so many columns whose first cell is a code."""
    lines = [line for line in TEXT.splitlines() if re.match(r"\| `", line)]
    split = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    return [cells for cells in split if len(cells) == columns]


def block(after: str) -> str:
    """The indented block that follows a line."""
    lines = TEXT.split(f"\n{after}\n", 1)[1].lstrip("\n").splitlines()
    taken = []
    for line in lines:
        if line and not line.startswith("    "):
            break
        taken.append(line[4:])
    return "\n".join(taken)


def test_every_event_and_no_other_is_in_the_table() -> None:
    said = [(name.strip("`"), whose, words) for name, whose, words in rows(3) if name.strip("`") not in PROBLEMS]
    expected = []
    for event_type in CATALOGUE.values():
        whose = "either" if len(event_type.said_by) == 2 else next(iter(event_type.said_by)).value
        expected.append((event_type.name, whose, event_type.summary))
    assert sorted(said) == sorted(expected)


def test_every_error_and_no_other_is_in_the_table() -> None:
    said = {cells for cells in rows(3) if cells[0].strip("`") in PROBLEMS}
    assert said == {(f"`{one.code}`", str(int(one.status)), one.title) for one in PROBLEMS.values()}


def test_every_outcome_is_explained() -> None:
    explained = {name for cells in rows(2) for name in re.findall(r"`(\w+)`", cells[0])}
    assert explained >= set(Event.Status.values)


def expected_signature(secret: str, message_id: str, timestamp: int) -> str:
    return Webhook(secret).sign(message_id, datetime.fromtimestamp(timestamp, UTC), BODY.decode())


def test_the_recipe_in_python_signs_as_the_standard_does() -> None:
    names: dict[str, object] = {"base64": base64, "hmac": hmac}
    exec(block("Python:"), names)
    sign, secret = names["sign"], make_secret()
    assert callable(sign)
    assert sign(secret, "msg_1", 1768181400, BODY) == expected_signature(secret, "msg_1", 1768181400)


@pytest.mark.skipif(not shutil.which("openssl"), reason="the recipe is for machines with openssl")
def test_the_recipe_for_the_shell_signs_as_the_standard_does(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_bytes(BODY)
    recipe = block("Shell:").split("curl ")[0] + 'printf "%s %s v1,%s" "$id" "$now" "$signature"'
    secret = make_secret()
    done = subprocess.run(
        ["sh", "-c", recipe],
        cwd=tmp_path,
        env={"SECRET": secret, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    message_id, timestamp, signature = done.stdout.decode().split()
    assert signature == expected_signature(secret, message_id, int(timestamp))
