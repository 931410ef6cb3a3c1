"""Mail status codes (RFC 3463) in our words; a server's own text often names the address, so it is left out."""

import re

CODE = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?![\w.])")

MEANINGS = {
    "1.1": "no such mailbox",
    "1.2": "no such domain",
    "1.3": "address is malformed",
    "1.6": "mailbox has moved",
    "1.7": "our sender address was refused",
    "1.8": "our sender domain was refused",
    "1.10": "domain takes no mail",
    "2.1": "mailbox is disabled",
    "2.2": "mailbox is full",
    "2.3": "message is too long for the mailbox",
    "3.4": "message is too big",
    "4.1": "no answer from the host",
    "4.2": "connection to the host was lost",
    "4.4": "no route to the domain",
    "4.6": "mail loop",
    "4.7": "gave up after trying for too long",
    "6.7": "address needs SMTPUTF8",
    "7.1": "refused by policy",
}
SUBJECTS = {
    "0": "no detail given",
    "1": "the address",
    "2": "the mailbox",
    "3": "the receiving mail system",
    "4": "the network or routing",
    "5": "the mail protocol",
    "6": "the message's content",
    "7": "security or policy",
}

PASSING = frozenset({"1.7", "1.8", "2.2", "2.3"})
"""Class 5 codes whose fault is passing or ours: the address itself may be good."""
NOT_THE_ADDRESS = ("3.", "4.", "5.", "6.", "7.")
"""Subjects that are about systems, ways, mails and rules. Who gives up after days of a host that is down says class 5,
too: an outage of a mail firm is no fault of its readers' addresses.
"""
NO_WAY = "4.4"
"""The one of these that lasts: the domain has no host for mail."""


def find_status(text: str) -> str:
    """The first enhanced status code in the text, such as `5.1.1`, or empty."""
    found = CODE.search(text)
    return found.group() if found else ""


def describe(status: str) -> str:
    """A status code with its meaning, such as `5.1.1 no such mailbox`; empty for no status."""
    subject, _, _ = (detail := status[2:]).partition(".")
    meaning = MEANINGS.get(detail) or SUBJECTS.get(subject, "")
    return f"{status} {meaning}".strip()


def blames_address(status: str) -> bool | None:
    """Whether the status says that the address will never work: True, False, or None where there is no status."""
    if not status:
        return None
    detail = status[2:]
    if detail in PASSING or (detail.startswith(NOT_THE_ADDRESS) and detail != NO_WAY):
        return False
    return status.startswith("5.")
