"""Commands that listen say in a line where they could not."""

from collections.abc import Iterator
from contextlib import contextmanager


class CannotListenError(Exception):
    """The text is for whoever named the address: which, and why not."""


@contextmanager
def says_where(host: str, port: int) -> Iterator[None]:
    """Raises CannotListenError in place of the system's error: taken, not of this machine, or not for this user.

    Without a host the system would listen on every address of the machine.
    """
    if not host:
        raise CannotListenError("Nothing can listen on an address without a host. Name one: --host 127.0.0.1.")
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise CannotListenError(f"Nothing can listen on {host}:{port}: {why}. Name another --host or port.") from error
