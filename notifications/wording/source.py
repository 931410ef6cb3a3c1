"""Wordings as their authors write them: TOML files, read and checked.

`templates/notifications/<kind>/<language>.toml` holds what one kind of prompt says in one language. The lines at its
top hold for the whole kind; those of a section `[stage.3]` or `[decision.upheld]` add to them or take their place for
that stage or decision. `every_message/<language>.toml` holds what all emails end with, and how text messages and calls
are answered, where a kind has no line of its own for that.
"""

import hashlib
import json
import re
import string
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from notifications.wording.values import PERSONAL, SEVERAL_LINES, SHARED

FOLDER: Final = Path(settings.BASE_DIR) / "templates" / "notifications"
LANGUAGES: Final = ("en", "zh-hans", "zh-hant")
FALLBACK_LANGUAGE: Final = "en"

LINES: Final = ("subject", "preview", "heading", "button", "why", "choose", "sms", "reply", "stop", "press")
PASSAGES: Final = ("opening", "body", "about", "call")
TO_ANYBODY: Final = frozenset({"subject", "preview", "sms", "reply", "stop", "call", "press"})
"""On a locked screen, or said to whoever answers the phone: nothing personal."""
AS_IT_STANDS: Final = frozenset({"choose", "stop", "press"})
"""Nothing is filled in."""
REPLY_CODE: Final = frozenset({"reply_code"})
NAMES: Final = frozenset({*SHARED, *PERSONAL})

PLACE: Final = re.compile(r"\{\{ (\w+) \}\}")
PLACES: Final = frozenset(
    {"language", "subject", "preview", "padding", "firms", "heading", "body", "action_url", "button", "about", "choose"}
)

Alternatives = tuple[str, ...]
"""Ways to say one paragraph: the first of which all facts are known is used, and none of them if none is."""


class WordingError(Exception):
    """A wording that is missing or cannot be used. The text names the file and what to mend."""


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """What one kind of prompt says at one stage in one language.

    `body` is for mail and the portal, `about` for mail alone, `choose` for its link to the page on which messages are
    stopped; the link of a text message follows `sms`, then `reply` where there is room for it, and `stop` where a word
    stops them. A call says `sms`, `call` and `press`.

    `version` is "<kind>/<stage>/<language>@<12 hex digits>", at most 64 characters: the start of the SHA-256 of the
    words themselves and of the page that they stand in. `page` is that page, `written` the JSON of all of these, of
    which the version is the digest: `read_written` reads it back.
    """

    language: str
    subject: str
    preview: str
    heading: str
    body: tuple[Alternatives, ...]
    about: tuple[Alternatives, ...]
    button: str
    choose: str
    sms: str
    reply: str
    stop: str
    call: tuple[Alternatives, ...]
    press: str
    version: str
    page: str
    written: str


def names_in(text: str) -> frozenset[str]:
    """The names in braces. Raises ValueError for braces that do not hold a plain name."""
    names = set()
    for literal, name, form, conversion in string.Formatter().parse(text):
        if "{" in literal or "}" in literal:
            raise ValueError("a brace may only stand around a name")
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}}} is not a plain name in braces")
        names.add(name)
    return frozenset(names)


@cache
def read_wordings(kind: str, language: str, folder: Path = FOLDER) -> dict[str, Wording]:
    """All wordings of a kind, by the name of their section ("3", "upheld"), or by "" where there are no sections.

    Raises WordingError.
    """
    path = folder / kind / f"{language}.toml"
    document = _load(path)
    every = _load(folder / "every_message" / f"{language}.toml")
    page = read_page(folder)
    variants = {**document.pop("stage", {}), **document.pop("decision", {})} or {"": {}}
    return {
        name: _build(path, name, {**every, **document, **section}, page, language) for name, section in variants.items()
    }


def read_version(version: str) -> Wording:
    """Today's wording of this version. Raises WordingError where it is none of today's."""
    kind, _slash, rest = version.partition("/")
    language = rest.partition("/")[2].partition("@")[0]
    if (FOLDER / kind).is_dir() and language in LANGUAGES:
        for wording in read_wordings(kind, language).values():
            if wording.version == version:
                return wording
    raise WordingError(f"{version} is none of today's wordings.")


def read_written(version: str, written: str) -> Wording:
    """The wording of `version` from what was once `written`; lines that it had not yet are empty.

    Raises WordingError where it is of another version, or names what nothing is filled into any more.
    """
    if _digest(written) != version.partition("@")[2]:
        raise WordingError(f"What was kept of {version} is not what it was.")
    lines, body, about, page, *later = json.loads(written)
    passages = tuple(tuple(tuple(ways) for ways in passage) for passage in (body, about, *later, []))
    known = {name: str(lines.get(name, "")) for name in LINES if name != "why"}
    texts = [*known.values(), *(text for passage in passages for ways in passage for text in ways)]
    if gone := frozenset[str]().union(*map(names_in, texts)) - NAMES - REPLY_CODE:
        raise WordingError(f"{version} names {', '.join(sorted(gone))}, which nothing fills in any more.")
    language = version.partition("@")[0].rpartition("/")[2]
    return Wording(
        language=language,
        body=passages[0],
        about=passages[1],
        call=passages[2],
        version=version,
        page=page,
        written=written,
        **known,
    )


@cache
def read_page(folder: Path = FOLDER) -> str:
    """The page around every email, with a place for each of its parts. Raises WordingError."""
    path = folder / "message.html"
    try:
        page = path.read_text("utf-8")
    except OSError as error:
        raise WordingError(f"{path}: the page around every email cannot be read ({error}): put it back.") from error
    if wrong := set(PLACE.findall(page)) ^ PLACES:
        raise WordingError(f"{path}: the places for {', '.join(sorted(wrong))} must each be there, and no others.")
    return page


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WordingError(f"{path}: there is no wording here ({error.strerror}): write it, or put it back.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WordingError(f"{path}: this is not a TOML file in UTF-8: {error}.") from error


def _build(path: Path, section: str, words: dict[str, Any], page: str, language: str) -> Wording:
    where = f"{path} [{section}]" if section else str(path)
    if unknown := words.keys() - {*LINES, *PASSAGES}:
        raise WordingError(f"{where}: {', '.join(sorted(unknown))} has no meaning here: remove it or mend its name.")
    lines = {name: _read_line(where, name, words.get(name)) for name in LINES}
    body = (
        *_read_passage(where, "opening", words.get("opening", [])),
        *_read_passage(where, "body", words.get("body")),
    )
    about = ((lines.pop("why"),), *_read_passage(where, "about", words.get("about")))
    call = _read_passage(where, "call", words.get("call"))
    written = json.dumps([lines, body, about, page, call], sort_keys=True)
    stage = section if section.isdecimal() else "0"
    version = f"{path.parent.name}/{stage}/{language}@{_digest(written)}"
    return Wording(
        language=language, body=body, about=about, call=call, version=version, page=page, written=written, **lines
    )


def _digest(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def _read_line(where: str, name: str, text: Any) -> str:
    if not isinstance(text, str) or not text or not text.isprintable():
        raise WordingError(f"{where}: {name} must be one line of text.")
    _check_names(where, name, text, _allowed(name))
    return text


def _allowed(name: str) -> frozenset[str]:
    """What the line or passage of this name may name."""
    if name == "reply":
        return REPLY_CODE
    if name in AS_IT_STANDS:
        return frozenset()
    allowed = NAMES - SEVERAL_LINES if name in (*LINES, "call") else NAMES
    return allowed - PERSONAL.keys() if name in TO_ANYBODY else allowed


def _read_passage(where: str, name: str, paragraphs: Any) -> tuple[Alternatives, ...]:
    if not isinstance(paragraphs, list):
        raise WordingError(f"{where}: {name} must be a list of paragraphs.")
    passage = tuple(tuple(words) if isinstance(words, list) else (words,) for words in paragraphs)
    for text in (text for alternatives in passage for text in alternatives):
        if not isinstance(text, str) or not text or not text.isprintable():
            raise WordingError(f"{where}: every paragraph of {name} must be one line of text.")
        _check_names(where, name, text, _allowed(name))
    return passage


def _check_names(where: str, name: str, text: str, allowed: frozenset[str]) -> None:
    try:
        unknown = names_in(text) - allowed
    except ValueError as error:
        raise WordingError(f"{where}: {name} has braces that cannot be filled: {error}.") from error
    if unknown:
        raise WordingError(
            f"{where}: {name} may not name {{{'}, {'.join(sorted(unknown))}}}. "
            f"It may name: {', '.join(sorted(allowed)) or 'nothing'}."
        )
