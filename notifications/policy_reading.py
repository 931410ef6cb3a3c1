"""From the text of one policy file to its rules, all mistakes refused at once, each with its place.

A figure is a table of its own with `value`, `citation`, `valid_from` and `mark`; a later one for the same thing follows
it. docs/policies.md shows a file.
"""

import difflib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
    """One table of a file, with its place for those who mend it. Its readers note in `faults` what cannot be read, and
    give something in its place, so that the rest is read, too: a rule of a figure with faults is nobody's.
    """

    keys: Mapping[str, Any]
    subject: str
    place: str
    faults: list[str] = field(default_factory=list)

    def refuse(self, what: str) -> None:
        self.faults.append(f"{self.place}: {what}.")

    def words(self, name: str) -> str:
        text = self.keys.get(name)
        if isinstance(text, str) and text.strip() and text.isprintable():
            return text
        self._refuse_key(name, "one line of text")
        return ""

    def count(self, least: int) -> int:
        number = self.keys.get("value")
        if type(number) is int and least <= number <= LONGEST:
            return number
        self._refuse_key("value", f"a whole number from {least} to {LONGEST}")
        return least

    def choice(self, name: str, choices: type[Word]) -> Word:
        try:
            return choices(self.keys.get(name, ""))
        except ValueError:
            self._refuse_key(name, f"one of {', '.join(choices)}")
            return next(iter(choices))

    def hours(self) -> ContactHours:
        if text := self.words("value"):
            try:
                return ContactHours.parse(text)
            except ValueError as error:
                self.refuse(str(error).rstrip("."))
        return ContactHours.parse("08:00-20:00")

    def _refuse_key(self, name: str, right: str) -> None:
        known = name in self.keys
        self.refuse(f"{name} must be {right}" if known else f"{name} is missing: it must be {right}")

    def citation(self) -> Citation:
        day = self.keys.get("valid_from")
        if type(day) is not date:
            self._refuse_key("valid_from", "a day, such as 2025-02-28 without quotation marks")
            day = date.min
        note = self.words("note") if "note" in self.keys else ""
        return Citation(self.words("citation"), self.choice("mark", Mark), day, note)


Build = Callable[[Figure, list[str]], Rule]


def _hours(figure: Figure, _path: list[str]) -> Rule:
    return HoursRule(figure.subject, figure.citation(), figure.hours())


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
    """All rules of a file that was read as TOML. Raises PolicyError with all that is wrong with them."""
    faults: list[str] = []
    rules = tuple(_walk(document, _TREE, [jurisdiction], where, faults))
    faults += [
        *_repeated(rules, where),
        *_missing_hours(document, jurisdiction, where),
        *_days_above_weeks(rules, where),
    ]
    if faults:
        raise PolicyError(*faults)
    return rules


def _walk(
    table: Mapping[str, Any], tree: Mapping[str, Any], path: list[str], where: str, faults: list[str]
) -> Iterator[Rule]:
    """The rules that can be read; what is wrong goes to `faults`. `path` begins with the jurisdiction."""
    for name, inside in table.items():
        within = ".".join(path[1:])
        if fault := _unknown(name, tree, f"{where} [{within}]" if within else where):
            faults.append(fault)
            continue
        branch, keys = tree[name], ".".join([*path[1:], name])
        place = f"{where} [{keys}]"
        if isinstance(branch, Mapping):
            if isinstance(inside, dict):
                yield from _walk(inside, branch, [*path, name], where, faults)
            else:
                faults.append(f"{place}: this must hold {', '.join(branch)}, each with its figures.")
        elif isinstance(inside, list) and all(isinstance(figure, dict) for figure in inside):
            yield from _build(inside, branch, [*path, name], place, faults)
        else:
            faults.append(f"{place}: a figure is a table of its own: write [[{keys}]] above it.")


def _build(
    figures: list[dict[str, Any]], build: Build, path: list[str], place: str, faults: list[str]
) -> Iterator[Rule]:
    allowed = [*_KEYS, *([_EXTRA_KEYS[build]] if build in _EXTRA_KEYS else [])]
    for number, keys in enumerate(figures, start=1):
        figure = Figure(keys, "/".join(path), f"{place} no. {number}" if len(figures) > 1 else place)
        figure.faults.extend(fault for name in keys if (fault := _unknown(name, allowed, figure.place)))
        rule = build(figure, path[1:])
        faults += figure.faults
        if not figure.faults:
            yield rule


def _unknown(name: str, known: Iterable[str], place: str) -> str:
    names = [str(one) for one in known]
    if name in names:
        return ""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0)[0]
    return f"{place}: {name[:40]!r} has no meaning here. The nearest name is {near!r}; there are {', '.join(names)}."


def _repeated(rules: Iterable[Rule], where: str) -> Iterator[str]:
    for rule_id, times in Counter(rule.id for rule in rules).items():
        if times > 1:
            yield (
                f"{where}: {times} figures have the same day, {rule_id}: which one holds? Give each its own valid_from."
            )


def _missing_hours(document: Mapping[str, Any], jurisdiction: str, where: str) -> Iterator[str]:
    """Of the purposes for which there is no figure, be it one with a fault."""
    for purpose in Purpose:
        inside = document.get(purpose)
        if not (inside.get("hours") if isinstance(inside, dict) else inside):
            yield f"{where}: {jurisdiction} has no contact hours: add [[{purpose}.hours]] with a figure."


def _days_above_weeks(rules: Iterable[Rule], where: str) -> Iterator[str]:
    caps = [rule for rule in rules if isinstance(rule, Cap)]
    for cap in caps:
        beside = [one for one in caps if (one.purpose, one.channel) == (cap.purpose, cap.channel)]
        most = {one.span: one.most for one in in_force(beside, cap.citation.valid_from)}
        if most.get("day", 0) > most.get("week", LONGEST):
            yield (
                f"{where}: from {cap.citation.valid_from} on, {cap.purpose} by {cap.channel} has a cap of "
                f"{most['day']} a day and of {most['week']} a week: a day is part of its week."
            )
