"""Finds the partner that a command names."""

from django.core.management.base import CommandError

from loans.models import Partner


def partner_named(code: str) -> Partner:
    """The partner of this code. Raises CommandError with exit code 2."""
    found = Partner.objects.filter(code=code).first()
    if found is None:
        raise CommandError(f"No partner has the code “{code}”; nothing was done.", returncode=2)
    return found
