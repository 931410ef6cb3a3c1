"""simulate_policy: from a file without any database, from the database, and what it refuses."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries, Settings

from loans.tests.factories import make_installment, make_loan
from notifications.models import Delivery, Prompt
from notifications.policy_files import SHIPPED
from notifications.tests.test_simulation import DUE

CSV = """\
loan,currency,principal,borrower,borrower_name,borrower_phone,borrower_email,number,due_on,principal_due,interest_due,\
total_due,paid,outstanding,settled_on
LN-1,CNY,100,B-1,Li Wei,+8613800000101,li@example.test,1,2026-03-10,100,0,100,100,0,2026-03-10
LN-2,CNY,100,B-1,Li Wei,+8613800000101,li@example.test,1,2026-03-10,100,0,100,0,100,
LN-3,CNY,100,B-2,Chen,,,1,2026-03-10,100,0,100,0,100,
LN-4,CNY,100,B-3,Wu,+8613800000103,,1,2026-03-10,100,0,90,0,100,
"""
SPAN = ("--from", "2026-03-01", "--to", "2026-03-12")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "march.csv"
    path.write_text(CSV)
    return path


def run(*args: str) -> tuple[str, str]:
    out, complaints = StringIO(), StringIO()
    call_command("simulate_policy", *args, stdout=out, stderr=complaints)
    return out.getvalue(), complaints.getvalue()


def test_a_file_is_played_without_a_database_and_its_refusals_are_said(book: Path) -> None:
    out, complaints = run(*SPAN, "--book", str(book), "--policy", "cn", "--json")
    told = json.loads(out)
    assert (told["people"], told["policy"]) == (2, "policy cn")
    assert {row["day"] for row in told["persons"]} == {
        "2026-03-03",
        "2026-03-07",
        "2026-03-09",
        "2026-03-10",
        "2026-03-11",
    }
    assert {row["channel"] for row in told["tellings"]} == {"sms", "email"}
    assert max(row["went"] for row in told["tellings"]) == 1
    assert "LN-4" in complaints


def test_the_same_is_drawn_as_a_table(book: Path) -> None:
    out, _complaints = run(*SPAN, "--book", str(book), "--sms-delivered", "1", "--email-delivered", "1", "--seed", "4")
    lines = out.splitlines()
    assert lines[0] == "policy of each jurisdiction; seed 4"
    assert lines[1].split() == ["day", "channel", "go", "out", "held", "capped"]
    assert any(line.startswith("2026-03-03  email") for line in lines)
    assert lines[-1].startswith("2 people: ")
    assert "█" in out


@pytest.mark.django_db
def test_the_database_is_read_and_never_written(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _place in range(3):
        make_installment(make_loan(), due_on=DUE)
    with django_assert_max_num_queries(8):
        out, _complaints = run(*SPAN, "--json")
    assert json.loads(out)["people"] == 3
    assert not Prompt.objects.exists()
    assert not Delivery.objects.exists()


def test_a_jurisdiction_without_a_book_to_hold_for_ends_the_command() -> None:
    with pytest.raises(CommandError, match="--jurisdiction is of the people of --book") as ended:
        run(*SPAN, "--jurisdiction", "us")
    assert ended.value.returncode == 2


def test_a_jurisdiction_without_a_policy_ends_the_command(book: Path) -> None:
    with pytest.raises(CommandError, match="no policy for 'zz'"):
        run(*SPAN, "--book", str(book), "--jurisdiction", "zz")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--from", "2026-03-02", "--to", "2026-03-01"), "in order"),
        (("--from", "2020-01-01", "--to", "2026-03-01"), "400 days"),
        (("--from", "March", "--to", "2026-03-01"), "no day"),
        ((*SPAN, "--sms-delivered", "97"), "no share"),
        ((*SPAN, "--leads", "3;1"), "7,3,1,0"),
        ((*SPAN, "--leads", "99,0"), "99 is not a number of days from 0 to 60"),
        ((*SPAN, "--leads", "7,3"), "The last number must be 0"),
        ((*SPAN, "--leads", "0,7"), "from the longest down to 0"),
        ((*SPAN, "--overdue", "0,1"), "0 is not a number of days from 1 to 30"),
        ((*SPAN, "--overdue", ""), "1,3,7"),
        ((*SPAN, "--contact-hours", "22:00-08:00"), "--contact-hours"),
        ((*SPAN, "--book", "/nowhere.csv"), "cannot be read"),
        ((*SPAN, "--policy", "/nowhere.toml"), r"/nowhere\.toml: there is no such file\.$"),
        ((*SPAN, "--policy", "/nowhere.toml/cn.toml"), r"/nowhere\.toml/cn\.toml: there is no such file\.$"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_write(args: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*args)


def test_a_folder_in_place_of_a_policy_is_called_one(book: Path, tmp_path: Path) -> None:
    (tmp_path / "xx.toml").mkdir()
    with pytest.raises(CommandError, match=r"xx\.toml: this is a folder, not a file"):
        run(*SPAN, "--book", str(book), "--policy", str(tmp_path / "xx.toml"))


def test_hours_of_the_settings_are_named_where_they_take_the_place_of_those_of_a_file(
    book: Path, settings: Settings
) -> None:
    settings.CONTACT_HOURS = "10:00-12:00"
    of_setting, _complaints = run(*SPAN, "--book", str(book), "--policy", str(SHIPPED / "cn.toml"))
    assert of_setting.splitlines()[0].endswith(
        "cn.toml, but contact hours 10:00-12:00 by the setting CONTACT_HOURS; seed 1"
    )
    of_option, _complaints = run(*SPAN, "--book", str(book), "--policy", "cn", "--contact-hours", "09:00-11:00")
    assert of_option.splitlines()[0] == "policy cn, but contact hours 09:00-11:00 by --contact-hours; seed 1"
