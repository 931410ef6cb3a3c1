"""What the sandbox does to a message, chosen by whom the message is for. The page of faults shows this table."""

from dataclasses import dataclass
from enum import StrEnum


class Handling(StrEnum):
    """What happens when a message is handed over."""

    TAKE = "taken"
    TAKE_LATE = "taken, answered late"
    REJECT = "rejected"
    FAIL_TWICE = "failing twice, then taken"
    BREAK = "answered with an internal error"
    HANG = "never answered"
    DROP = "taken, the connection dropped before the answer"


class Word(StrEnum):
    """What a receipt says."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REFUSED = "refused"
    DELAYED = "delayed"
    RELAYED = "relayed"


@dataclass(frozen=True, slots=True)
class Step:
    """One receipt; `after` counts from the hand-over, in units of the sandbox's usual delay (one second)."""

    after: float
    word: Word


@dataclass(frozen=True, slots=True)
class Fault:
    """One behaviour. A phone number that ends in `ending` meets it, an address with `+key` before its @, or a browser
    whose name ends in `+key`.
    """

    key: str
    ending: str
    story: str
    handling: Handling = Handling.TAKE
    steps: tuple[Step, ...] = ()

    @property
    def example(self) -> str:
        return f"name+{self.key}@example.com"

    @property
    def browser(self) -> str:
        return f"/push/name+{self.key}"


def _steps(*steps: tuple[float, Word]) -> tuple[Step, ...]:
    return tuple(Step(after, word) for after, word in steps)


USUAL = _steps((0.3, Word.ACCEPTED), (1.0, Word.DELIVERED))

FAULTS = (
    Fault("deliver", "0000", "Delivered after the usual delay. So is everything that this table does not name.",
          steps=USUAL),
    Fault("lost", "0001", "Taken, and then no receipt ever comes."),
    Fault("bounce", "0002", "Taken, then reported as undelivered: no such phone or mailbox.",
          steps=_steps((0.3, Word.ACCEPTED), (1.0, Word.UNDELIVERED))),
    Fault("reject", "0003", "Refused for good when it is handed over.", Handling.REJECT),
    Fault("tempfail", "0004", "Fails twice for the moment, and is taken at the third try.", Handling.FAIL_TWICE,
          USUAL),
    Fault("twice", "0005", "Delivered, and the receipt comes twice.",
          steps=_steps((1.0, Word.DELIVERED), (1.5, Word.DELIVERED))),
    Fault("reorder", "0006", "Delivered first; the receipts of earlier stages come after it.",
          steps=_steps((0.5, Word.DELIVERED), (1.0, Word.DELAYED), (1.5, Word.ACCEPTED))),
    Fault("slow", "0007", "Delivered, and the receipt is thirty times as late as usual.",
          steps=_steps((30.0, Word.DELIVERED))),
    Fault("delay", "0008", "Reported as delayed, and delivered in the end.",
          steps=_steps((1.0, Word.DELAYED), (3.0, Word.DELIVERED))),
    Fault("refuse", "0009", "Taken here, then refused by the next system on the way.",
          steps=_steps((1.0, Word.REFUSED))),
    Fault("hang", "0010", "Never answered, and not taken either.", Handling.HANG),
    Fault("drop", "0011", "Taken, but the connection drops before the answer. Receipts come as usual.", Handling.DROP,
          USUAL),
    Fault("error", "0012", "Answered with an internal error; not taken.", Handling.BREAK),
    Fault("early", "0013", "The receipt overtakes the answer to the hand-over.", Handling.TAKE_LATE,
          _steps((0.2, Word.DELIVERED))),
    Fault("relay", "0014", "Handed on to a system that reports nothing more.",
          steps=_steps((1.0, Word.RELAYED))),
    Fault("recall", "0015", "Delivered, and reported as undelivered some time later.",
          steps=_steps((1.0, Word.DELIVERED), (3.0, Word.UNDELIVERED))),
    Fault("gone", "0016", "Refused for good when it is handed over: nobody is there any more.", Handling.REJECT),
)  # fmt: skip

BY_ENDING = {fault.ending: fault for fault in FAULTS}
BY_KEY = {fault.key: fault for fault in FAULTS}
USUAL_FAULT = BY_KEY["deliver"]


def find_fault_of_phone(number: str, usual: Fault = USUAL_FAULT) -> Fault:
    """By the number's last four digits; `usual` for one that the table does not name."""
    return BY_ENDING.get(number[-4:], usual)


def find_fault_of_address(address: str, usual: Fault = USUAL_FAULT) -> Fault:
    """By the tag between `+` and `@`, in small or capital letters; `usual` for one that the table does not name."""
    local, _, _ = address.rpartition("@")
    _, _, tag = local.partition("+")
    return BY_KEY.get(tag.lower(), usual)


def find_fault_of_browser(name: str) -> Fault:
    """By what follows the `+`, in small or capital letters."""
    return BY_KEY.get(name.partition("+")[2].lower(), USUAL_FAULT)
