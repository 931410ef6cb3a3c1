"""The levers from the shell: planning on trial, halting, lifting, and asking whether anybody is forgotten."""

import json
import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command, load_command_class
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import tasks
from notifications.models import Alarm, Halt, NoticeEvent, Prompt, Sweep
from notifications.tests.factories import NOON, TODAY
from notifications.tests.sweeps import all_ended

pytestmark = pytest.mark.django_db
NIGHT = NOON - timedelta(hours=8)
"""Four in the morning in Shanghai."""


@pytest.fixture
def installment() -> Installment:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - timedelta(days=1))
    return row


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(tasks, "wake_senders", lambda: calls.append("woken"))
    return calls


def run(name: str, *args: Any, at: Any = NOON, **options: Any) -> str:
    """What the command prints, run at `at`."""
    out = StringIO()
    with time_machine.travel(at, tick=False):
        call_command(name, *args, stdout=out, **options)
    return out.getvalue()


# plan_prompts


def on_trial_at(moment: str) -> str:
    out = StringIO()
    with time_machine.travel(NOON, tick=False):
        call_command("plan_prompts", "--dry-run", "--json", "--at", moment, stdout=out)
    return out.getvalue()


def test_a_plan_on_trial_says_what_it_would_plan_and_keeps_nothing(installment: Installment) -> None:
    printed = run("plan_prompts", dry_run=True)
    assert "1 messages would be planned; nothing was kept." in printed
    assert [line.split()[:5] for line in printed.splitlines()][1] == ["upcoming", "3", "sms", "1", "1"]
    assert not Prompt.objects.exists()
    assert not NoticeEvent.objects.exists()


def test_a_plan_for_real_is_what_was_planned_on_trial_and_wakes_the_senders(
    installment: Installment, woken: list[str], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    tried = json.loads(run("plan_prompts", dry_run=True, json=True))
    with django_capture_on_commit_callbacks(execute=True):
        assert json.loads(run("plan_prompts", json=True)) == tried
    assert Prompt.objects.get().installment == installment
    assert woken == ["woken"]
    assert run("plan_prompts") == "0 messages are planned.\n"


def test_what_contact_hours_hold_is_counted_with_when_it_goes_out(installment: Installment, settings: Settings) -> None:
    settings.CONTACT_HOURS = "08:00-22:00"
    (line,) = json.loads(run("plan_prompts", at=NIGHT, dry_run=True, json=True))
    opens = (NOON - timedelta(hours=4)).isoformat()
    assert (line["held"], line["rules"]) == (1, {"contact hours": 1})
    assert (line["first"], line["last"]) == (opens, opens)


def test_a_rule_that_a_policy_names_is_counted_by_its_name(installment: Installment) -> None:
    (line,) = json.loads(run("plan_prompts", at=NIGHT, dry_run=True, json=True))
    assert line["rules"] == {"cn/service/hours/2000-01-01": 1}


def test_installments_due_together_are_one_message_of_several_installments(installment: Installment) -> None:
    borrower = installment.loan.borrower
    make_installment(make_loan(borrower), due_on=installment.due_on)
    (line,) = json.loads(run("plan_prompts", dry_run=True, json=True))
    assert (line["messages"], line["installments"]) == (1, 2)


def test_whom_no_channel_reaches_is_counted_for_a_person(installment: Installment) -> None:
    make_installment(make_loan(make_borrower(phone=False, email=False)), due_on=installment.due_on)
    lines = json.loads(run("plan_prompts", dry_run=True, json=True))
    assert sorted((line["channel"], line["messages"]) for line in lines) == [("person", 1), ("sms", 1)]


def test_a_trial_may_look_ahead_and_a_plan_for_real_may_not(installment: Installment) -> None:
    (line,) = json.loads(on_trial_at("2026-11-24T12:00+08:00"))
    assert (line["kind"], line["stage"]) == ("upcoming", 1)
    with pytest.raises(CommandError, match="--at is for --dry-run"):
        call_command("plan_prompts", "--at", "2026-11-24T12:00+08:00")


@pytest.mark.parametrize("odd", ["tomorrow", "2026-11-24T12:00", "2026-13-45T99:99+08:00"])
def test_a_moment_without_a_zone_is_refused(odd: str) -> None:
    with pytest.raises(CommandError, match="no moment with a zone"):
        on_trial_at(odd)


# halt, lift


def test_everything_is_halted_and_lifted_from_the_shell(
    woken: list[str], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    agent = make_agent()
    printed = run("halt", reason="The wording is wrong.", by=str(agent.email).upper())
    thrown = Halt.objects.in_force().get()
    assert printed == f"Halt {thrown.pk}: everything is halted. To lift it: manage.py lift {thrown.pk}\n"
    assert (thrown.by, thrown.since, thrown.reason) == (agent, NOON, "The wording is wrong.")
    assert "The wording is wrong." in run("lift")
    with django_capture_on_commit_callbacks(execute=True):
        assert run("lift", thrown.pk).startswith("Lifted.")
    assert woken == ["woken"]
    assert run("lift") == "Nothing is halted.\n"


def test_a_part_is_halted() -> None:
    bank = make_bank()
    printed = run("halt", reason="Twice.", channel="sms", kind="overdue", partner=bank.code)
    assert "sms · overdue · harbour is halted" in printed
    thrown = Halt.objects.get()
    assert (thrown.channel, thrown.kind, thrown.partner, thrown.by) == ("sms", "overdue", bank, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reason": "x", "partner": "nobody"}, "No partner has the code"),
        ({"reason": " "}, "needs a reason"),
        ({"reason": "x" * 201}, r"Ensure this value has at most 200 characters \(it has 201\)\."),
        ({"reason": "x", "by": "stranger@example.test"}, "Nobody at the desk"),
    ],
)
def test_a_halt_that_cannot_be_thrown_says_why_and_halts_nothing(options: dict[str, str], words: str) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        run("halt", **options)
    assert refused.value.returncode == 2
    assert not Halt.objects.exists()


def test_a_reason_of_two_hundred_letters_is_kept_whole() -> None:
    run("halt", reason=f" {'x' * 200} ")
    assert Halt.objects.get().reason == "x" * 200


@pytest.mark.parametrize("option", ["--reason", "--partner", "--by"])
def test_bytes_that_are_no_letters_are_refused_in_an_operators_words(option: str) -> None:
    typed = os.fsdecode(b"stopped \xff")
    with pytest.raises(
        CommandError, match=f"argument {option}: this is not UTF-8 text: see to the terminal's"
    ) as refused:
        run("halt", *(["--reason", "x"] if option != "--reason" else []), option, typed)
    assert "codec" not in str(refused.value)
    assert not Halt.objects.exists()


def test_what_is_halted_already_is_said_to_be(woken: list[str]) -> None:
    run("halt", reason="One.")
    again = run("halt", reason="Two.", at=NOON + timedelta(minutes=1))
    assert f"Halt {Halt.objects.get().pk}: everything is halted already, since 2026-11-22 04:00 (UTC)." in again


def test_one_that_is_lifted_already_leaves_the_others_in_force(woken: list[str]) -> None:
    run("halt", reason="One.")
    run("halt", reason="Two.", channel="sms")
    one, two = Halt.objects.order_by("pk")
    assert f"still held by other halts: {two.pk}." in run("lift", one.pk)
    with pytest.raises(CommandError, match=f"Halt {one.pk} is not in force"):
        run("lift", two.pk, one.pk)
    assert list(Halt.objects.in_force()) == [two]


def test_one_that_is_named_twice_is_lifted_once(woken: list[str]) -> None:
    run("halt", reason="One.")
    number = Halt.objects.get().pk
    assert run("lift", number, number) == "Lifted. What waited goes out now, unless its time has passed.\n"
    assert not Halt.objects.in_force().exists()


@pytest.fixture
def _bad_policies(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "cn.toml").write_text("is broken")
    settings.POLICY_FOLDER = str(tmp_path)
    settings.CONTACT_HOURS = "never"


@pytest.mark.usefixtures("_bad_policies")
def test_a_bad_policy_or_setting_keeps_nobody_from_halting_and_lifting() -> None:
    run("halt", reason="The policy is wrong.")
    run("lift", Halt.objects.in_force().get().pk)
    assert not Halt.objects.in_force().exists()


@pytest.mark.parametrize("name", ["halt", "lift", "check_coverage", "verify_evidence"])
def test_no_check_of_the_settings_stands_before_it(name: str) -> None:
    assert load_command_class("notifications", name).requires_system_checks == []


# check_coverage


@pytest.fixture
def _sweeps_run() -> None:
    all_ended(NOON)


def coverage_that_ends(code: int, **options: Any) -> tuple[str, str]:
    """What it prints and what it warns of, at noon."""
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended, time_machine.travel(NOON, tick=False):
        call_command("check_coverage", stdout=out, stderr=err, **options)
    assert ended.value.code == code
    return out.getvalue(), err.getvalue()


def test_sweeps_that_do_not_run_end_the_command_with_2_and_are_named(installment: Installment) -> None:
    run("plan_prompts")
    all_ended(NOON - timedelta(hours=1))
    Sweep.objects.filter(name="cover").update(failed_at=NOON, why="DiskFull")
    printed, warned = coverage_that_ends(2)
    assert "Everybody" in printed
    assert "The sweep plan does not run, ended well last: 2026-11-22 03:00 (UTC)." in warned
    assert "The sweep cover fails each time (DiskFull)" in warned
    assert "The sweep send-sms does not run" in warned
    assert "workers of sms." in warned
    assert coverage_that_ends(2, json=True)[0] == "[]\n"


def test_where_somebody_is_forgotten_too_it_ends_with_1_and_says_both(installment: Installment) -> None:
    all_ended(NOON - timedelta(hours=1))
    printed, warned = coverage_that_ends(1)
    assert "1 not being told" in printed
    assert "The sweep plan does not run" in warned


@pytest.mark.usefixtures("_bad_policies")
def test_where_it_cannot_look_the_command_ends_with_2_and_not_with_1(installment: Installment) -> None:
    with pytest.raises(CommandError, match="Could not look") as ended:
        run("check_coverage")
    assert ended.value.returncode == 2


def test_somebody_who_is_forgotten_is_named_by_number_and_ends_the_command_with_1(installment: Installment) -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as ended, time_machine.travel(NOON, tick=False):
        call_command("check_coverage", stdout=out)
    assert ended.value.code == 1
    borrower = installment.loan.borrower
    assert f"installment:{installment.pk}" in out.getvalue()
    assert f"borrower:{borrower.pk}" in out.getvalue()
    assert "1 not being told" in out.getvalue()
    assert not any(str(word) in out.getvalue() for word in (borrower.name, borrower.phone, borrower.email))
    assert Alarm.objects.open().count() == 1


def test_alarms_are_printed_for_programs(installment: Installment) -> None:
    out = StringIO()
    with pytest.raises(SystemExit), time_machine.travel(NOON, tick=False):
        call_command("check_coverage", "--json", stdout=out)
    (alarm,) = json.loads(out.getvalue())
    assert alarm["subject"] == f"installment:{installment.pk}"
    assert alarm["due_on"] == installment.due_on.isoformat()


@pytest.mark.usefixtures("_sweeps_run")
def test_when_everybody_is_told_the_command_ends_with_0(installment: Installment) -> None:
    run("plan_prompts")
    assert "Everybody" in run("check_coverage")
    assert run("check_coverage", json=True) == "[]\n"
