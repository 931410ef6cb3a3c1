"""What a partner pushes of which nothing is taken."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.partner import Partner


class RefusalRun(models.Model):
    """Messages pushed under a partner's name that were refused one after the other: one row a partner while it lasts.

    `signed_at`: when the last one came that was the partner's own, of a wrong form; None where none ever was. Where it
    is before `since` the key is wrong, or somebody else uses the partner's name. `code`, a problem of docs/partners.md,
    is that of the last one, or of the last signed one where there is one. `messages` are at least as many. Until
    `looked_until` no message was taken since. Times are UTC.
    """

    partner = models.OneToOneField(Partner, models.CASCADE, primary_key=True, related_name="refusal_run")
    since = models.DateTimeField(_("since"))
    last_at = models.DateTimeField(_("last"))
    looked_until = models.DateTimeField(_("looked until"))
    messages = models.PositiveBigIntegerField(_("messages"))
    signed_at = models.DateTimeField(_("last signed"), null=True)
    code = models.CharField(_("code"), max_length=32)

    class Meta:
        verbose_name = _("refused messages")
        verbose_name_plural = _("refused messages")

    @property
    def signed(self) -> bool:
        """Whether the partner itself sent one of them at least."""
        return self.signed_at is not None and self.signed_at >= self.since

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.code}"
