"""A wording filled in as a text message, within the parts that one may cost, and as what a call says."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from notifications.channels.segments import fits
from notifications.wording.facts import Facts
from notifications.wording.filling import Shared, choose_known, require, shared_of, shared_values
from notifications.wording.source import Wording
from notifications.wording.values import FIRM_NAMES

PARTS: Final = 2
_SHORT_NAMES: Final = (40, 24, 12, 8, 6, 4)


def write_text_message(wording: Wording, facts: Facts, action_url: str, reply_code: str = "") -> str:
    """The text message, in at most two parts. Behind it stands how to answer it by `reply_code`, where there is room,
    and last how to stop them, where a word does (`facts.stops`).

    Both firms are named where there is room, else the one that the borrower dealt with, else the start of its name.
    A firm's name outside the default alphabet in an English message can cost more parts: it is sent all the same.
    Raises FactMissingError.
    """
    stop = f" {wording.stop}" if facts.stops else ""
    text = f"{_words(wording, shared_of(facts), len(action_url), stop)} {action_url}"
    answered = f"{text} {wording.reply.format(reply_code=reply_code)}{stop}"
    return answered if reply_code and fits(answered, PARTS) else f"{text}{stop}"


def write_call_words(wording: Wording, facts: Facts) -> str:
    """What a call says: the words of the text message, without a link, where to hear more, and how to confirm them.

    Raises FactMissingError.
    """
    values = shared_values(shared_of(facts), wording.language)
    missing = frozenset(name for name, value in values.items() if not value)
    more = [text.format_map(values) for text in choose_known(wording.call, missing)]
    return " ".join([_words(wording, shared_of(facts), 0, ""), *more, wording.press]).strip()


@lru_cache(maxsize=1024)
def _words(wording: Wording, shared: Shared, link_length: int, behind: str) -> str:
    """What goes before a link of this many letters, all of them of the default alphabet, and what stands behind it."""
    values = shared_values(shared, wording.language)
    require([wording.sms], [name for name, value in values.items() if not value], wording)
    mark, link = "..." if wording.language == "en" else "…", "x" * link_length
    texts = [wording.sms.format_map(names) for names in _shortened(values, mark)]
    return next((text for text in texts if fits(f"{text} {link}{behind}", PARTS)), texts[1])


def _shortened(values: dict[str, str], mark: str) -> Iterator[dict[str, str]]:
    yield values
    one_speaker = {**values, "firms": values["seller"]}
    yield one_speaker
    for length in _SHORT_NAMES:
        yield one_speaker | {name: _clip(one_speaker[name], length, mark) for name in FIRM_NAMES}


def _clip(name: str, length: int, mark: str) -> str:
    return name if len(name) <= length else name[: length - len(mark)].rstrip() + mark
