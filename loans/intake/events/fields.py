"""The members of an event, read as strictly as those of files: nothing is guessed, nothing is rounded."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from loans.intake.records import Code
from loans.intake.values import IDENTIFIER_LENGTH, REFERENCE_LENGTH, Fault, currency_of, day_of, text_of

_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_AMOUNT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_FRACTION: Final = re.compile(r"(\.[0-9]{6})[0-9]+")
_LARGEST: Final = 2**31 - 1
_LARGEST_EXACT: Final = 2**53 - 1
"""Up to here every reader of JSON has whole numbers as they are written."""
_MOST_DAYS: Final = 366
_CODE_LENGTH: Final = 32
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def unknown_member(name: str) -> str:
    """The complaint about a member; its name is quoted only where it is a plain one, for it may be anything."""
    return f"the member {name} is not known here" if _PLAIN.fullmatch(name) else "a member is not known here"


class Members(serializers.Serializer[Any]):
    """An object. A member that is not known is refused: a misspelt one would be lost without a word."""

    # A loop of our own: REST framework's asks each field for validators, defaults and sources that none of ours has and
    # takes three times as long, and a message has a thousand events.
    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The members that are there, read. Raises ValidationError with all that is wrong, by member."""
        if not isinstance(data, Mapping):
            missing = data is None or data is serializers.empty
            raise serializers.ValidationError("must be an object", code="required" if missing else "not_an_object")
        fields = self.fields
        found, wrong = {}, {}
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                raise serializers.ValidationError([unknown_member(name)], code="unknown_member")
            try:
                found[name] = field.run_validation(value)
            except serializers.ValidationError as error:
                wrong[name] = error.detail
        if len(found) < len(fields):
            absent = [name for name, field in fields.items() if field.required and name not in data]
            wrong |= {name: [ErrorDetail("is missing", code="required")] for name in absent}
        if wrong:
            raise serializers.ValidationError(wrong)
        return found


class _Written(serializers.CharField):
    """A JSON text and nothing else, read by `read`."""

    def to_internal_value(self, data: object) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be a text", code="not_a_text")
        if data[:1].isspace() or data[-1:].isspace():
            raise serializers.ValidationError("has blanks around it", code="blanks")
        try:
            return self.read(data)
        except Fault as fault:
            raise serializers.ValidationError(fault.reason, code=fault.code) from None

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return self.to_internal_value(data)

    def read(self, text: str) -> Any:
        raise NotImplementedError


class Text(_Written):
    """Printable text of 1 to `limit` characters, none of them a blank at an end."""

    def __init__(self, limit: int, **options: Any) -> None:
        self.limit = limit
        super().__init__(min_length=1, max_length=limit, **options)

    def read(self, text: str) -> str:
        found = text_of(text, "the text", self.limit)
        if found is None:
            raise Fault(Code.MISSING, "the text is empty")
        return found


class Identifier(Text):
    """A number that the partner's own system gave, such as that of a loan."""

    def __init__(self, **options: Any) -> None:
        super().__init__(IDENTIFIER_LENGTH, **options)


class BankCode(Text):
    """The code under which a bank is known here, as in the addresses of this interface."""

    def __init__(self, **options: Any) -> None:
        super().__init__(_CODE_LENGTH, **options)


class Reference(Text):
    """What travels with a payment: an EndToEndId of ISO 20022."""

    def __init__(self, **options: Any) -> None:
        super().__init__(REFERENCE_LENGTH, **options)


@extend_schema_field({"type": "string", "pattern": f"^{_AMOUNT.pattern}$", "example": "1234.50"})
class Amount(_Written):
    """An amount as a decimal text; whether it fits its currency is seen when the record is made."""

    def read(self, text: str) -> Decimal:
        if not _AMOUNT.fullmatch(text):
            raise Fault(Code.AMOUNT, "is no decimal text such as 1234.50, of at most 15 digits before the point")
        return Decimal(text)


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "example": "CNY"})
class Currency(_Written):
    """A code of ISO 4217."""

    def read(self, text: str) -> str:
        return currency_of(text, "the currency")


@extend_schema_field(OpenApiTypes.DATE)
class Day(_Written):
    """A calendar day, YYYY-MM-DD."""

    def read(self, text: str) -> date:
        return day_of(text, "the date")


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(_Written):
    """A moment by RFC 3339, its offset from UTC included; read to the microsecond."""

    def read(self, text: str) -> datetime:
        if not _MOMENT.fullmatch(text):
            raise Fault(Code.DATE, "is not a moment with its offset from UTC, such as 2026-12-03T08:30:00Z")
        try:
            found = datetime.fromisoformat(_FRACTION.sub(r"\1", text)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Fault(Code.DATE, "is a moment that does not exist") from None
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise Fault(Code.DATE, f"only moments of the years {_FIRST_YEAR} to {_LAST_YEAR} are taken")
        return found


class Number(serializers.IntegerField):
    """A whole number of a period, from 1."""

    largest = _LARGEST

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=self.largest, **options)

    def run_validation(self, data: Any = serializers.empty) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError("must be a whole number", code="not_a_number")
        if not 1 <= data <= self.largest:
            raise serializers.ValidationError(f"must be 1 to {self.largest}", code="out_of_range")
        return data


class OurNumber(Number):
    """A number that we gave, such as that of a prompt."""

    largest = _LARGEST_EXACT


class Days(serializers.IntegerField):
    """A number of days, from 0."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=_MOST_DAYS, **options)

    def run_validation(self, data: Any = serializers.empty) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError("must be a whole number", code="not_a_number")
        if not 0 <= data <= _MOST_DAYS:
            raise serializers.ValidationError(f"must be 0 to {_MOST_DAYS}", code="out_of_range")
        return data


class AboutLoan(Members):
    """What tells which loan an event is about."""

    loan = Identifier(help_text="The loan's number.")
    bank = BankCode(
        required=False,
        help_text="The code of the loan's bank; a platform needs it where several banks have a loan of this "
        "number, and to open a loan where several banks are known here. A bank's own events never need it.",
    )
