"""Who takes up the events that are not about figures. A floor above may, too: it registers when its app is ready."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from loans.intake.news import Kept, News, RefusedError

if TYPE_CHECKING:  # a floor above registers in every process; reading events loads the whole REST framework
    from loans.intake.events.event_types import NoticeRecord
    from loans.intake.events.incoming import Incoming

Notice = tuple["Incoming", "NoticeRecord"]
Handler = Callable[[Sequence[Notice]], Sequence[News | Kept | RefusedError]]
"""Writes what these events say, all of one type and one partner, within the transaction that it is called in. Returns
an answer for each, in order; `News(touched=True)` where something was written. The same again must change nothing."""

HANDLERS: Final[dict[str, Handler]] = {}


def takes_up(event_type: str) -> Callable[[Handler], Handler]:
    """Let the decorated function have the events of this type; what nobody takes up is kept as it is."""

    def register(handler: Handler) -> Handler:
        HANDLERS[event_type] = handler
        return handler

    return register
