"""How many reports on one delivery are kept where whoever was told may send them: to a mailbox, or from a device.

No report is ever removed, so without a bound one address would fill the disk.
"""

from typing import Final

from django.db import connection

from notifications.channels.registry import PROVIDERS

MOST_KEPT: Final = 30
"""Mail systems report a delay a few times and an end once; ten devices have three things to say each."""

# A report that nobody has read yet has no receipt. Our reference stands in the first lines of what the bounce listener
# stores, and within a device's few hundred bytes.
_COUNT: Final = """
SELECT (SELECT count(*) FROM notifications_receipt
        WHERE delivery_id = delivery.id AND provider = %(provider)s)
     + (SELECT count(*)
        FROM (SELECT provider, raw FROM notifications_callback WHERE applied_at IS NULL
              ORDER BY id DESC LIMIT %(newest)s) AS waiting
        WHERE provider = %(provider)s
          AND strpos(lower(encode(substring(raw FROM 1 FOR %(begins)s), 'escape')), %(reference)s) > 0)
FROM notifications_delivery AS delivery
WHERE delivery.id = %(delivery)s AND delivery.channel = %(channel)s
"""
_NEWEST: Final = 500
"""Waiting messages that are looked at: of a flood from one address they are its own."""
_BEGINS: Final = 1024


def may_be_kept(delivery_id: int, reference: str, *, provider: str) -> bool:
    """Whether one more report of `provider` on this delivery is kept: never one on what its channel did not tell."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "provider": provider,
                "channel": PROVIDERS[provider].channel,
                "delivery": delivery_id,
                "reference": reference.lower(),
                "newest": _NEWEST,
                "begins": _BEGINS,
            },
        )
        row = cursor.fetchone()
    return row is not None and row[0] < MOST_KEPT
