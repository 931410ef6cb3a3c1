"""The fields of SWIFT's MT messages in a file: with or without blocks, one line at a time, in constant memory."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from loans.intake.records import Code, Refusal, UnreadableFile

# Those of MT940, MT942 and MT950; what begins with another colon is a line of the field before it.
_FIELD: Final = re.compile(r":(13D?|20|21|25P?|28C?|34F|60[FM]|61|62[FM]|64|65|86|90[CD]):(.*)")
_TYPE: Final = re.compile(r"\{2:[IO](\d{3})")
_END: Final = re.compile(r"-\}?(\{5:.*)?")
_BLOCK: Final = re.compile(r"\{[1-5S]:")
_LONGEST_LINE: Final = 4_096
MOST_LINES: Final = 100
"""Lines of one field: the standard has at most six."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its tag ("61"), its lines without their ends, and the number of its first line.

    The tag is "" where a message ends, and "type" where block 2 names what it is ("940").
    """

    tag: str
    lines: tuple[str, ...]
    line: int

    @property
    def text(self) -> str:
        return self.lines[0].strip()


def read_fields(content: BinaryIO, name: str) -> Iterator[Field]:
    """The fields of all messages from here on. Raises UnreadableFile where a line is no text in UTF-8, or too long."""
    tag, lines, start = "", [""], 0
    for number, text in _lines(content, name):
        found = _FIELD.match(text)
        ends = _END.fullmatch(text)
        if not found and not ends and not _BLOCK.match(text):
            if tag and len(lines) < MOST_LINES:
                lines.append(text)
            continue
        if tag:
            yield Field(tag, tuple(lines), start)
        tag = ""
        if found:
            tag, lines, start = found[1], [found[2]], number
        elif ends:
            yield Field("", (), number)
        elif kind := _TYPE.search(text):
            yield Field("type", (kind[1],), number)
    if tag:
        yield Field(tag, tuple(lines), start)
    yield Field("", (), 0)


def _lines(content: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    """Numbered from 1; block 4 of an envelope may have its first field behind it on the line."""
    number = 0
    while raw := content.readline(_LONGEST_LINE):
        number += 1
        if len(raw) == _LONGEST_LINE and not raw.endswith(b"\n"):
            reason = f"the line is longer than {_LONGEST_LINE:,} bytes"
            raise UnreadableFile(Refusal(name, f"line {number}", reason, Code.TOO_LARGE))
        text = _decoded(raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw, number, name)
        before, block, behind = text.partition("{4:") if text.startswith("{") else (text, "", "")
        yield number, before or block
        if behind:
            yield number, behind


def _decoded(raw: bytes, number: int, name: str) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start + 1} of the line; save the file as UTF-8 and send it again"
        raise UnreadableFile(Refusal(name, f"line {number}", reason, Code.ENCODING)) from None
    if "\0" in text:
        raise UnreadableFile(Refusal(name, f"line {number}", "holds a NUL byte, so it is no text", Code.ENCODING))
    return text.rstrip("\r\n")
