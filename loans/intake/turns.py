"""One writer at a time of what hangs on one bank's lines and loans."""

from typing import Final

from django.db import connection

from loans.models import Partner

_LOCK: Final = 0x5E7B
"""First key of the advisory locks; the second is the bank's id."""


def take_turns(partner: Partner) -> None:
    """Wait until no other intake writes of this bank (of any bank where `partner` is a platform); from then on others
    wait, until the transaction ends.

    Else a line and the loan that it names, or a payment and its return, could pass each other, neither seeing the
    other. To be called before any row is locked.
    """
    own = [partner.pk] if partner.kind == Partner.Kind.BANK else None
    banks = own or list(Partner.objects.filter(kind=Partner.Kind.BANK).order_by("pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        for bank_id in banks:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, bank_id])
