"""Reads other people's mail with work that has an end: no report is as large as what is refused here.

The standard library compares each line with every boundary that is open and takes the square of a type's length to
read its parameters, so that one mail of a megabyte could keep it busy for minutes. What is refused depends on the bytes
alone: whoever reads them again comes to the same.
"""

from email.message import Message as Mail
from email.parser import BytesHeaderParser, BytesParser, HeaderParser
from email.policy import Policy, compat32
from typing import Any, Final

MOST_LINES: Final = 10_000
MOST_PARTS: Final = 50
"""A report has a handful, and the mail that it returns another."""
LONGEST_TYPE: Final = 1_000
"""Characters of a Content-Type; a boundary has 70 at most."""
HEAD: Final = 64_000
"""Octets in which a mail's own header fields are looked for once it was refused."""


class TooMuchError(ValueError):
    """The mail is larger than any report in one way or another. The text says in which."""


def read_mail(raw: bytes) -> Mail:
    """The whole mail with its parts. Raises TooMuchError."""
    if raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n") > MOST_LINES:
        raise TooMuchError("more lines than any report has")
    # compat32 keeps odd headers as they are, where newer policies parse them eagerly and can fail on them.
    return BytesParser(_Parts(), policy=compat32).parsebytes(raw)


def read_head(raw: bytes) -> Mail:
    """The mail's own header fields, of any mail; what is behind them is not looked at, nor may its type be taken
    apart.
    """
    return BytesHeaderParser(policy=compat32).parsebytes(raw[:HEAD])


def read_fields(text: str) -> Mail:
    """A block of fields; whatever stands behind it is left as it is."""
    return HeaderParser(policy=compat32).parsestr(text)


class _Part(Mail):
    def set_raw(self, name: str, value: Any) -> None:
        if name.lower() == "content-type" and len(value) > LONGEST_TYPE:
            raise TooMuchError("a longer type than any report has")
        super().set_raw(name, value)


class _Parts:
    """Makes the parts of one mail."""

    def __init__(self) -> None:
        self._made = 0

    def __call__(self, policy: Policy = compat32) -> _Part:
        self._made += 1
        if self._made > MOST_PARTS:
            raise TooMuchError("more parts than any report has")
        return _Part(policy=policy)
