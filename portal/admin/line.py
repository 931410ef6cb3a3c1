"""One line of a borrower's timeline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What happened `at` (UTC), in the active language. Holds no unmasked address.

    `about` names the loan or installment; `proof` is the level in words, which `tone` (good, warn, danger or none)
    only repeats; `by` is who did it; `why` the rule or reason. `href` leads to the row behind it, and `link` says what
    lies there. `prompt_id` is of a prompt that may be told again.
    """

    kind: str
    at: datetime
    what: str
    about: str = ""
    channel: str = ""
    proof: str = ""
    tone: str = ""
    by: str = ""
    why: str = ""
    href: str = ""
    link: str = ""
    prompt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Teller:
    """How one kind of row becomes lines: read for many ids at once, then told one by one with their moments."""

    fetch: Callable[[set[int]], Mapping[int, Any]]
    tell: Callable[[Any, datetime], Line]
