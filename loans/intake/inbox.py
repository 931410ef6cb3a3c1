"""Takes in what partners put into a folder: DIR/CODE/file, CODE the partner's; then it is in done/ or refused/ there.

Nothing is lost by a crash: a file is moved only once it is kept and applied, and one that was kept before is known by
its bytes when it is met again.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

from loans.intake.detached import MOST_BYTES, SUFFIX
from loans.intake.reports import Outcome, receive_file
from loans.models import FileKey, Partner, Report

DONE: Final = "done"
REFUSED: Final = "refused"
WHY: Final = ".why.txt"
SETTLED_SECONDS: Final = 5.0
"""A file that nobody has written to for so long is whole. Who writes more slowly writes under another name first."""
SIGNATURE_SECONDS: Final = 300.0
"""How long after its file a signature may come."""
UNFINISHED: Final = (".part", ".tmp", ".filepart", ".crdownload", "~")
"""Names that programs give to a file while they write it; as well as all that begin with a dot."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken in, where it is now, and what became of it."""

    path: Path
    outcome: Outcome

    @property
    def is_refused(self) -> bool:
        return self.outcome.status == Report.Status.REFUSED


def take_all(folder: Path) -> Iterator[Taken]:
    """Take in every file that is whole, partner by partner, the oldest first.

    One that cannot be read, applied or moved is logged and left for the next time, and keeps no other waiting. Raises
    OperationalError or InterfaceError where the database does not answer.
    """
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()):
        partner = Partner.objects.filter(code=place.name).first()
        if partner is None:
            log.warning("The folder %s has no partner's code for a name; nothing is taken from it", place.name)
            continue
        try:
            with _alone(place) as alone:
                if alone:
                    yield from _take_each(partner, place)
        except OSError as error:
            log.warning("The folder of %s cannot be read: %s", partner.code, error.strerror)


@contextmanager
def _alone(place: Path) -> Iterator[bool]:
    """Whether nobody else on this machine takes from this folder; the lock ends with its holder, however it ends."""
    folder = os.open(place, os.O_RDONLY)
    try:
        yield _locked(folder)
    finally:
        os.close(folder)


def _locked(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _take_each(partner: Partner, place: Path) -> Iterator[Taken]:
    for path in waiting(place, signed=FileKey.objects.filter(partner=partner).exists()):
        try:
            taken = _take(partner, path)
        except OSError as error:
            log.warning("A file of %s stays where it is: %s", partner.code, error.strerror)
            continue
        except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
            raise
        except Exception:
            log.exception("A file of %s cannot be taken in and stays where it is", partner.code)
            continue
        if taken:
            yield taken


def waiting(place: Path, *, signed: bool) -> list[Path]:
    """The files of one partner that are whole, the oldest first; no links: they may lead to what is another's."""
    now, found = time.time(), []
    for path in place.iterdir():
        if path.name.startswith(".") or path.name.endswith((*UNFINISHED, SUFFIX)):
            continue
        if path.is_symlink() or not path.is_file():
            continue
        age = now - path.stat().st_mtime
        if age < SETTLED_SECONDS or (signed and age < SIGNATURE_SECONDS and _signature(path) is None):
            continue
        found.append(path)
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))


def _take(partner: Partner, path: Path) -> Taken | None:
    """None where the file was written to meanwhile: it was not whole, and is taken again with what it holds then."""
    before = path.stat()
    with _opened(path) as content:
        outcome = receive_file(partner.code, None, path.name, content, signature=_signature(path))
    after = path.stat()
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
        return None
    return _put_away(Taken(path, outcome))


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def _signature(path: Path) -> bytes | None:
    beside = path.with_name(path.name + SUFFIX)
    if beside.is_symlink() or not beside.is_file():
        return None
    with _opened(beside) as file:
        return file.read(MOST_BYTES)


def _put_away(taken: Taken) -> Taken:
    """Into done/ or refused/, its name after the report's number, so that it is free; with what was refused and why."""
    place = taken.path.parent / (REFUSED if taken.is_refused else DONE)
    place.mkdir(exist_ok=True)
    there = place / f"{taken.outcome.report_id}-{taken.path.name}"
    if taken.outcome.refusals:
        there.with_name(there.name + WHY).write_text("".join(f"{line}\n" for line in taken.outcome.refusals))
    beside = taken.path.with_name(taken.path.name + SUFFIX)
    if beside.is_file() and not beside.is_symlink():
        beside.replace(there.with_name(there.name + SUFFIX))
    taken.path.replace(there)
    return Taken(there, taken.outcome)
