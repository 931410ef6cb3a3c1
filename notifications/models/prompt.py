"""One thing a borrower must be told."""

from collections.abc import Collection
from datetime import datetime
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from loans.models import Dispute, Installment, Loan, Payment
from loans.models.append_only import never_deleted
from notifications.calendar import end_of_due_day


class PromptQuerySet(models.QuerySet["Prompt"]):
    def of(self, borrower_id: int) -> Self:
        return self.filter(borrower_id=borrower_id)

    def live(self) -> Self:
        """Those whose ladder still runs."""
        return self.filter(status=Prompt.Status.ACTIVE)

    def bundles(self, leading_ids: Collection[int]) -> Self:
        """These prompts and those that are told with them."""
        return self.filter(Q(pk__in=leading_ids) | Q(told_with__in=leading_ids))

    def to_climb(self, now: datetime) -> Self:
        """Those whose ladder is to be looked at by `now`; companions have none of their own."""
        return self.live().filter(look_again_at__lte=now, told_with=None)

    def unacknowledged(self) -> Self:
        """Those that still ask for the borrower's "I know"."""
        return self.filter(
            kind__in=Prompt.ASKING, status__in=[Prompt.Status.ACTIVE, Prompt.Status.TOLD, Prompt.Status.ESCALATED]
        )

    def asking_now(self, now: datetime) -> Self:
        """Those that have asked their borrower by `now` and whose figures still hold, with the acknowledgement if there
        is one, and `companion_installments`: the ids of what else the message names; the latest first.

        One that only carries a message for others is there until these are answered.
        """
        needed = Prompt.objects.filter(_figures_hold(), told_with=OuterRef("pk"))
        carries = Q(Exists(needed), acknowledgement__isnull=False) | Exists(needed.filter(acknowledgement=None))
        companions = Prompt.objects.filter(told_with=OuterRef("pk")).order_by("pk")
        return (
            self.filter(kind__in=Prompt.ASKING)
            .exclude(status=Prompt.Status.CANCELLED)
            .in_inbox()
            .filter(_figures_hold() | carries, tell_at__lte=now)
            .annotate(companion_installments=ArraySubquery(companions.values("installment_id")))
            .select_related("acknowledgement", "installment__loan__bank", "installment__loan__platform")
            .order_by("-planned_at", "-pk")
        )

    def in_inbox(self) -> Self:
        """Those whose message lies in the portal, with `seen_at`: when its reader opened it there."""
        placed = self.filter(deliveries__channel="in_app", deliveries__facts__isnull=False)
        return placed.annotate(seen_at=F("deliveries__seen_at"))

    def about_installments(self, installment_ids: Collection[int]) -> Self:
        """Those about these installments as such, not about a payment or dispute; served by an index."""
        return self.filter(installment__in=installment_ids, payment=None, dispute=None)

    def about_loan(self, loan_id: int) -> Self:
        """Those that have a message, also where it names the loan beside another."""
        leading = Prompt.objects.filter(installment__loan=loan_id, told_with__isnull=False).values("told_with")
        about = Q(installment__loan=loan_id) | Q(payment__loan=loan_id) | Q(dispute__loan=loan_id)
        return self.filter(about | Q(pk__in=leading), told_with=None)

    def with_subject(self) -> Self:
        """With what they are about, the acknowledgement, and the word of the firm that has to tell it."""
        firms = [
            f"{subject}__loan__{firm}"
            for subject in ("installment", "payment", "dispute")
            for firm in ("bank", "platform")
        ]
        return self.select_related("acknowledgement", "duty__telling__partner", *firms)


def _figures_hold() -> Q:
    """The installment is open and unchanged since the prompt was planned."""
    return Q(installment__state=Installment.State.OPEN, installment__version=F("version"), voided_at=None)


class Prompt(models.Model):
    """One thing to tell: unique by (installment, kind, stage, schedule version), or by the payment, until that is
    something else, or by the dispute step.

        ACTIVE ─ acknowledged ─> ACKNOWLEDGED        ACTIVE ─ paid, disputed, superseded ─> CANCELLED (+ reason)
           ├─ delivered, nothing more to try ─> TOLD ─ acknowledged ─> ACKNOWLEDGED
           ├─ the firm that has to send it says that it did ─> FIRM_TOLD ─ acknowledged ─> ACKNOWLEDGED
           │                                                       └─ it takes that back ─> ACTIVE
           └─ not reached in time ─> ESCALATED (an AgentTask is open) ─ acknowledged ─> ACKNOWLEDGED

    `stage` is the number of days before the due date (upcoming), after it (overdue), the step of a dispute,
    the id of an outage, or `WITHDRAWN` of a changed schedule by which an installment is no longer to be paid.

    Installments due together are one message: of their prompts the first leads and has the deliveries and the ladder;
    the others are its companions (`told_with`) and share what becomes of it. One that is paid, or that a later stage
    has overtaken before the others, is void (`voided_at`); if it leads, it goes on carrying the message for those that
    are not. `deadline` is the last moment, in UTC, at which an unreached borrower goes to a person. Of one that is
    FIRM_TOLD, `look_again_at` is until when the firm's word covers its borrower.

    No foreign key is checked when a row is written: planning writes what it has just read. That what a prompt is about
    stays there is kept from the other side, by triggers that refuse to delete it.
    """

    class Kind(models.TextChoices):
        UPCOMING = "upcoming", _("payment coming up")
        OVERDUE = "overdue", _("payment overdue")
        PAYMENT_RECEIVED = "payment_received", _("payment seen by the platform")
        PAYMENT_SETTLED = "payment_settled", _("payment booked by the bank")
        PAYMENT_RETURNED = "payment_returned", _("payment returned")
        SCHEDULE_CHANGED = "schedule_changed", _("schedule changed")
        PRIOR_NOTICE = "prior_notice", _("notice before an adverse report")
        OUTAGE_DECLARED = "outage_declared", _("outage of a firm")
        DISPUTE_OPENED = "dispute_opened", _("dispute received")
        DISPUTE_ANSWERED = "dispute_answered", _("answer to a dispute")
        DISPUTE_DECIDED = "dispute_decided", _("decision on a dispute")

    class Status(models.TextChoices):
        ACTIVE = "active", _("being told")
        TOLD = "told", _("told")
        FIRM_TOLD = "firm_told", _("told by a firm, as it says")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        ESCALATED = "escalated", _("with a person")
        CANCELLED = "cancelled", _("not needed any more")

    ASKING = (Kind.UPCOMING, Kind.OVERDUE, Kind.PRIOR_NOTICE)
    ANSWERED_UNREAD = (Kind.UPCOMING, Kind.OVERDUE)
    """Those that a reply, a key or a device's button answers. That something may be reported is in no text message,
    call or notice, but behind its link: a prior notice is answered there, or in the portal."""
    OF_FIGURES = (*ASKING, Kind.SCHEDULE_CHANGED, Kind.OUTAGE_DECLARED)
    """Those that are void once their installment is paid, withdrawn or changed."""
    HELD_BY_DISPUTE = (Kind.OVERDUE, Kind.PRIOR_NOTICE)
    """Those that an undecided dispute holds, and an outage of a firm."""

    WITHDRAWN = 1
    """The stage of a SCHEDULE_CHANGED that says that an installment is no longer to be paid; of others it is 0."""

    BEFORE_DUE = (Kind.UPCOMING,)
    """Those with a due date to save: better told at an odd hour than too late. The others wait for lawful hours."""

    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="prompts",
        db_index=False,
        db_constraint=False,
        verbose_name=_("borrower"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    installment = models.ForeignKey(
        Installment,
        models.PROTECT,
        related_name="prompts",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        verbose_name=_("installment"),
    )
    payment = models.ForeignKey(
        Payment,
        models.PROTECT,
        related_name="prompts",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        verbose_name=_("payment"),
    )
    dispute = models.ForeignKey(
        Dispute,
        models.PROTECT,
        related_name="prompts",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        verbose_name=_("dispute"),
    )
    told_with = models.ForeignKey(
        "self",
        models.PROTECT,
        related_name="companions",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        verbose_name=_("told with"),
    )
    stage = models.PositiveIntegerField(_("stage"), default=0)
    version = models.PositiveIntegerField(_("schedule version"), default=1)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.ACTIVE)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    rung = models.SmallIntegerField(_("rung of the ladder"), default=0)
    planned_at = models.DateTimeField(_("planned"))
    tell_at = models.DateTimeField(_("to be told from"))
    look_again_at = models.DateTimeField(_("ladder looks again"))
    voided_at = models.DateTimeField(_("not needed any more since"), null=True, blank=True)
    deadline = models.DateTimeField(_("with a person by"), null=True, blank=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        ordering = ["-planned_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["installment", "kind", "stage", "version"],
                condition=Q(payment=None, dispute=None),
                name="prompt_once_an_installment",
            ),
            models.UniqueConstraint(
                fields=["payment", "kind"],
                condition=Q(payment__isnull=False, voided_at=None),
                name="prompt_once_a_payment",
            ),
            models.UniqueConstraint(
                fields=["dispute", "kind", "stage"],
                condition=Q(dispute__isnull=False),
                name="prompt_once_a_dispute_step",
            ),
            models.CheckConstraint(
                condition=Q(installment__isnull=False) | Q(payment__isnull=False) | Q(dispute__isnull=False),
                name="prompt_about_something",
            ),
        ]
        indexes = [
            models.Index(
                fields=["look_again_at"], condition=Q(status="active", told_with=None), name="prompt_to_climb"
            ),
            models.Index(fields=["borrower", "planned_at"], name="prompt_of_borrower"),
            models.Index(fields=["told_with"], condition=Q(told_with__isnull=False), name="prompt_companions"),
        ]
        triggers: list[pgtrigger.Trigger] = [never_deleted("prompt")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def loan(self) -> Loan:
        """The loan that this is about."""
        subject = self.installment or self.payment or self.dispute
        if subject is None:
            raise ValueError(f"Prompt {self.pk} is about nothing, which the database refuses.")
        return subject.loan

    @property
    def outcome(self) -> "Prompt.Status":
        """What became of what it is about itself: one that only carries a message for others is not needed any more.
        News that was told stays told, whatever came after it.
        """
        if self.voided_at is None or self.status == Prompt.Status.ACKNOWLEDGED or self.kind not in self.OF_FIGURES:
            return Prompt.Status(self.status)
        return Prompt.Status.CANCELLED

    @property
    def latest(self) -> datetime | None:
        """The moment beyond which contact hours may not hold it, in UTC: when its due day ends where the borrower is;
        None where there is no due date to save.
        """
        if self.kind not in self.BEFORE_DUE or self.installment is None:
            return None
        return end_of_due_day(self.installment.due_on, self.borrower.zone)

    @property
    def asks_acknowledgement(self) -> bool:
        return self.kind in self.ASKING

    @property
    def says_withdrawn(self) -> bool:
        """It says that its installment is no longer to be paid."""
        return self.kind == self.Kind.SCHEDULE_CHANGED and self.stage == self.WITHDRAWN


class DisputedPrompt(models.Model):
    """The prompt from whose page a dispute was opened."""

    dispute = models.OneToOneField(Dispute, models.CASCADE, related_name="disputed_prompt", verbose_name=_("dispute"))
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="disputed")

    def __str__(self) -> str:
        return f"{self.dispute_id} -> {self.prompt_id}"
