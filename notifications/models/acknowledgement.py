"""The borrower's own "I know"."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only
from loans.models.fields import currency_column, money_column
from notifications.models.delivery import Delivery
from notifications.models.prompt import Prompt


class Acknowledgement(models.Model):
    """Bound to the amount, due date and wording that the borrower saw. One a prompt; it never changes."""

    class Method(models.TextChoices):
        LINK = "link", _("button behind the link in a message")
        IN_APP = "in_app", _("button in the portal")
        REPLY = "reply", _("code in a reply by SMS")
        PUSH = "push", _("button on the device")
        VOICE = "voice", _("key pressed in a phone call")

    UNREAD = (Method.REPLY, Method.PUSH, Method.VOICE)
    """Those that take no look at the message."""

    prompt = models.OneToOneField(Prompt, models.PROTECT, related_name="acknowledgement", verbose_name=_("prompt"))
    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="acknowledgements", verbose_name=_("borrower")
    )
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("delivery")
    )
    method = models.CharField(_("method"), max_length=8, choices=Method)
    amount = money_column(_("amount seen"))
    currency = currency_column()
    due_on = models.DateField(_("due date seen"))
    wording = models.CharField(_("wording seen"), max_length=64)
    acknowledged_at = models.DateTimeField(_("acknowledged"))

    class Meta:
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        triggers: list[pgtrigger.Trigger] = append_only("acknowledgement")

    def __str__(self) -> str:
        return f"{self.method} #{self.pk}"
