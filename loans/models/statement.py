"""What a bank statement says of one movement of money."""

from typing import Final, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from loans.models.fields import currency_column, money_column
from loans.models.loan import Installment, Loan
from loans.models.payment import Payment
from loans.models.report import Report

NAMED: Final = Func(
    "names", template="string_to_array(%(expressions)s, chr(10))", output_field=ArrayField(models.TextField())
)
"""The names of a line as an array, as its index has them."""


class StatementLineQuerySet(models.QuerySet["StatementLine"]):
    def waiting(self) -> Self:
        """Booked credits that nothing was matched to and no agent has decided: the agents' queue."""
        return self.filter(match=StatementLine.Match.UNMATCHED)

    def early_returns(self) -> Self:
        """Debits that take back a payment which no line has brought yet."""
        return self.waiting().filter(reversal=True, side="debit")


class StatementLine(models.Model):
    """One transaction (TxDtls) of a statement's entry, or the entry itself where it names no transaction.

    `fingerprint` is the same for the same movement in a camt.054 and in the camt.053 that repeats it. `reversal`: it
    takes back an earlier booking, for `return_reason`. `original_amount` is what was paid, or is taken back, where
    charges make `amount` another one. `names` is all that it may name a loan by, one a row (an array would double what
    the INSERT of a file costs), None where it is not to be matched; `loan` is the one that it does name.
    `decided_for` is the installment that an agent chose; what an agent decided, the intake leaves alone.
    """

    class Match(models.TextChoices):
        MATCHED = "matched", _("matched to a payment")
        UNMATCHED = "unmatched", _("nothing matches: an agent decides")
        SET_ASIDE = "set_aside", _("set aside by an agent")
        NOT_BOOKED = "not_booked", _("announced, not booked")

    report = models.ForeignKey(Report, models.PROTECT, related_name="lines", verbose_name=_("report"))
    place = models.CharField(_("place in the file"), max_length=120)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    account = models.CharField(_("account"), max_length=64)
    amount = money_column(_("amount"))
    original_amount = models.DecimalField(
        _("amount without charges"), max_digits=18, decimal_places=3, null=True, blank=True
    )
    currency = currency_column()
    side = models.CharField(_("side"), max_length=6, choices=[("credit", _("credit")), ("debit", _("debit"))])
    reversal = models.BooleanField(_("reversal"), default=False)
    return_reason = models.CharField(_("reason of the return"), max_length=35, blank=True)
    booked_on = models.DateField(_("booked on"), null=True, blank=True)
    valued_on = models.DateField(_("value date"), null=True, blank=True)
    reference = models.CharField(_("bank's reference"), max_length=64, blank=True)
    end_to_end_id = models.CharField(_("end-to-end id"), max_length=35, blank=True)
    remittance = models.TextField(_("remittance text"), blank=True)
    match = models.CharField(_("match"), max_length=12, choices=Match)
    why = models.CharField(_("why"), max_length=200, blank=True)
    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="lines", null=True, blank=True, verbose_name=_("payment")
    )
    names = models.TextField(_("names in it"), null=True, blank=True)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="lines", null=True, blank=True, verbose_name=_("loan"))
    decided_for = models.ForeignKey(
        Installment, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("matched by hand to")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name=_("decided by")
    )

    objects = StatementLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("statement line")
        verbose_name_plural = _("statement lines")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["fingerprint"], name="statement_line_once")]
        indexes = [
            models.Index(fields=["-id"], condition=models.Q(match="unmatched"), name="statement_line_waiting"),
            GinIndex(NAMED, name="statement_line_names"),
            models.Index(
                fields=["end_to_end_id"],
                condition=models.Q(match="unmatched", reversal=True),
                name="statement_line_early_return",
            ),
            models.Index(fields=["end_to_end_id"], condition=~models.Q(end_to_end_id=""), name="statement_line_by_e2e"),
            models.Index(fields=["reference"], condition=~models.Q(reference=""), name="statement_line_by_reference"),
        ]

    def __str__(self) -> str:
        return self.reference or f"#{self.pk}"
