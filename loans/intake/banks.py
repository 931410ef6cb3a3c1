"""The banks that records name by their codes."""

from collections.abc import Iterable, Mapping

from loans.models import Partner

Banks = Mapping[str, Partner]
"""By their codes."""


def banks_named(codes: Iterable[str | None]) -> Banks:
    """The banks of these codes; None and the empty one name none."""
    named = {code for code in codes if code}
    rows = Partner.objects.filter(kind=Partner.Kind.BANK, code__in=named) if named else ()
    return {bank.code: bank for bank in rows}
