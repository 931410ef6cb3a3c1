"""A request kept in one piece: on the first line what was not in its body, then the body exactly as it came."""


def join(line: str, body: bytes) -> bytes:
    """`line` holds what is needed to read the body later, such as the query of the address; it stays one line."""
    return " ".join(line.splitlines()).encode("utf-8", "replace") + b"\n" + body


def split(raw: bytes) -> tuple[str, bytes]:
    """The line and the body."""
    line, _, body = raw.partition(b"\n")
    return line.decode("utf-8", "replace"), body
