"""Whom a borrower calls: one rule for messages, pages and packs."""

from typing import Protocol, TypeVar


class Called(Protocol):
    """A firm, as a row or as a message reads it."""

    @property
    def phone(self) -> str: ...


Firm = TypeVar("Firm", bound=Called)


def firm_to_call(bank: Firm, platform: Firm | None) -> Firm:
    """The platform that sold the loan, where it has named a number; else the bank that funds it."""
    return platform if platform and platform.phone else bank
