"""What a type of event is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from rest_framework import serializers

from loans.intake.events.fields import Members
from loans.intake.records import LoanRecord
from loans.models import Partner

Data = Mapping[str, Any]
BANK: Final = Partner.Kind.BANK
PLATFORM: Final = Partner.Kind.PLATFORM
EITHER: Final = frozenset({BANK, PLATFORM})


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """What an event says that is not about figures: `data` as it was read, for whoever takes up this type."""

    data: Data


Record = LoanRecord | NoticeRecord


@dataclass(frozen=True)
class EventType:
    """One type of event, in one version.

    `read` makes the record of what the members say, as of the moment given, and raises Fault where they contradict each
    other; it touches no database. `said_by`: whose word it can be. `new_loan`: the loan may be new to us.
    """

    name: str
    said_by: frozenset[Partner.Kind]
    members: type[Members]
    read: Callable[[Data, datetime], Record]
    summary: str
    example: Data
    version: int = 1
    new_loan: bool = False
    about_loan: bool = True
    key: tuple[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.name, self.version))

    @cached_property
    def reader(self) -> serializers.Serializer[Any]:
        """One instance for all: building a serializer for each event costs more than reading it."""
        return self.members()
