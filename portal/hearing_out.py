"""Hears a request out before it is answered, so that who is refused can read why."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

LONGEST: Final = 8_000_000
"""Octets; as many as a proxy is told to let through, but for the files of a dispute (docs/operations.md)."""
AT_ONCE: Final = 65_536

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class HearingOut:
    """The application, whose answer goes out once the rest of the body has come and been let go.

    A server that closes while its client still writes makes the client's system throw the answer away: it has a broken
    pipe for "413, too large", takes it for no answer, and sends the same again without end. A body that is longer than
    LONGEST, or does not say how long it is, is not heard out.
    """

    def __init__(self, application: Application) -> None:
        self._application: Final = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._application(environ, start_response)
        with suppress(OSError):  # gone meanwhile: what writes the answer will find that out
            _let_go(environ)
        return answer


def _let_go(environ: dict[str, Any]) -> None:
    announced = str(environ.get("CONTENT_LENGTH") or "0")
    if not announced.isdecimal() or len(announced) > len(str(LONGEST)) or not 0 < int(announced) <= LONGEST:
        return
    while environ["wsgi.input"].read(AT_ONCE):
        pass
