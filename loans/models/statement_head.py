"""A bank's statement as a whole: is it complete, and is the one before it there?"""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import Lag
from django.utils.translation import gettext_lazy as _

from loans.models.fields import money_column
from loans.models.partner import Partner
from loans.models.report import Report

ZERO_OR_UNKNOWN = Q(difference=0) | Q(difference=None)
WITHIN_A_DAY = ("camt.052", "camt.054", "MT942")
"""Series whose opening balance, if they have one, is that of the day and not the closing one of the message before."""
_FOLLOWS = (
    Q(number=F("before"), page=F("page_before") + 1)
    | Q(number=F("before") + 1, page=1)
    | Q(number=1, page=1, year__gt=F("year_before"))
)


def _of_the_one_before(name: str) -> Window:
    series = [F("partner"), F("account"), F("series")]
    return Window(Lag(name), partition_by=series, order_by=[F("year").asc(), F("number").asc(), F("page").asc()])


def _with_the_one_before(since_year: int) -> Any:
    """A QuerySet of statements, each with what its number, page, year and closing balance follow."""
    numbered = Statement.objects.filter(year__gte=since_year, repeats=None, number__isnull=False)
    return numbered.annotate(
        before=_of_the_one_before("number"),
        page_before=_of_the_one_before("page"),
        year_before=_of_the_one_before("year"),
        closing_before=_of_the_one_before("closing"),
    )


class StatementQuerySet(models.QuerySet["Statement"]):
    def gaps(self, since_year: int) -> Self:
        """Those of these years before which at least one is missing.

        Numbers of a partner's account rise by one within a series; a new year may begin with 1 again. The first that we
        ever had follows nothing.
        """
        found = _with_the_one_before(since_year).filter(before__isnull=False).exclude(_FOLLOWS)
        return self.filter(pk__in=found.values("pk"))

    def breaks(self, since_year: int) -> Self:
        """Those of these years whose opening balance is not the closing one of the statement just before."""
        daily = _with_the_one_before(since_year).exclude(series__in=WITHIN_A_DAY).filter(_FOLLOWS)
        said = daily.filter(opening__isnull=False, closing_before__isnull=False)
        return self.filter(pk__in=said.exclude(opening=F("closing_before")).values("pk"))

    def unbalanced(self) -> Self:
        """Those whose opening balance and entries do not make their closing balance."""
        return self.exclude(ZERO_OR_UNKNOWN)


class Statement(models.Model):
    """One statement, report or notification of an account, as the bank says it is; its lines are StatementLines.

    `difference` is closing less opening less booked entries, None where the bank does not say both balances. `repeats`
    is the one that came first with the same number.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="statements", verbose_name=_("report"))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", verbose_name=_("partner"))
    place = models.CharField(_("place in the file"), max_length=120)
    series = models.CharField(_("series"), max_length=8)
    account = models.CharField(_("account"), max_length=64, blank=True)
    identification = models.CharField(_("identification"), max_length=64, blank=True)
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.BigIntegerField(_("number"), null=True, blank=True)
    page = models.PositiveBigIntegerField(_("page"), default=1)
    first_on = models.DateField(_("from"), null=True, blank=True)
    last_on = models.DateField(_("until"), null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    opening = models.DecimalField(_("opening balance"), max_digits=18, decimal_places=3, null=True, blank=True)
    closing = models.DecimalField(_("closing balance"), max_digits=18, decimal_places=3, null=True, blank=True)
    booked = money_column(_("booked"))
    difference = models.DecimalField(_("difference"), max_digits=21, decimal_places=3, null=True, blank=True)
    entries = models.PositiveIntegerField(_("entries"))
    refused = models.PositiveIntegerField(_("entries refused"), default=0)
    repeats = models.ForeignKey(
        "self", models.PROTECT, related_name="repetitions", null=True, blank=True, verbose_name=_("repeats")
    )

    objects = StatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["report", "place"], name="statement_place_once"),
            models.UniqueConstraint(
                fields=["year", "partner", "account", "series", "number", "page"],
                condition=Q(repeats=None, number__isnull=False),
                name="statement_number_once",
            ),
        ]
        indexes = [models.Index(fields=["-id"], condition=~ZERO_OR_UNKNOWN, name="statement_unbalanced")]

    def __str__(self) -> str:
        number = "" if self.number is None else f" {self.number}"
        return f"{self.series}{number}" + (f"/{self.page}" if self.page > 1 else "")
