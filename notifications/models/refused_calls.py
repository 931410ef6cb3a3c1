"""Calls to the doors of providers that were refused, or repeated what was known."""

from datetime import date, datetime
from typing import Any, Final

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

_COUNT: Final = """
INSERT INTO notifications_refusedcalls AS counted (provider, why, day, calls, last_at)
VALUES (%(provider)s, %(why)s, %(day)s, %(calls)s, %(now)s)
ON CONFLICT (day, provider, why) DO UPDATE
SET calls = counted.calls + excluded.calls, last_at = GREATEST(counted.last_at, excluded.last_at)
"""


class RefusedCalls(models.Model):
    """How many calls of one kind a provider's doors refused on a day (UTC): at least so many, since what a
    process counted in its last two seconds is not written where it was killed. Of the calls nothing is kept.

    What was SAID_AGAIN is answered as the first time and kept, and so are these counted exactly, as they are read.
    """

    class Why(models.TextChoices):
        UNPROVEN = "unproven", _("does not show that the provider calls")
        UNREADABLE = "unreadable", _("not of the provider's form")
        TOO_LONG = "too_long", _("too long")
        METHOD = "method", _("a wrong method")
        REPLAYED = "replayed", _("signed too long ago")
        SAID_AGAIN = "said_again", _("said before, word for word")

    provider = models.CharField(_("provider"), max_length=16)
    why = models.CharField(_("why"), max_length=16, choices=Why)
    day = models.DateField(_("day"))
    calls = models.PositiveBigIntegerField(_("calls"))
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("call of a provider that changed nothing")
        verbose_name_plural = _("calls of providers that changed nothing")
        ordering = ["-day", "provider", "why"]
        constraints = [models.UniqueConstraint(fields=["day", "provider", "why"], name="refused_calls_once_a_day")]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}: {self.why}"

    @classmethod
    def count(cls, provider: str, why: str, calls: int, *, day: date, now: datetime) -> None:
        """So many more of `day`. Raises django.db.Error where they could not be written."""
        said: dict[str, Any] = {"provider": provider, "why": why, "day": day, "calls": calls, "now": now}
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, said)
