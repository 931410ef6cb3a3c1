"""What every channel shares: a message, what became of handing it over, and what its provider said later.

A channel knows one provider's protocol and nothing of the database. It hands a batch over and says what became of each
message; what that means for a delivery is decided elsewhere. Provider words and ours meet in the provider's own file.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import ClassVar, Final, NamedTuple, Self


class ChannelMisconfiguredError(Exception):
    """A channel cannot be built or used with these settings. The text names the setting and the remedy."""


class Result(StrEnum):
    """What is known of one message once the provider has been asked to take it."""

    ACCEPTED = "accepted"
    """The provider took it."""
    DELIVERED = "delivered"
    """It is where its reader will find it; no receipt will follow."""
    TEMPORARY = "temporary"
    """It was not taken. The same message may be taken later."""
    PERMANENT = "permanent"
    """It was not taken and never will be."""
    UNKNOWN = "unknown"
    """It was handed over, and no answer came: it may or may not have been taken."""


class ReceiptKind(StrEnum):
    """What a provider reports of a message that it was given."""

    ACCEPTED = "accepted"
    """A further system took it; where it went from there is not known yet, or never will be."""
    DELIVERED = "delivered"
    """It is on the device or in the mailbox."""
    FAILED = "failed"
    """The provider has given up."""
    DELAYED = "delayed"
    """Not there yet; the provider goes on trying."""
    SEEN = "seen"
    """Opened or fetched by something on the reader's side. Weak: scanners do it too."""
    UNKNOWN = "unknown"
    """It came to us as a receipt and cannot be read as one."""


class Message(NamedTuple):
    """One message, rendered for one contact point; like the others a plain tuple, since they come by the million.

    `reference` is our UUID as a string and travels as the provider's reference; where it is empty, as of codes for
    signing in, nothing is to be reported of the message. `html` is empty where the channel has
    none. `language` is one of `en`, `zh-hans`, `zh-hant`. `action_url` is already part of `text` and `html`. `lives`:
    the seconds after which a provider is not to bring it any more, None where nothing speaks against it.
    """

    reference: str
    address: str
    subject: str
    text: str
    html: str
    language: str
    action_url: str
    lives: int | None = None


class Outcome(NamedTuple):
    """What became of handing one message over. `reason` is short and names neither address nor wording.

    `address_fault` is True only where the address itself will never work; a message may fail for good without it. With
    `no_texts` the fault is that no text message reaches the number, which may be called.
    `opted_out`: the provider refused it since its reader has told this sender to stop. `asked` is False where the
    message was not shown to the provider, which so has said nothing.
    """

    reference: str
    result: Result
    provider_reference: str = ""
    reason: str = ""
    address_fault: bool = False
    no_texts: bool = False
    opted_out: bool = False
    asked: bool = True


class ReceiptRecord(NamedTuple):
    """One receipt, in our words.

    `reference` is ours, or empty where only the provider's is known. `permanent` is about the address: True where it
    will never work, False where the fault is passing or lies elsewhere (a full mailbox, a policy), None where the
    provider does not say. `provider_word` is the provider's own code, `reason` its meaning without personal data.
    `occurred_at` is aware, and None where the provider gives no time. `opted_out` as in an Outcome.
    """

    reference: str
    kind: ReceiptKind
    provider_reference: str = ""
    permanent: bool | None = None
    provider_word: str = ""
    reason: str = ""
    occurred_at: datetime | None = None
    opted_out: bool = False


_NOTHING_BUT_A_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}|[0-9]{1,3}")


def as_said(word: str) -> str:
    """A provider's word that nobody here knows, for people to see; "?" where it could hold more than a word."""
    return word if _NOTHING_BUT_A_WORD.fullmatch(word) else "?"


class Channel(ABC):
    """One way to reach a person. Not safe to share between threads; close it, or use it as a context manager."""

    name: ClassVar[str]
    """The kind of way it is: one of `Delivery.Channel`. Several providers may serve one."""
    provider: ClassVar[str]
    """Whose protocol it speaks: a lower-case word of at most 16 letters, kept with each delivery and receipt."""
    safe_to_resend: ClassVar[bool]
    """True where a message whose outcome is unknown may go out again by it without the reader noticing."""

    @abstractmethod
    def send(self, messages: Iterable[Message]) -> Iterator[Outcome | None]:
        """Hand the messages over and yield one outcome for each, as it becomes known, in any order.

        None means that nothing more is known at the moment: what came so far may be recorded meanwhile. Messages are
        taken one by one and late, since taking one may cost a query. Never raises for what a provider does. May wait on
        the network: call it outside transactions.
        """

    def close(self) -> None:  # noqa: B027  (most channels hold nothing open)
        """Let go of connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
