"""What a command is told wrongly ends it with a line and exit code 2, never with a traceback."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from loans.models import Endpoint
from loans.tests.factories import make_bank
from notifications.models import Halt

HALF = "\udcff"
"""What a byte that is no UTF-8 reaches a program as."""
LONG = "a" * 300


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def refused(*words: str) -> str:
    """What the command says of it."""
    with pytest.raises(CommandError) as ended:
        call_command(*words)
    # What argparse refuses is raised here with 1, and ends the command in a shell with 2.
    assert ended.value.returncode == 2 or str(ended.value).startswith("Error: argument")
    return str(ended.value)


@pytest.mark.parametrize(
    "words",
    [
        ["receive_bounces", "--port"],
        ["sandbox", "--smtp-port", "0", "--http-port"],
        ["sandbox", "--http-port", "0", "--smtp-port"],
    ],
)
def test_a_port_that_is_taken_is_named(words: list[str], taken: int) -> None:
    assert f"127.0.0.1:{taken}: " in refused(*words, str(taken))


@pytest.mark.parametrize("command", [["receive_bounces"], ["sandbox", "--http-port", "0", "--smtp-port", "0"]])
def test_a_host_that_is_none_is_named(command: list[str]) -> None:
    assert "Nothing can listen on no.such.invalid:" in refused(*command, "--host", "no.such.invalid")
    assert "without a host" in refused(*command, "--host", "")


@pytest.mark.parametrize("option", ["receive_bounces --port", "sandbox --http-port", "sandbox --bounce-port"])
@pytest.mark.parametrize("port", ["99999", "-1", "", "x", "9" * 30])
def test_what_is_no_port_is_refused_before_anything_listens(option: str, port: str) -> None:
    assert "is no port" in refused(f"{option}={port}".split(" ")[0], f"{option}={port}".split(" ")[1])


@pytest.mark.parametrize("every", ["-1", "0", "nan", "inf", "1e300", ""])
def test_what_is_no_time_to_wait_is_refused(every: str, tmp_path: Path) -> None:
    assert "is no time to wait" in refused("watch_files", "--once", f"--folder={tmp_path}", f"--every={every}")
    assert "is no time to wait" in refused("sandbox", f"--unit={every}")


@pytest.mark.parametrize("folder", ["", "/nowhere", "/etc/passwd", LONG, "a\0b"])
def test_what_is_no_folder_cannot_be_watched(folder: str) -> None:
    assert "Name a folder that exists" in refused("watch_files", "--once", f"--folder={folder}")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [
        ["add_endpoint", HALF, "https://a.example/"],
        ["add_file_key", HALF, "/nowhere"],
        ["add_partner_client", HALF, "ledger"],
        ["add_partner_client", "harbour", HALF],
        ["add_partner_client", "--end", HALF],
        ["give_prior_notice", HALF, "--days", "9", "--partner", "harbour"],
        ["give_prior_notice", "LN-1", "--days", "9", "--partner", HALF],
        ["replay_outward", "--partner", HALF, "--from", "1"],
        ["rotate_partner_key", HALF],
    ],
)
def test_half_a_letter_is_refused(words: list[str]) -> None:
    assert "this is not UTF-8 text" in refused(*words)


@pytest.mark.django_db
@pytest.mark.parametrize("nothing", ["", " "])
@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["import_loans", "/nowhere"], "--partner"),
        (["import_statement", "/nowhere"], "--partner"),
        (["import_loans", "/nowhere"], "--signature"),
        (["purge_history", "--before=2019-01"], "--by"),
        (["halt", "--reason=x"], "--by"),
        (["halt", "--reason=x"], "--partner"),
        (["lift", "1"], "--by"),
        (["add_partner_client", "harbour", "ledger"], "--end"),
        (["add_file_key", "harbour", "/nowhere"], "--until"),
        (["add_file_key", "harbour", "/nowhere"], "--from"),
        (["plan_prompts", "--dry-run"], "--at"),
        (["simulate_policy", "--from=2026-01-01", "--to=2026-01-02"], "--book"),
        (["simulate_policy", "--from=2026-01-01", "--to=2026-01-02"], "--contact-hours"),
    ],
)
def test_an_option_that_was_given_nothing_is_not_taken_as_left_out(words: list[str], option: str, nothing: str) -> None:
    said = refused(*words, f"{option}={nothing}")
    assert option in said
    assert "nothing was given" in said
    assert not Halt.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("hours", ["99999999999", "90000000", "-5", "8761", "x"])
def test_older_secrets_sign_for_a_year_at_most(hours: str) -> None:
    bank = make_bank()
    call_command("add_endpoint", bank.code, "https://a.example/hook")
    words = ["add_endpoint", bank.code, "https://a.example/hook", "--rotate", f"--overlap-hours={hours}"]
    assert "is no whole number from 0 to 8760" in refused(*words)
    assert Endpoint.objects.get().secrets.count() == 1


@pytest.mark.django_db
def test_events_whose_last_comes_before_the_first_are_refused() -> None:
    code = make_bank().code
    assert "must be in order" in refused("replay_outward", f"--partner={code}", "--from=9", "--to=1")


@pytest.mark.django_db
def test_a_number_that_no_event_has_room_for_is_refused() -> None:
    assert "is no whole number" in refused("replay_outward", "--partner=x", "--from=1", f"--to={2**63}")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [
        ["add_file_key", "nosuch", "/nowhere"],
        ["add_partner", "", "--kind=bank", "--name=x"],
        ["add_partner_client", "harbour", LONG],
        ["rotate_partner_key", "nosuch"],
        ["show_policies", "zz"],
    ],
)
def test_what_is_not_there_or_does_not_fit_ends_a_command_with_2(words: list[str]) -> None:
    assert refused(*words)
