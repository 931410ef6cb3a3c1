"""Which policy holds: finds the files, reads each once and picks the figures of a day.

The files are <jurisdiction>.toml, two small letters, in `policies/` beside this module. POLICY_FOLDER names a folder of
an operator's own: a file there takes the place of the shipped one of that name, or adds a jurisdiction. A process reads
them once; a change needs a restart. One that has come since is read when the first person under it is met.
"""

import logging
import re
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from accounts.jurisdictions import can_be_somebodys, shared_law
from notifications.policy import (
    AnyRule,
    Cap,
    CoolOff,
    HoursRule,
    NoticePeriod,
    OptOut,
    Policy,
    PolicyError,
    Purpose,
    Rule,
    in_force,
)
from notifications.policy_reading import read_rules

logger = logging.getLogger(__name__)
SHIPPED: Final = Path(__file__).parent / "policies"


def policy_for(jurisdiction: str, purpose: str, day: date) -> Policy:
    """The figures in force in `jurisdiction` (`cn`, `us`, `uk`, `eu` or one's own) on `day`, the borrower's own; those
    of the law that its people share with others where it has no file that can be used, or none that holds yet.

    Raises PolicyError for a day before the first contact hours of a shipped file, and where one cannot be used. The
    start checks the files (notifications.E002): in a process that runs, only the first happens.
    """
    return _law_on(settings.POLICY_FOLDER, jurisdiction, Purpose(purpose), day)


def jurisdictions() -> list[str]:
    """The codes of the jurisdictions that have a file. Raises PolicyError."""
    return sorted(_paths(settings.POLICY_FOLDER))


def rules_of(jurisdiction: str) -> tuple[Rule, ...]:
    """Every figure of a jurisdiction, past and future, in the order of its file. Raises PolicyError."""
    return _rules(settings.POLICY_FOLDER, jurisdiction)


def opt_out_for(jurisdiction: str, day: date) -> OptOut | None:
    """Within what time it must be obeyed that somebody wants no more messages; None where no figure holds on `day`.
    Raises PolicyError.
    """
    folder = settings.POLICY_FOLDER
    every = _rules(folder, _law(folder, jurisdiction))
    return next(in_force((rule for rule in every if isinstance(rule, OptOut)), day), None)


def rule_named(rule_id: str) -> Rule | None:
    """The rule that was kept as `rule_id` beside a decision; None where the files do not have it any more."""
    jurisdiction = rule_id.partition("/")[0]
    if jurisdiction not in jurisdictions():
        return None
    return next((rule for rule in rules_of(jurisdiction) if rule.id == rule_id), None)


def faults(today: date) -> Iterator[str]:
    """All that is wrong with the files, a text for each; nothing where every purpose has hours since `today`."""
    folder = settings.POLICY_FOLDER
    try:
        paths, misnamed = _look(folder)
    except PolicyError as error:
        yield from error.faults
        return
    yield from misnamed
    for jurisdiction, path in sorted(paths.items()):
        if not can_be_somebodys(jurisdiction):
            yield f"{path}: no country has this code, so it would hold for nobody."
        try:
            # Those of before are kept where a file is misnamed, and the others could not be looked at.
            rules = _read(path, jurisdiction) if misnamed else _rules(folder, jurisdiction)
        except PolicyError as error:
            yield from error.faults
        else:
            yield from _without_hours(rules, path, today)


def _without_hours(rules: tuple[Rule, ...], path: Path, today: date) -> Iterator[str]:
    for purpose in Purpose:
        try:
            _first_hours([rule for rule in rules if rule.purpose == purpose], path, purpose, today)
        except PolicyError as error:
            yield str(error)


def passed_over() -> Iterator[str]:
    """What lies in POLICY_FOLDER and is not read, one text for each. What is hidden, as editors and mounts leave it,
    and a README may lie there.
    """
    folder = settings.POLICY_FOLDER
    try:
        found = sorted(Path(folder).iterdir()) if folder else []
    except OSError:
        return  # `faults` says so
    for path in found:
        hidden = path.name.startswith(".") or path.name.lower().startswith("readme")
        if not hidden and path.suffix.lower() != ".toml":
            yield (
                f"{path}: this is not read. A policy is a file that has the two small letters of its jurisdiction as "
                "its name and ends in .toml, such as cn.toml."
            )


@lru_cache(maxsize=1024)
def _law_on(folder: str, jurisdiction: str, purpose: Purpose, day: date) -> Policy:
    """The policy of `jurisdiction`, or the shared one while its own has come early and has no hours yet on `day`."""
    law = _law(folder, jurisdiction)
    try:
        return _policy(folder, law, purpose, day)
    except PolicyError as error:
        if (shared := shared_law(law)) == law:
            raise
        logger.error("%s Until then %s holds for its people.", error, shared)
        return _policy(folder, shared, purpose, day)


@cache
def _law(folder: str, jurisdiction: str) -> str:
    """`jurisdiction` where it has a file that can be used. One person under a law without a file would otherwise keep
    everybody's calendar from being made, and their messages would stand before everybody else's.
    """
    if jurisdiction not in _paths(folder):
        _take_in_what_came(folder)
    try:
        _rules(folder, jurisdiction)
    except PolicyError as error:
        if (shared := shared_law(jurisdiction)) == jurisdiction:
            raise
        logger.error("%s Until then %s holds for its people; see renew_jurisdictions.", error, shared)
        return shared
    return jurisdiction


def _take_in_what_came(folder: str) -> None:
    """A folder that cannot be read now, or holds a file that means nothing, leaves those that were known."""
    try:
        found = _find(folder)
    except PolicyError:
        logger.exception("policy files that have come since the start are not read")
    else:
        _paths(folder).update({**found, **_paths(folder)})


@cache
def _paths(folder: str) -> dict[str, Path]:
    return _find(folder)


def _find(folder: str) -> dict[str, Path]:
    paths, misnamed = _look(folder)
    if misnamed:
        raise PolicyError(*misnamed)
    return paths


def _look(folder: str) -> tuple[dict[str, Path], list[str]]:
    """The files by their jurisdiction, and what is wrong with the names of others. Raises PolicyError where the folder
    cannot be read.
    """
    paths, misnamed = {path.stem: path for path in SHIPPED.glob("*.toml")}, list[str]()
    if not folder:
        return paths, misnamed
    try:
        own = [path for path in Path(folder).iterdir() if path.suffix.lower() == ".toml"]
    except OSError as error:
        raise PolicyError(f"POLICY_FOLDER {folder}: it cannot be read ({error.strerror}).") from error
    for path in sorted(own):
        if re.fullmatch(r"[a-z]{2}\.toml", path.name):
            paths[path.stem] = path
        else:
            misnamed.append(f"{path}: name it after its jurisdiction, two small letters such as cn.toml.")
    return paths, misnamed


@cache
def _rules(folder: str, jurisdiction: str) -> tuple[Rule, ...]:
    paths = _paths(folder)
    if jurisdiction not in paths:
        raise PolicyError(
            f"There is no policy for {jurisdiction[:20]!r}, only for {', '.join(sorted(paths))}: "
            f"add a file to POLICY_FOLDER."
        )
    return _read(paths[jurisdiction], jurisdiction)


def _read(path: Path, jurisdiction: str) -> tuple[Rule, ...]:
    try:
        text = path.read_text("utf-8-sig")  # editors on Windows begin a file with a mark of its order of octets
    except IsADirectoryError as error:
        raise PolicyError(f"{path}: this is a folder, not a file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: this cannot be read as a file in UTF-8: {error}.") from error
    return read_rules(text, jurisdiction, str(path))


@lru_cache(maxsize=1024)
def _policy(folder: str, jurisdiction: str, purpose: Purpose, day: date) -> Policy:
    every = [rule for rule in _rules(folder, jurisdiction) if rule.purpose == purpose]
    rules = list(in_force(every, day))
    hours = _first_hours(every, _paths(folder)[jurisdiction], purpose, day)
    caps, cool_offs, notices = _of(Cap, rules), _of(CoolOff, rules), _of(NoticePeriod, rules)
    return Policy(jurisdiction, purpose, day, hours, caps, cool_offs, notices)


def _first_hours(every: list[Rule], path: Path, purpose: Purpose, day: date) -> HoursRule:
    """Of the rules of a purpose. Raises PolicyError."""
    hours = _of(HoursRule, list(in_force(every, day)))
    if not hours:
        first = min(rule.citation.valid_from for rule in _of(HoursRule, every))
        raise PolicyError(
            f"{path}: {purpose} has no contact hours on {day}, its first are of {first}: "
            "add a figure that holds earlier."
        )
    return hours[0]


def _of(kind: type[AnyRule], rules: list[Rule]) -> tuple[AnyRule, ...]:
    return tuple(rule for rule in rules if isinstance(rule, kind))
