"""The column types of money."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.fields import NOT_PROVIDED

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ZERO = Decimal(0)


def money_column(
    label: "StrOrPromise", default: Decimal | type[NOT_PROVIDED] = NOT_PROVIDED
) -> "models.DecimalField[Decimal, Decimal]":
    """An exact amount: 15 digits before the point, 3 after it, as the finest currencies need."""
    return models.DecimalField(label, max_digits=18, decimal_places=3, default=default)


def optional_money_column(label: "StrOrPromise") -> "models.DecimalField[Decimal | None, Decimal | None]":
    """An amount, or None where none is known."""
    return models.DecimalField(label, max_digits=18, decimal_places=3, null=True, blank=True)


def currency_column() -> "models.CharField[str, str]":
    """An ISO 4217 code."""
    return models.CharField(max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
