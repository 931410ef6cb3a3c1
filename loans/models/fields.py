"""The column types of money."""

from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from django.db import models

ZERO = Decimal(0)


def money_column(*args: Any, **options: Any) -> "models.DecimalField[Decimal, Decimal]":
    """An exact amount: 15 digits before the point, 3 after it, as the finest currencies need."""
    return models.DecimalField(*args, max_digits=18, decimal_places=3, **options)


def currency_column() -> "models.CharField[str, str]":
    """An ISO 4217 code."""
    return models.CharField(max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")])
