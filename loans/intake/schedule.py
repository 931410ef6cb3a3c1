"""What must hold of any schedule, whatever file it came in: the sums agree and the numbers rise."""

from collections.abc import Mapping
from decimal import Decimal

from loans.intake.records import Code
from loans.intake.values import Fault

_LARGEST_NUMBER = 2**31 - 1


def check_sum(name: str, whole: Decimal, parts: Mapping[str, Decimal]) -> None:
    """Raise Fault, naming every part and the difference, unless `whole` is the sum of `parts`."""
    total = sum(parts.values(), Decimal(0))
    if whole == total:
        return
    said = " + ".join(f"{part} {amount}" for part, amount in parts.items())
    raise Fault(Code.SUMS, f"{name} is {whole}, but {said} = {total}: they differ by {abs(whole - total)}")


def check_number(number: int, before: int) -> None:
    """Raise Fault unless `number` is a possible number of an installment that follows the one numbered `before`."""
    if not 1 <= number <= _LARGEST_NUMBER:
        raise Fault(Code.ORDER, f"an installment is numbered {number}; the first number is 1")
    if number == before:
        raise Fault(Code.REPEATED, f"installment {number} is there twice")
    if number < before:
        raise Fault(Code.ORDER, f"installment {number} comes after installment {before}; numbers must rise")
