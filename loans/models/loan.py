"""The agreement and the periods of its schedule."""

from datetime import date
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loans.answering import firm_to_call
from loans.models.append_only import never_deleted
from loans.models.fields import ZERO, currency_column, money_column, optional_money_column
from loans.models.partner import Partner
from loans.models.report import Report
from loans.money import format_money


class LoanQuerySet(models.QuerySet["Loan"]):
    def of(self, borrower_id: int) -> Self:
        """The loans of one borrower: the only way a borrower's page may look a loan up."""
        return self.filter(borrower_id=borrower_id)

    def of_partner(self, partner: Partner) -> Self:
        """The loans of one firm: the only way its interface may look a loan up."""
        return self.filter(**{partner.kind: partner})

    def with_firms(self) -> Self:
        return self.select_related("bank", "platform")

    def with_next_payment(self) -> Self:
        """Each with `next_due_on` and `next_outstanding` of what is to be paid next, None where there is nothing."""
        unpaid = Installment.objects.open().filter(loan=OuterRef("pk")).order_by("due_on", "number")
        return self.annotate(
            next_due_on=Subquery(unpaid.values("due_on")[:1]),
            next_outstanding=Subquery(unpaid.values("outstanding")[:1]),
        )

    def with_next_due(self) -> Self:
        """With what is to be paid next, and `bank_heard_at`: the last word of its bank about money, or None.

        Those with something to pay come first.
        """
        said = Report.objects.filter(partner=OuterRef("bank"), kind=Report.Kind.STATEMENT).order_by("-received_at")
        heard = Subquery(said.values("received_at")[:1])
        return (
            self.with_next_payment().annotate(bank_heard_at=heard).order_by(F("next_due_on").asc(nulls_last=True), "pk")
        )


class Loan(models.Model):
    """One agreement between a borrower, the bank that funds it and the platform that sold it.

    `most_said` is the most that any word of either firm let it come to, `first_said` the first day on which by any of
    them it may have been paid: payments are judged by these (loans/intake/likely.py).
    """

    external_id = models.CharField(_("loan number"), max_length=64)
    bank = models.ForeignKey(Partner, models.PROTECT, related_name="loans_funded", verbose_name=_("bank"))
    platform = models.ForeignKey(
        Partner, models.PROTECT, related_name="loans_sold", null=True, blank=True, verbose_name=_("platform")
    )
    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="loans", verbose_name=_("borrower")
    )
    product = models.CharField(_("product"), max_length=120, blank=True)
    currency = currency_column()
    principal = money_column(_("principal"))
    disbursed_on = models.DateField(_("disbursed"), null=True, blank=True)
    most_said = optional_money_column(_("the most that it was said to come to"))
    first_said = models.DateField(_("the first day on which it may be paid"), null=True, blank=True)
    schedule_version = models.PositiveIntegerField(_("schedule version"), default=1)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = LoanQuerySet.as_manager()

    class Meta:
        verbose_name = _("loan")
        verbose_name_plural = _("loans")
        constraints = [
            models.UniqueConstraint(fields=["bank", "external_id"], name="loan_number_once_a_bank"),
            models.CheckConstraint(condition=Q(principal__gte=0), name="loan_principal_not_negative"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="loan_currency_iso4217"),
        ]
        indexes = [
            GinIndex(OpClass(Upper("external_id"), name="gin_trgm_ops"), name="loan_number_trigrams"),
            models.Index(fields=["bank", "id"], name="loan_of_bank"),
            models.Index(fields=["platform", "id"], name="loan_of_platform"),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def firm_to_call(self) -> Partner:
        return firm_to_call(self.bank, self.platform)

    @property
    def seller_name(self) -> str:
        """The firm whose shop the borrower knows; the bank's where no platform is known."""
        return self.platform.name if self.platform else self.bank.name


class InstallmentQuerySet(models.QuerySet["Installment"]):
    def of(self, borrower_id: int) -> Self:
        return self.filter(loan__borrower_id=borrower_id)

    def of_partner(self, partner: Partner) -> Self:
        return self.filter(**{f"loan__{partner.kind}": partner})

    def open(self) -> Self:
        """Still owed by what both firms say; what waits for the bank is not among them."""
        return self.filter(state=Installment.State.OPEN)

    def due_between(self, first: date, last: date) -> Self:
        return self.filter(due_on__gte=first, due_on__lte=last)

    def unsettled(self) -> Self:
        return self.filter(state__in=[Installment.State.OPEN, Installment.State.AWAITING_BANK])

    def next_and_until(self, last: date) -> Self:
        """The unsettled ones due by `last`, and the next one to pay however far away it is."""
        following = self.open().order_by("due_on", "number").values("pk")[:1]
        return self.unsettled().filter(Q(due_on__lte=last) | Q(pk__in=Subquery(following)))

    def with_firms(self) -> Self:
        return self.select_related("loan__bank", "loan__platform")


class Installment(models.Model):
    """One period of a schedule. The figures are the bank's; `state` sums up what both firms say.

    `version` rises when the bank changes the due date or the total, or takes back what had paid it, so that a prompt
    about the old figures is void;
    `known_at` is when it told us those of this version, or an agent's decision made them owed again.
    `charged_by_due` is the most that any word of either firm had it charge, as fees and penalties, by the end of its
    due day: what is charged on top of that is for being late.
    `asked_again_at` is when an agent decided that what the platform had said until then does not hold demands any more.
    `payment_reference` is what a payer writes so that the bank can match the money: at most 35 characters, the length
    of ISO 20022's EndToEndId.
    """

    class State(models.TextChoices):
        OPEN = "open", _("to be paid")
        AWAITING_BANK = "awaiting_bank", _("paid at the platform, awaiting the bank")
        SETTLED = "settled", _("settled")
        WITHDRAWN = "withdrawn", _("withdrawn from the schedule")

    loan = models.ForeignKey(Loan, models.CASCADE, related_name="installments", verbose_name=_("loan"))
    number = models.PositiveIntegerField(_("number"))
    due_on = models.DateField(_("due"))
    principal = money_column(_("principal"), default=ZERO)
    interest = money_column(_("interest"), default=ZERO)
    fees = money_column(_("fees"), default=ZERO)
    penalties = money_column(_("penalties"), default=ZERO)
    total = money_column(_("total"))
    waived = money_column(_("waived"), default=ZERO)
    paid = money_column(_("paid"), default=ZERO)
    outstanding = money_column(_("outstanding"))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.OPEN)
    settled_on = models.DateField(_("settled on"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    known_at = models.DateTimeField(_("figures known"), default=timezone.now, db_default=Now())
    charged_by_due = models.DecimalField(
        _("charged by the due day"), max_digits=18, decimal_places=3, default=ZERO, db_default=ZERO
    )
    asked_again_at = models.DateTimeField(_("not waited for since"), null=True, blank=True)
    payment_reference = models.CharField(_("payment reference"), max_length=35, db_index=True)

    objects = InstallmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("installment")
        verbose_name_plural = _("installments")
        ordering = ["due_on", "number"]
        constraints = [
            models.UniqueConstraint(fields=["loan", "number"], name="installment_number_once_a_loan"),
            models.CheckConstraint(
                condition=Q(total__gte=0, waived__gte=0, paid__gte=0, outstanding__gte=0),
                name="installment_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(total=F("waived") + F("paid") + F("outstanding")), name="installment_sums_agree"
            ),
            models.CheckConstraint(
                condition=~Q(state="settled") | Q(outstanding=0), name="installment_settled_owes_nothing"
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state="open"), name="installment_open_by_due"),
            models.Index(fields=["loan"], condition=Q(state="awaiting_bank"), name="installment_awaiting_bank"),
        ]
        triggers: list[pgtrigger.Trigger] = [never_deleted("installment")]

    def __str__(self) -> str:
        return f"{self.loan_id}/{self.number}"

    @property
    def is_waived(self) -> bool:
        """Settled, and nothing was paid of it: all that was due was waived or written off."""
        return self.state == self.State.SETTLED and not self.paid and self.waived > 0

    @property
    def is_dropped(self) -> bool:
        """It need not be paid any more, though nobody has paid it: it was withdrawn from the schedule, or waived."""
        return self.state == self.State.WITHDRAWN or self.is_waived

    def money(self, language: str) -> str:
        """What is still to be paid, as text in `language`."""
        return format_money(self.outstanding, self.loan.currency, language)
