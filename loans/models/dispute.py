"""What the borrower says is wrong, and what became of it."""

from collections.abc import Collection
from typing import Self
from uuid import uuid4

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import never_deleted
from loans.models.loan import Installment, Loan


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def of(self, borrower_id: int) -> Self:
        return self.filter(borrower_id=borrower_id)

    def undecided(self) -> Self:
        return self.exclude(status=Dispute.Status.DECIDED)

    def holding(self, installment_ids: Collection[int]) -> Self:
        """The undecided ones that hold overdue prompts of these installments: about one of them or its whole loan."""
        loans = Installment.objects.filter(pk__in=installment_ids).values("loan_id")
        return self.undecided().filter(Q(installment_id__in=installment_ids) | Q(installment=None, loan_id__in=loans))


class Dispute(models.Model):
    """A borrower's "something is wrong here" about a loan or one of its installments.

    `receipt_number` is what the borrower quotes. `answer_due_on` is the last day for a decision, in the borrower's
    calendar. While a dispute is undecided, overdue prompts for its installment (or, without one, its loan) are held.
    `form_token` names the form that was sent and what it said, so that one sent twice opens one dispute.
    """

    class Kind(models.TextChoices):
        NOT_TOLD = "not_told", _("I was not told")
        PAID_NOT_SHOWN = "paid_not_shown", _("I paid, it is not shown")
        WRONG_FIGURES = "wrong_figures", _("The amount or date is wrong")
        NOT_MINE = "not_mine", _("This loan is not mine")
        OTHER = "other", _("Something else")

    class Status(models.TextChoices):
        OPEN = "open", _("We are looking into it")
        ANSWERED = "answered", _("We have written to you")
        DECIDED = "decided", _("Decided")

    class Decision(models.TextChoices):
        UPHELD = "upheld", _("You are right")
        PARTLY = "partly", _("You are right in part")
        REJECTED = "rejected", _("We see it differently")

    receipt_number = models.CharField(_("receipt number"), max_length=16, unique=True)
    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="disputes", verbose_name=_("borrower")
    )
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="disputes", verbose_name=_("loan"))
    installment = models.ForeignKey(
        Installment, models.PROTECT, related_name="disputes", null=True, blank=True, verbose_name=_("installment")
    )
    kind = models.CharField(_("what is wrong"), max_length=16, choices=Kind)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField(_("opened"))
    answer_due_on = models.DateField(_("decision by"))
    decision = models.CharField(_("decision"), max_length=8, choices=Decision, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="disputes_decided",
        null=True,
        blank=True,
        verbose_name=_("decided by"),
    )
    form_token = models.UUIDField(_("form sent"), default=uuid4, editable=False)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="decided", decided_at__isnull=False, decided_by__isnull=False) & ~Q(decision="")
                | ~Q(status="decided") & Q(decided_at=None, decision=""),
                name="dispute_decided_by_someone",
            ),
            models.UniqueConstraint(fields=["borrower", "form_token"], name="dispute_once_a_form"),
        ]
        indexes = [models.Index(fields=["answer_due_on"], condition=~Q(status="decided"), name="dispute_undecided")]
        triggers: list[pgtrigger.Trigger] = [never_deleted("dispute")]

    def __str__(self) -> str:
        return self.receipt_number


class DisputeMessage(models.Model):
    """One thing said in a dispute, by the borrower or by an agent. `words` may be empty where files say it."""

    dispute = models.ForeignKey(Dispute, models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by_agent = models.BooleanField(_("from us"))
    words = models.TextField(_("words"), max_length=4000, blank=True)
    written_at = models.DateTimeField(_("written"))
    form_token = models.UUIDField(_("form sent"), default=uuid4, editable=False)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["author", "form_token"], name="dispute_message_once_a_form")]

    def __str__(self) -> str:
        return f"{self.dispute_id} #{self.pk}"


class DisputeFile(models.Model):
    """A picture or PDF that the borrower added; served only as an attachment, only to those concerned."""

    dispute = models.ForeignKey(Dispute, models.CASCADE, related_name="files")
    message = models.ForeignKey(DisputeMessage, models.CASCADE, related_name="files")
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(_("type"), max_length=32)
    content = models.BinaryField(_("content"))
    size = models.PositiveIntegerField(_("bytes"))
    digest = models.CharField(_("SHA-256"), max_length=64)
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
