"""What partners have said: the facts that the state of a loan is derived from."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.fields import money_column
from loans.models.loan import Loan
from loans.models.partner import Partner
from loans.models.payment import Payment
from loans.models.report import Report


class LoanWord(models.Model):
    """A partner's latest word on a whole loan: as of when, and in which report.

    An older word that arrives later is compared with it and left out. `agreed_at` and `agreed_in` are those of its
    latest word on what was agreed (principal, product), which a schedule alone does not repeat.
    """

    loan = models.ForeignKey(Loan, models.CASCADE, related_name="words")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    as_of = models.DateTimeField(_("as of"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField(_("agreement as of"), null=True, blank=True)
    agreed_in = models.ForeignKey(Report, models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        verbose_name = _("word on a loan")
        verbose_name_plural = _("words on loans")
        constraints = [models.UniqueConstraint(fields=["loan", "partner"], name="loan_word_one_a_partner")]

    def __str__(self) -> str:
        return f"{self.loan_id}: {self.partner_id}"


class PaymentWord(models.Model):
    """A partner's latest word on one payment, that it names by a reference, with this amount and day.

    Where it said another amount or day of the same payment there is another word: which holds is seen when the loan is
    derived, for one that cannot be true may be the later one. `reversed` holds for good; `reversed_at` is the earliest
    moment as of which that was said. `arrived`: it has said that the money came, and not only that it went back.
    `named_at` is the earliest moment as of which it spoke of the payment: what it says is paid since then holds it.
    """

    payment = models.ForeignKey(Payment, models.CASCADE, related_name="words")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    amount = money_column(_("amount"))
    paid_on = models.DateField(_("paid on"))
    number = models.PositiveIntegerField(_("number of the installment"), null=True, blank=True)
    reversed = models.BooleanField(_("reversed"), default=False)
    reversed_at = models.DateTimeField(_("reversed as of"), null=True, blank=True)
    arrived = models.BooleanField(_("arrived"), default=True)
    named_at = models.DateTimeField(_("first named as of"))
    as_of = models.DateTimeField(_("as of"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("word on a payment")
        verbose_name_plural = _("words on payments")
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "partner", "amount", "paid_on"], name="payment_word_once_a_partner_and_figure"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_word_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.partner_id}"

    @property
    def key(self) -> tuple[int, Decimal, date]:
        """What tells it from other words on the same payment."""
        return self.partner_id, self.amount, self.paid_on

    @property
    def says(self) -> tuple[object, ...]:
        """What it says, apart from when and from its key."""
        return self.number, self.reversed, self.reversed_at, self.arrived, self.named_at

    @property
    def facts(self) -> dict[str, Any]:
        """Its own fields, without whose word it is and about which payment."""
        names = ("amount", "paid_on", "number", "reversed", "reversed_at", "arrived", "named_at", "as_of", "report_id")
        return {name: getattr(self, name) for name in names}


class WaitingRecord(models.Model):
    """A loan's record that came before what it needs; applied when the loan is opened, or gets the installments that it
    speaks of, then gone.

    `content` is the record as intake.waiting writes it; the report has the bytes that it was read from.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="waiting")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    external_id = models.CharField(_("loan number"), max_length=64)
    place = models.CharField(_("place in the file"), max_length=160)
    content = models.JSONField(_("record"))

    class Meta:
        verbose_name = _("waiting record")
        verbose_name_plural = _("waiting records")
        constraints = [models.UniqueConstraint(fields=["report", "place"], name="waiting_record_once")]
        indexes = [models.Index(fields=["external_id"], name="waiting_record_by_loan")]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.place}"
