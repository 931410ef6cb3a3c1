"""From the text of one policy file to its rules, every mistake refused with its place.

A figure is a table of its own with `value`, `citation`, `valid_from` and `mark`; a later one for the same thing follows
it. docs/policies.md shows a file.
"""

import difflib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeVar

from notifications.policy import (
    CHANNELS,
    DISPUTES,
    NOTICES,
    SPANS,
    Cap,
    Citation,
    CoolOff,
    DisputeClock,
    HoursRule,
    Mark,
    NoticePeriod,
    OptOut,
    PolicyError,
    Purpose,
    Rule,
    Unit,
    When,
    in_force,
)
from notifications.timing import ContactHours

Word = TypeVar("Word", bound=StrEnum)
LONGEST: Final = 3660
"""Days, and times: ten years of the one, and no cap at all of the other."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One table of a file, with its place for those who mend it. Its readers raise PolicyError."""

    keys: Mapping[str, Any]
    subject: str
    place: str

    def refuse(self, what: str) -> PolicyError:
        return PolicyError(f"{self.place}: {what}.")

    def get(self, name: str) -> Any:
        if name not in self.keys:
            raise self.refuse(f"{name} is missing")
        return self.keys[name]

    def words(self, name: str) -> str:
        text = self.get(name)
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise self.refuse(f"{name} must be one line of text")
        return text

    def count(self, least: int) -> int:
        number = self.get("value")
        if type(number) is not int or not least <= number <= LONGEST:
            raise self.refuse(f"value must be a whole number from {least} to {LONGEST}")
        return number

    def choice(self, name: str, choices: type[Word]) -> Word:
        try:
            return choices(self.get(name))
        except ValueError:
            raise self.refuse(f"{name} must be one of {', '.join(choices)}") from None

    def citation(self) -> Citation:
        day = self.get("valid_from")
        if type(day) is not date:
            raise self.refuse("valid_from must be a day, such as 2025-02-28 without quotation marks")
        note = self.words("note") if "note" in self.keys else ""
        return Citation(self.words("citation"), self.choice("mark", Mark), day, note)


Build = Callable[[Figure, list[str]], Rule]


def _hours(figure: Figure, _path: list[str]) -> Rule:
    try:
        return HoursRule(figure.subject, figure.citation(), ContactHours.parse(figure.words("value")))
    except ValueError as error:
        raise figure.refuse(str(error).rstrip(".")) from None


def _cap(figure: Figure, path: list[str]) -> Rule:
    *_section, channel, span = path
    return Cap(figure.subject, figure.citation(), channel, span, figure.count(1))


def _cool_off(figure: Figure, path: list[str]) -> Rule:
    return CoolOff(figure.subject, figure.citation(), path[-1], figure.count(1))


def _notice(figure: Figure, path: list[str]) -> Rule:
    when = figure.choice("when", When)
    days = figure.count(0 if when is When.BEFORE else 1)
    return NoticePeriod(figure.subject, figure.citation(), path[-1], days, when)


def _clock(figure: Figure, path: list[str]) -> Rule:
    unit = figure.choice("unit", Unit) if "unit" in figure.keys else Unit.DAYS
    return DisputeClock(figure.subject, figure.citation(), path[-1], figure.count(1), unit)


def _opt_out(figure: Figure, _path: list[str]) -> Rule:
    return OptOut(figure.subject, figure.citation(), figure.count(1))


_KEYS: Final = ("value", "citation", "valid_from", "mark", "note")
_EXTRA_KEYS: Final[dict[Build, str]] = {_notice: "when", _clock: "unit"}
_OF_ANY_PURPOSE: Final = {
    "hours": _hours,
    "caps": {channel: dict.fromkeys(SPANS, _cap) for channel in CHANNELS},
    "cool_off": dict.fromkeys(CHANNELS, _cool_off),
}
_TREE: Final[dict[str, Any]] = {
    Purpose.SERVICE: _OF_ANY_PURPOSE,
    Purpose.STATUTORY: {**_OF_ANY_PURPOSE, "notices": dict.fromkeys(NOTICES, _notice)},
    Purpose.COLLECTION: _OF_ANY_PURPOSE,
    "disputes": dict.fromkeys(DISPUTES, _clock),
    "texts": {"opt_out": _opt_out},
}


def read_rules(text: str, jurisdiction: str, where: str) -> tuple[Rule, ...]:
    """All rules of a file, in its order. `where` names the file in what is refused. Raises PolicyError."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{where}: this is not a TOML file: {error}.") from error
    return rules_in(document, jurisdiction, where)


def rules_in(document: Mapping[str, Any], jurisdiction: str, where: str) -> tuple[Rule, ...]:
    """All rules of a file that was read as TOML. Raises PolicyError."""
    rules = tuple(_walk(document, _TREE, [], jurisdiction, where))
    _refuse_repeated(rules, where)
    _refuse_missing_hours(rules, jurisdiction, where)
    _refuse_days_above_weeks(rules, where)
    return rules


def _walk(
    table: Mapping[str, Any], tree: Mapping[str, Any], path: list[str], jurisdiction: str, where: str
) -> Iterator[Rule]:
    for name, inside in table.items():
        place = f"{where} [{'.'.join([*path, name])}]"
        _refuse_unknown(name, tree, f"{where} [{'.'.join(path)}]" if path else where)
        branch = tree[name]
        if isinstance(branch, Mapping):
            if not isinstance(inside, dict):
                raise PolicyError(f"{place}: this must hold {', '.join(branch)}, each with its figures.")
            yield from _walk(inside, branch, [*path, name], jurisdiction, where)
        elif not isinstance(inside, list) or not all(isinstance(figure, dict) for figure in inside):
            raise PolicyError(f"{place}: a figure is a table of its own: write [[{'.'.join([*path, name])}]] above it.")
        else:
            yield from _build(inside, branch, [*path, name], jurisdiction, place)


def _build(
    figures: list[dict[str, Any]], build: Build, path: list[str], jurisdiction: str, place: str
) -> Iterator[Rule]:
    allowed = [*_KEYS, *([_EXTRA_KEYS[build]] if build in _EXTRA_KEYS else [])]
    for number, keys in enumerate(figures, start=1):
        at = f"{place} no. {number}" if len(figures) > 1 else place
        for name in keys:
            _refuse_unknown(name, allowed, at)
        yield build(Figure(keys, "/".join([jurisdiction, *path]), at), path)


def _refuse_unknown(name: str, known: Iterable[str], place: str) -> None:
    names = [str(one) for one in known]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0)[0]
        raise PolicyError(
            f"{place}: {name[:40]!r} has no meaning here. The nearest name is {near!r}; there are {', '.join(names)}."
        )


def _refuse_repeated(rules: Iterable[Rule], where: str) -> None:
    for rule_id, times in Counter(rule.id for rule in rules).items():
        if times > 1:
            raise PolicyError(
                f"{where}: {times} figures have the same day, {rule_id}: which one holds? Give each its own valid_from."
            )


def _refuse_missing_hours(rules: Iterable[Rule], jurisdiction: str, where: str) -> None:
    found = {rule.purpose for rule in rules if isinstance(rule, HoursRule)}
    for purpose in Purpose:
        if purpose not in found:
            raise PolicyError(f"{where}: {jurisdiction} has no contact hours: add [[{purpose}.hours]] with a figure.")


def _refuse_days_above_weeks(rules: Iterable[Rule], where: str) -> None:
    caps = [rule for rule in rules if isinstance(rule, Cap)]
    for cap in caps:
        beside = [one for one in caps if (one.purpose, one.channel) == (cap.purpose, cap.channel)]
        most = {one.span: one.most for one in in_force(beside, cap.citation.valid_from)}
        if most.get("day", 0) > most.get("week", LONGEST):
            raise PolicyError(
                f"{where}: from {cap.citation.valid_from} on, {cap.purpose} by {cap.channel} has a cap of "
                f"{most['day']} a day and of {most['week']} a week: a day is part of its week."
            )
