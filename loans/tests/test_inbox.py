"""A folder that partners write into: whole files are taken in once, whatever happens on the way."""

import fcntl
import os
import shutil
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from pytest_django import Settings

from loans import signals
from loans.intake import inbox
from loans.intake.inbox import DONE, REFUSED, SETTLED_SECONDS, SIGNATURE_SECONDS, take_all
from loans.intake.reports import receive_file
from loans.models import Loan, Partner, Report, StatementLine
from loans.tasks import take_files
from loans.tests.camt_files import write_statement
from loans.tests.factories import make_bank, make_platform
from loans.tests.fineract_files import loan_json, write_json
from loans.tests.import_runs import run
from loans.tests.test_detached_signatures import make_key
from loans.tests.test_statement_reading import ENTRY
from loans.tests.test_swift_reading import ENVELOPED

pytestmark = pytest.mark.django_db
CONTENT = write_statement([ENTRY])
CSV = b"account,amount,currency,side,booked_on,reference\n6222,10.00,CNY,credit,2026-12-03,R-1\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of Harbour Bank."""
    make_bank()
    (tmp_path / "harbour").mkdir()
    return tmp_path / "harbour"


def put(place: Path, name: str, content: bytes = CONTENT, *, age: float = 60) -> Path:
    path = place / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


def take(place: Path) -> list[str]:
    return [str(taken.path.relative_to(place)) for taken in take_all(place.parent)]


def left(place: Path) -> set[str]:
    return {path.name for path in place.iterdir() if path.is_file()}


def test_files_of_every_kind_are_taken_in_and_put_away_under_the_number_of_their_report(place: Path) -> None:
    put(place, "053.xml", age=90)
    put(place, "loans.json", write_json([loan_json()]), age=80)
    put(place, "940.sta", ENVELOPED.encode(), age=70)
    put(place, "r.csv", CSV)
    taken = take(place)
    numbers = dict(Report.objects.values_list("name", "pk"))
    assert taken == [f"{DONE}/{numbers[name]}-{name}" for name in ("053.xml", "loans.json", "940.sta", "r.csv")]
    assert left(place) == set()
    assert (Loan.objects.count(), StatementLine.objects.count()) == (1, 4)
    assert (place / taken[0]).read_bytes() == CONTENT
    assert take(place) == []


def test_a_refused_file_lies_in_refused_with_the_reason_beside_it(place: Path) -> None:
    put(place, "bad.xml", b"<Document>")
    (name,) = take(place)
    assert name.startswith(f"{REFUSED}/")
    assert "bad.xml:line 1: cannot be read as XML" in (place / f"{name}.why.txt").read_text()


def test_a_file_that_was_refused_in_part_is_done_and_says_what_was_refused(place: Path) -> None:
    put(place, "053.xml", write_statement([ENTRY, ENTRY]).replace(b">510.25<", b">x<", 1))
    (name,) = take(place)
    assert name.startswith(f"{DONE}/")
    assert "line 5, entry 1" in (place / f"{name}.why.txt").read_text()


@pytest.mark.parametrize("name", [".053.xml", "053.xml.part", "053.xml.tmp", "053.xml.filepart", "053.xml~", "053.sig"])
def test_a_name_that_says_unfinished_is_left_alone(place: Path, name: str) -> None:
    put(place, name)
    assert take(place) == []
    assert left(place) == {name}


def test_a_file_is_whole_once_nobody_has_written_to_it_for_a_while(place: Path) -> None:
    path = put(place, "053.xml", age=SETTLED_SECONDS / 2)
    assert take(place) == []
    os.utime(path, (time.time() - SETTLED_SECONDS - 1,) * 2)
    assert len(take(place)) == 1


def test_one_that_is_written_to_while_it_is_read_stays_and_is_taken_with_what_it_holds_then(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, receive = put(place, "053.xml", CONTENT[:300]), receive_file

    def write_meanwhile(*arguments: object, **options: object) -> object:
        outcome = receive(*arguments, **options)  # type: ignore[arg-type]
        put(place, "053.xml", age=30)
        return outcome

    monkeypatch.setattr(inbox, "receive_file", write_meanwhile)
    assert take(place) == []
    assert path.exists()
    monkeypatch.setattr(inbox, "receive_file", receive)
    assert len(take(place)) == 1
    assert StatementLine.objects.count() == 1


def test_a_crash_between_keeping_and_moving_loses_nothing_and_doubles_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(place, "053.xml")
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "_put_away", lambda _taken: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take(place)
    assert left(place) == {"053.xml"}
    (again,) = take_all(place.parent)
    assert again.outcome.duplicate
    assert (Report.objects.count(), StatementLine.objects.count(), left(place)) == (1, 1, set())


def test_a_crash_while_it_is_applied_is_made_good_the_next_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(place, "053.xml")
    with monkeypatch.context() as patch:
        patch.setattr("loans.intake.reports.apply_in_chunks", lambda *_all: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take(place)
    assert (Report.objects.get().status, StatementLine.objects.count()) == ("received", 0)
    assert len(take(place)) == 1
    assert (Report.objects.get().status, StatementLine.objects.count()) == ("applied", 1)


def test_the_same_bytes_under_two_names_are_one_report(place: Path) -> None:
    put(place, "a.xml")
    put(place, "b.xml")
    assert len(take(place)) == 2
    assert (Report.objects.count(), StatementLine.objects.count()) == (1, 1)


def test_links_and_folders_of_nobody_are_not_followed(place: Path, tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.xml")
    (place / "link.xml").symlink_to(secret)
    (tmp_path / "stranger").mkdir()
    put(tmp_path / "stranger", "053.xml")
    (tmp_path / "lantern").symlink_to(tmp_path / "stranger")
    assert take(place) == []
    assert not Report.objects.exists()


def test_a_folder_that_another_watcher_is_taking_from_is_left_to_it(place: Path) -> None:
    put(place, "053.xml")
    other = os.open(place, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    assert take(place) == []
    os.close(other)
    assert len(take(place)) == 1


def test_a_signed_file_waits_for_its_signature_and_both_are_put_away(place: Path) -> None:
    secret = make_key(make_bank())
    path = put(place, "r.csv", CSV, age=SIGNATURE_SECONDS / 2)
    assert take(place) == []
    put(place, "r.csv.sig", secret.sign(CSV))
    (name,) = take(place)
    assert (left(place), (place / f"{name}.sig").exists(), path.exists()) == (set(), True, False)
    assert Report.objects.get().signed_by is not None


def test_an_unsigned_file_is_refused_when_no_signature_has_come_for_long(place: Path) -> None:
    make_key(make_bank())
    put(place, "r.csv", CSV, age=SIGNATURE_SECONDS + 1)
    (name,) = take(place)
    assert name.startswith(f"{REFUSED}/")
    assert not StatementLine.objects.exists()


def test_the_command_looks_once_tells_what_became_of_each_and_ends_with_2_after_a_refusal(place: Path) -> None:
    put(place, "053.xml", age=90)
    ran = run("watch_files", "--folder", place.parent, "--once")
    assert (ran.code, "053.xml: applied 0, unchanged 0, unmatched 1, refused 0" in ran.out) == (0, True)
    put(place, "bad.xml", b"<Document>")
    assert run("watch_files", "--folder", place.parent, "--once").code == 2


def test_a_database_that_does_not_answer_leaves_the_files_where_they_are(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(*_all: object, **_options: object) -> None:
        raise OperationalError("no answer")

    put(place, "053.xml")
    monkeypatch.setattr(inbox, "receive_file", no_answer)
    assert "does not answer" in run("watch_files", "--folder", place.parent, "--once").err
    assert left(place) == {"053.xml"}


@pytest.mark.parametrize("folder", ["", "/nowhere/at/all"])
def test_a_folder_that_is_not_there_is_told(folder: str) -> None:
    with pytest.raises(CommandError, match="--folder"):
        call_command("watch_files", "--folder", folder)


def test_the_sweep_takes_from_the_folder_of_the_settings(place: Path, settings: Settings) -> None:
    put(place, "053.xml")
    assert take_files() == 0
    settings.INBOX_FOLDER = str(place.parent)
    assert take_files() == 1


def test_a_file_that_cannot_be_applied_keeps_no_other_waiting(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of its own partner nor of one whose name comes later; it stays where it is."""
    make_platform()
    (place.parent / "lantern").mkdir()
    put(place, "loans.json", write_json([loan_json()]), age=90)
    put(place, "053.xml")
    put(place.parent / "lantern", "seen.json", write_json([]))

    def fails(**_: object) -> None:
        raise ValueError("a fault of ours")

    signals.installments_changed.connect(fails)
    try:
        taken = [taken.path.name for taken in take_all(place.parent)]
    finally:
        signals.installments_changed.disconnect(fails)
    assert [name.rsplit("-", 1)[1] for name in taken] == ["053.xml", "seen.json"]
    assert left(place) == {"loans.json"}
    assert "harbour" in caplog.text
    assert take(place)
    assert Loan.objects.count() == 1


def test_a_folder_that_cannot_be_opened_keeps_no_later_partner_waiting(place: Path) -> None:
    for firm, kind in (("lantern", Partner.Kind.PLATFORM), ("zenith", Partner.Kind.BANK)):
        Partner.objects.create(code=firm, kind=kind, name=firm)
        (place.parent / firm).mkdir()
        put(place.parent / firm, "loans.json", write_json([]))
    put(place, "053.xml")
    run_of_files = take_all(place.parent)
    next(run_of_files)
    shutil.rmtree(place.parent / "lantern")
    assert [taken.path.parts[-3] for taken in run_of_files] == ["zenith"]
