"""A tally as a table with bars, for terminals."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from notifications.simulation.tally import Count, Tally

WIDTH: Final = 24
"""Cells of the longest bar."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LINE: Final = "{:<10}  {:<7} {:>9} {:>9} {:>9}  {}"


def draw(tally: Tally) -> Iterator[str]:
    """A line for each day and channel, and one for those handed to a person; days of silence say so."""
    longest = max([count.went for count in tally.counts.values()] + [*tally.persons.values(), 1])
    yield _LINE.format("day", "channel", "go out", "held", "capped", "").rstrip()
    day = tally.first
    while day <= tally.last:
        label = day.isoformat()
        channels = sorted(channel for noted, channel in tally.counts if noted == day)
        for channel in channels:
            yield _count(label, channel, tally.counts[day, channel], longest)
            label = ""
        if persons := tally.persons.get(day):
            yield _LINE.format(label, "person", f"{persons:,}", "", "", bar(persons, longest)).rstrip()
        elif not channels:
            yield _LINE.format(label, "-", 0, "", "", "").rstrip()
        day += timedelta(days=1)
    for firm, (asked, told) in sorted(tally.firms.items()):
        yield f"{firm} has to send {asked:,} prompts: {told:,} reported in time, {asked - told:,} left to the portal."
    yield _totals(tally)


def bar(number: int, longest: int) -> str:
    """A bar of eighths of a cell, never empty for a number above 0."""
    eighths = max(round(number * WIDTH * 8 / longest), 1) if number else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _count(label: str, channel: str, count: Count, longest: int) -> str:
    figures = (f"{count.went:,}", f"{count.held:,}", f"{count.capped:,}")
    return _LINE.format(label, channel, *figures, bar(count.went, longest)).rstrip()


def _totals(tally: Tally) -> str:
    went, held, capped = (
        sum(getattr(one, name) for one in tally.counts.values()) for name in ("went", "held", "capped")
    )
    persons = sum(tally.persons.values())
    return f"{tally.people:,} people: {went:,} go out, {held:,} held, {capped:,} capped, {persons:,} to a person."
