"""What is posted to machines outside, what comes of it, and within which limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.outside.addresses import PLAIN

Headers = Mapping[str, str] | tuple[tuple[str, str], ...]


class Request:
    """A POST. Headers may be pairs, where a name comes more than once; they and the body go out as they are given."""

    __slots__ = ("body", "lines", "target", "url")

    def __init__(self, url: str, headers: Headers, body: bytes = b"") -> None:
        """Raises ValueError for an address that is not `PLAIN`, a header of more than one line, and half a letter."""
        if not PLAIN.fullmatch(url):
            raise ValueError("an address is printable ASCII")
        self.url = url.encode("ascii")
        self.target = _target_of(self.url)
        self.lines = _write_headers(headers)
        self.body = body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    `status` is 0 where no answer began; `body` may be cut off at what the client reads. `fault` says in a few words why
    the answer is not whole, and is empty where it is, or was cut off. `left` is False where the request certainly never
    left; `private` is True where that was because its host is none of the internet, by any of its addresses. `heard` is
    the value of the one header that the client listens for.
    """

    status: int
    body: bytes = b""
    fault: str = ""
    left: bool = True
    private: bool = False
    heard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many at once; seconds until a connection stands, an answer is there whole from the beginning of its
    connection, and an idle connection is not used again; and the bytes of an answer that are read."""

    in_flight: int
    connect_seconds: float
    answer_seconds: float
    kept_seconds: int
    answer_bytes: int
    public_only: bool = False
    """Nothing is posted into our own network: the very address that is connected to is looked at."""
    listens_for: str = ""
    """The name of a header of answers."""


def _target_of(url: bytes) -> bytes:
    """Path and query letter by letter: libcurl would spell some anew, and not everybody knows its address then."""
    whole = url.partition(b"#")[0]
    path = whole.find(b"/", whole.find(b"://") + 3)
    query = whole.find(b"?")
    if path < 0 or 0 <= query < path:
        return b"/" + (whole[query:] if query >= 0 else b"")
    return whole[path:]


def _write_headers(headers: Headers) -> list[bytes]:
    """As libcurl takes them: one without a value ends in a semicolon, one of its own is left out by a bare colon."""
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    lines = [f"{name}: {value}" if value.strip() else f"{name};" for name, value in pairs]
    lines.append("Expect:")
    if not any(name.lower() == "content-type" for name, _ in pairs):
        lines.append("Content-Type:")
    written = "\n".join(lines)
    if written.count("\n") >= len(lines) or "\r" in written or "\0" in written:
        raise ValueError("a header has one line")
    return written.encode().split(b"\n")
