"""A firm on the other side."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Jurisdiction
from accounts.models.user import DEFAULT_TIME_ZONE, validate_time_zone


class Partner(models.Model):
    """A bank or a platform. `code` names it in files and commands, and is no other's in other letters; `how_to_pay` is
    shown to borrowers as it is.

    `consistency_goal` is how long this firm may take to say what the other has said before; `desk_name` and
    `desk_email` are who answers for it there. `awaiting_bank_days` is how long a payment that only the platform has
    seen holds what would be demanded, before a person looks at it; a bank's. `working_days` and `time_zone` say when
    its feeds may be silent. `known_since` is when it came to be known here: reports of before did not mean it.
    """

    class Kind(models.TextChoices):
        BANK = "bank", _("bank")
        PLATFORM = "platform", _("platform")

    code = models.SlugField(_("code"), max_length=32, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("phone for borrowers"), max_length=32, blank=True)
    website = models.URLField(_("website"), blank=True)
    how_to_pay = models.TextField(_("how to pay"), blank=True)
    usual_lag_days = models.PositiveSmallIntegerField(
        _("usual lag in days"),
        default=1,
        help_text=_("How many days this firm usually takes to show a payment that the other firm has seen."),
    )
    hears_events = models.BooleanField(
        _("is told what happens"),
        default=False,
        db_default=False,
        help_text=_("Events about its loans are written for it from the day on which this is set."),
    )
    events_per_minute = models.PositiveIntegerField(
        _("events a minute"),
        default=6_000,
        help_text=_("How many events this firm may push in a minute; what is above is told to come again later."),
    )
    consistency_goal = models.DurationField(
        _("time to agree"),
        default=timedelta(days=2),
        help_text=_("How long this firm may take to say what the other has said, as days hh:mm:ss."),
    )
    awaiting_bank_days = models.PositiveSmallIntegerField(
        _("days to wait for the bank"),
        default=5,
        help_text=_("After so many days an agent looks into a payment that only the platform has seen."),
    )
    desk_name = models.CharField(_("who answers for differences"), max_length=80, blank=True)
    desk_email = models.EmailField(_("their email"), blank=True)
    working_days = models.CharField(
        _("working days of"),
        max_length=2,
        choices=Jurisdiction,
        blank=True,
        help_text=_("Empty: it works every day."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=DEFAULT_TIME_ZONE, validators=[validate_time_zone]
    )

    known_since = models.DateTimeField(_("known since"), default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(consistency_goal__gt=timedelta(0)), name="partner_goal_is_some_time"
            ),
            models.UniqueConstraint(
                Lower("code"),
                name="partner_code_once_in_any_letters",
                violation_error_message=_("Another firm has this code, but for capital letters."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
