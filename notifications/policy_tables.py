"""The figures of a jurisdiction as a table, for docs/policies.md and for whoever asks at the command line."""

from collections.abc import Iterable, Sequence
from functools import singledispatch

from notifications.policy import Cap, CoolOff, DisputeClock, HoursRule, NoticePeriod, OptOut, Rule

_HEAD = ("figure", "value", "from", "mark", "citation", "note")


def as_markdown(rules: Iterable[Rule]) -> str:
    """A table of the rules in their order, one line each, in English as the files are."""
    rows = [
        (
            rule.subject.partition("/")[2],
            _value(rule),
            str(rule.citation.valid_from),
            rule.citation.mark,
            rule.citation.source,
            rule.citation.note,
        )
        for rule in rules
    ]
    return "\n".join(_line(row) for row in [_HEAD, ["---"] * len(_HEAD), *rows])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


@singledispatch
def _value(rule: Rule) -> str:
    raise TypeError(f"There is no table for {type(rule).__name__}.")


@_value.register
def _hours(rule: HoursRule) -> str:
    return str(rule.hours)


@_value.register
def _cap(rule: Cap) -> str:
    return str(rule.most)


@_value.register
def _cool_off(rule: CoolOff) -> str:
    return f"{rule.days} days"


@_value.register
def _notice(rule: NoticePeriod) -> str:
    return f"{rule.days} days {rule.when}" if rule.days else "beforehand"


@_value.register
def _clock(rule: DisputeClock) -> str:
    return f"{rule.most} {rule.unit if rule.most > 1 else rule.unit.removesuffix('s')}"


@_value.register
def _opt_out(rule: OptOut) -> str:
    return f"{rule.days} working {'days' if rule.days > 1 else 'day'}"
