"""The words that messages were made of, by their version."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only


class KeptWords(models.Model):
    """One version of a wording, kept when it was first used: what was sent can be read after it was revised.

    `words` is the JSON of which the version is a digest (`Wording.written`). Append-only; holds nothing of a borrower.
    """

    version = models.CharField(_("wording"), max_length=64, primary_key=True)
    words = models.TextField(_("words"))

    class Meta:
        verbose_name = _("words that were used")
        verbose_name_plural = _("words that were used")
        triggers: list[pgtrigger.Trigger] = append_only("kept_words")

    def __str__(self) -> str:
        return self.version
