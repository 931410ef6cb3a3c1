"""A process that could not tell everybody does not start."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

WEB = [sys.executable, "-m", "gunicorn", "--check-config", "-c", "python:portal.gunicorn_conf", "portal.wsgi"]
WORKER = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--pool", "solo", "--loglevel", "WARNING"]
BEAT = [sys.executable, "-m", "celery", "-A", "portal", "beat"]


def start(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **env}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


SETTINGS = Path(__file__).parents[1] / "settings"
SWITCHES = sorted(
    {name for file in SETTINGS.glob("*.py") for name in re.findall(r'env.bool\("(\w+)"', file.read_text())}
)
READ = [sys.executable, "-c", "from portal.settings import environment, pages, people; print(environment.DEBUG)"]


def test_every_switch_is_known() -> None:
    assert {"DEBUG", "SMS_INBOUND", "BEHIND_PROXY", "COMPRESS_STATIC"} <= {*SWITCHES}


@pytest.mark.parametrize("name", SWITCHES)
def test_what_is_neither_true_nor_false_stops_the_start_with_a_line(name: str) -> None:
    ended = start([sys.executable, "-c", "import portal.settings"], **{name: "maybe"})
    assert ended.returncode != 0
    assert ended.stderr == (
        f"This cannot start: {name} is neither true nor false: write one of them. See docs/operations.md.\n"
    )


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("True", True),
        (" on ", True),
        ("yes", True),
        ("1", True),
        ("FALSE", False),
        ("off", False),
        ("no", False),
        ("0", False),
        ("", False),
    ],
)
def test_what_is_true_or_false_is_read_as_that(word: str, read: bool) -> None:
    ended = start(READ, DEBUG=word)
    assert (ended.returncode, ended.stdout.strip()) == (0, str(read))


@pytest.mark.parametrize("command", [WEB, WORKER, BEAT], ids=["web", "worker", "beat"])
def test_whatever_is_wrong_stops_the_start_and_is_named(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "cn.toml").write_text("nothing = 1")
    wrong = {
        "SMS_PROVIDERS": "kannel,pigeon", "KANNEL_CALLBACK_TOKEN": "", "CONTACT_HOURS": "22:00-08:00",
        "POLICY_FOLDER": str(tmp_path), "VAPID_PRIVATE_KEY": "none",
    }  # fmt: skip
    ended = start(command, **wrong)
    assert ended.returncode != 0
    assert "pigeon" in ended.stderr
    named = set(re.findall(r"notifications\.(E\d+)", ended.stderr))
    assert named == {"E002", "E003", "E004", "E006", "E007"}


@pytest.mark.parametrize("command", [WEB, WORKER, BEAT], ids=["web", "worker", "beat"])
def test_one_fault_is_enough(command: list[str]) -> None:
    ended = start(command, KANNEL_CALLBACK_TOKEN="")
    assert ended.returncode != 0
    assert "KANNEL_CALLBACK_TOKEN is not set" in ended.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"KANNEL_URL": "gateway.example/cgi-bin/sendsms"},
        {
            "SMS_PROVIDERS": "kannel,twilio", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "a-token",
            "TWILIO_SENDER": "+14155552345",
        },
        {"DEFAULT_FROM_EMAIL": "nobody"},
    ],
)  # fmt: skip
def test_a_worker_with_a_provider_whose_settings_cannot_be_used_does_not_start(env: dict[str, str]) -> None:
    ended = start(WORKER, **env)
    assert ended.returncode != 0
    assert "could not be asked" in ended.stderr


@pytest.mark.parametrize("channel", ["sms", "email", "voice"])
def test_a_channel_that_nobody_provides_is_none_of_the_sweeps(channel: str) -> None:
    """No worker takes its wake-ups, so it would be among those that do not run, and the desk red, for ever."""
    sweeps = "from portal.settings.work import CELERY_BEAT_SCHEDULE; print(*CELERY_BEAT_SCHEDULE)"
    ended = start(
        [sys.executable, "-c", sweeps], **{"VOICE_PROVIDERS": "twilio_voice", f"{channel.upper()}_PROVIDERS": ""}
    )
    sending = {name.removeprefix("send-") for name in ended.stdout.split() if name.startswith("send-")}
    assert {"sms", "email", "voice", "in_app"} - sending == {channel}


@pytest.mark.parametrize("command", [WEB, WORKER, BEAT], ids=["web", "worker", "beat"])
def test_a_folder_in_place_of_a_policy_file_is_called_one(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "cn.toml").mkdir()
    ended = start(command, POLICY_FOLDER=str(tmp_path))
    assert ended.returncode != 0
    assert f"{tmp_path}/cn.toml: this is a folder, not a file." in ended.stderr


@pytest.mark.parametrize("command", [WEB, WORKER, BEAT], ids=["web", "worker", "beat"])
def test_what_is_needed_and_missing_stops_the_start_with_a_line_for_each(command: list[str]) -> None:
    ended = start(command, SECRET_KEY="", DATABASE_URL="nonsense", REDIS_URL="", PUBLIC_URL="no", ALLOWED_HOSTS="")
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    named = re.findall(r"^([A-Z_]+) is ", ended.stderr, re.MULTILINE)
    assert named == ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "ALLOWED_HOSTS"]


@pytest.mark.parametrize("command", [WEB, WORKER, BEAT], ids=["web", "worker", "beat"])
@pytest.mark.parametrize(
    "wrong",
    [
        ("EMAIL_URL", "carrier-pigeon://here"),
        ("EMAIL_URL", "smtp://host:abc"),
        ("DATABASE_POOL", "many"),
        ("LADDER_PACE", "abc"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named_in_one_line(command: list[str], wrong: tuple[str, str]) -> None:
    ended = start(command, **dict([wrong]))
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert f"This cannot start: {wrong[0]} is " in ended.stderr
    assert wrong[1] not in ended.stderr


def test_a_web_server_whose_settings_are_sound_starts() -> None:
    ended = start(WEB)
    assert (ended.returncode, "cannot start" in ended.stderr) == (0, False)


def test_a_file_of_policies_that_is_not_read_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "de.tml").touch()
    ended = start(WEB, POLICY_FOLDER=str(tmp_path))
    assert ended.returncode == 0
    assert f"{tmp_path}/de.tml: this is not read" in ended.stderr
    assert "notifications.W009" in ended.stderr
