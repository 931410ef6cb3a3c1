"""A message as mail: who it is from, what makes it recognisable again, and nothing that could inject a header.

Written by hand: the standard library's EmailMessage takes 4 ms of processor time a mail, which is more than everything
else between the claim and the record of a delivery together.
"""

import binascii
import re
from email.utils import formatdate
from functools import lru_cache
from time import time
from typing import Final, NamedTuple

from notifications.channels.base import Message
from notifications.channels.mail_address import Recipient, Sender

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PLAIN_SUBJECT: Final = 66
"""Octets. Longer, and `Subject: ` would make the line longer than the 78 that RFC 5322 asks for."""
FIRST_WORD_OCTETS: Final = 39
WORD_OCTETS: Final = 45
"""Of UTF-8 in one encoded word: with its frame, and the first with `Subject: `, a line stays below RFC 2047's 76."""
LINE_LETTERS: Final = 76
"""In one line of base64: RFC 2045's limit."""
LINE_OCTETS: Final = 998
"""In any line of a mail, without its end: RFC 5322's limit."""


class UnsendableError(ValueError):
    """This message can never go out as mail. The text says why and names neither address nor wording."""


class _Body(NamedTuple):
    headers: str
    content: bytes


def compose(message: Message, sender: Sender, recipient: Recipient, *, eight_bits: bool = False) -> bytes:
    """The mail's bytes, lines ended by CRLF; UTF-8 as it is where the server takes `eight_bits` (RFC 6152).

    Raises UnsendableError where the wording cannot be written.
    """
    try:
        body = _write_body(message, eight_bits)
        headers = (
            f"{sender.from_line}To: {recipient.path}\r\nSubject: {encode_subject(message.subject)}\r\n"
            f"Date: {_write_date(int(time()))}\r\nMessage-ID: {sender.message_id(message.reference)}\r\n"
            "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
            f"Content-Language: {flatten(message.language)}\r\nMIME-Version: 1.0\r\n{body.headers}\r\n"
        )
        return headers.encode() + body.content
    except UnicodeEncodeError:
        raise UnsendableError("wording cannot be written as mail") from None


@lru_cache(maxsize=1)
def _write_date(seconds: int) -> str:
    return formatdate(seconds)


@lru_cache(maxsize=256)  # a subject holds nothing of one borrower's own, so a batch has few
def encode_subject(subject: str) -> str:
    """The subject on one line, or as encoded words on several (RFC 2047)."""
    line = flatten(subject)
    if line.isascii() and len(line) <= PLAIN_SUBJECT and "=?" not in line:
        return line
    words: list[bytes] = []
    octets = b""
    for letter in line:
        encoded = letter.encode()
        if len(octets) + len(encoded) > (WORD_OCTETS if words else FIRST_WORD_OCTETS):
            words.append(octets)
            octets = b""
        octets += encoded
    return "\r\n ".join(f"=?utf-8?b?{_encode_line(word)}?=" for word in [*words, octets])


def flatten(text: str) -> str:
    """The text as one line without control characters, so that it stays inside its header."""
    return CONTROLS.sub("", " ".join(text.split()))


def _write_body(message: Message, eight_bits: bool) -> _Body:
    # Neither encoding ever writes an equals sign and an underline, so no encoded wording can hold the boundary.
    boundary = f"=_{message.reference}"
    unwanted = boundary.encode() if eight_bits else b""
    text = _write_part("plain", message.text, unwanted)
    if not message.html:
        return text
    html = _write_part("html", message.html, unwanted)
    between = f"--{boundary}\r\n"
    parts = [
        f"{between}{text.headers}\r\n".encode(),
        text.content,
        f"{between}{html.headers}\r\n".encode(),
        html.content,
        f"--{boundary}--\r\n".encode(),
    ]
    return _Body(f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n', b"".join(parts))


def _write_part(subtype: str, wording: str, unwanted: bytes) -> _Body:
    """As it is unless it holds what is `unwanted`, as all do where that is empty; else quoted-printable where most of
    it is ASCII, or base64: seven bits and short lines on every way.
    """
    octets = wording.encode()
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if unwanted not in octets and b"\0" not in octets and _has_short_lines(octets):
        encoding, content = "8bit", octets.replace(b"\n", b"\r\n")
    elif 6 * (len(octets) - len(wording)) < len(octets):
        encoding, content = "quoted-printable", b"\r\n".join(map(_quote_line, octets.split(b"\n")))
    else:
        letters = binascii.b2a_base64(octets.replace(b"\n", b"\r\n"), newline=False)
        lines = (letters[start : start + LINE_LETTERS] for start in range(0, len(letters), LINE_LETTERS))
        encoding, content = "base64", b"\r\n".join(lines)
    headers = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return _Body(headers, content + b"\r\n")


def _has_short_lines(octets: bytes) -> bool:
    """Whether no line is longer than a mail's may be. Looks at one line's end in a thousand octets, not at each."""
    start = 0
    while len(octets) - start > LINE_OCTETS:
        end = octets.rfind(b"\n", start, start + LINE_OCTETS + 1)
        if end < 0:
            return False
        start = end + 1
    return True


@lru_cache(
    maxsize=2048
)  # most lines of a wording are the same for everybody, and quoting is the dearest part of a mail
def _quote_line(octets: bytes) -> bytes:
    return binascii.b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")


def _encode_line(octets: bytes) -> str:
    return binascii.b2a_base64(octets, newline=False).decode("ascii")
