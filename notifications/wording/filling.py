"""Facts turned into text, and what becomes of those that nobody knows.

What many borrowers of a day have in common (firms, dates, how to pay) is filled in once; what is one borrower's own is
filled in once a message.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Self

from notifications.wording.facts import Facts
from notifications.wording.source import Alternatives, Wording, names_in
from notifications.wording.values import LOOKED_AT, PERSONAL, SHARED

_SHARED_FIELDS: Final = (
    *("language", "today", "bank_name", "platform_name", "support_phone", "portal_url", "due_on", "how_to_pay"),
    *("paid_on", "other_firm", "usual_lag_days", "answer_by", "previous_due_on", "report_on"),
)
# Stands around the name of what is filled in later. No words and no cleaned fact hold a control character.
_MARK: Final = "\x1e"
_FILLED_LATER: Final = {name: f"{_MARK}{name}{_MARK}" for name in (*PERSONAL, "action_url")}

Shared = tuple[Any, ...]
"""The facts that many borrowers have in common, as a key of what was filled in with them."""
shared_of = attrgetter(*_SHARED_FIELDS)


class FactMissingError(ValueError):
    """A wording cannot do without a fact that nobody gave. The text names both, and no personal data."""


def shared_values(shared: Shared, language: str) -> dict[str, str]:
    """What `shared_of` took from facts, as text."""
    facts = Facts(**dict(zip(_SHARED_FIELDS, shared, strict=True)))
    return {name: value(facts, language) for name, value in SHARED.items()}


def personal_values(facts: Facts, wording: Wording) -> dict[str, str]:
    """One borrower's own facts as text, those that the letter of this wording names. Raises MoneyError for an amount
    that cannot be.
    """
    return {name: PERSONAL[name](facts, wording.language) for name in _named_in_letter(wording)}


def unknown_values(facts: Facts, wording: Wording) -> frozenset[str]:
    """Which of those are empty. Raises MoneyError likewise."""
    return frozenset([name for name in _named_in_letter(wording) if not LOOKED_AT[name](facts, wording.language)])


@lru_cache(maxsize=1024)
def _named_in_letter(wording: Wording) -> list[str]:
    lines = frozenset[str]().union(*map(names_in, (wording.subject, wording.preview, wording.heading, wording.button)))
    named = lines | names_in_passage(wording.body) | names_in_passage(wording.about)
    return [name for name in PERSONAL if name in named]


def fill_shared(text: str, values: dict[str, str]) -> str:
    """The words with the shared values in them, and places kept for the personal ones."""
    return text.format_map({**_FILLED_LATER, **values})


@dataclass(frozen=True, slots=True)
class Form:
    """A text that is done but for its personal values: words and names in turn."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """The form of what `fill_shared` gave."""
        return cls(tuple(text.split(_MARK)))

    def fill(self, values: dict[str, str]) -> str:
        """The text. The values stand in it as they are: escape them first where it is markup."""
        pieces = list(self.pieces)
        pieces[1::2] = [values[name] for name in pieces[1::2]]
        return "".join(pieces)


def require(lines: Iterable[str], missing: Iterable[str], wording: Wording) -> None:
    """Raise FactMissingError where one of the lines, which cannot be left out, names a fact that is missing."""
    needed = frozenset[str]().union(*map(names_in, lines))
    if lacking := sorted(needed.intersection(missing)):
        raise FactMissingError(
            f"The wording {wording.version} needs {', '.join(lacking)}, which the facts do not give: add them."
        )


def names_in_passage(passage: Iterable[Alternatives]) -> frozenset[str]:
    """Every name that any way to say it holds."""
    return frozenset[str]().union(*(names_in(text) for ways in passage for text in ways))


def choose_known(passage: Iterable[Alternatives], missing: frozenset[str]) -> list[str]:
    """Of each paragraph the first way to say it of which all facts are known."""
    chosen = (next((text for text in ways if not names_in(text) & missing), "") for ways in passage)
    return [text for text in chosen if text]
