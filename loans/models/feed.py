"""What a partner sends us regularly, so that its silence is heard."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.partner import Partner
from loans.models.report import Report


class Feed(models.Model):
    """Reports of one kind that `partner` is expected to send at least every `every_hours` hours of its working days.

    A day off does not count: twenty-four hours from Friday noon are over on Monday noon. `watched_since` is from when
    on silence counts where nothing came yet.
    """

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="feeds", verbose_name=_("partner"))
    kind = models.CharField(
        _("what it sends"),
        max_length=16,
        choices=Report.Kind,
        help_text=_("Only what can be read counts; a refused file does not end a silence."),
    )
    every_hours = models.PositiveSmallIntegerField(
        _("at least every (hours)"),
        default=24,
        validators=[MinValueValidator(1)],
        help_text=_("Hours of the partner's working days: 24 from Friday noon are over on Monday noon."),
    )
    watched_since = models.DateTimeField(_("watched since"), auto_now_add=True)

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")
        ordering = ["partner", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "kind"], name="feed_once"),
            models.CheckConstraint(condition=models.Q(every_hours__gte=1), name="feed_comes_some_time"),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.get_kind_display()}"
