"""One prompt that a firm has to send, and what a firm said of it."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models import Installment, Partner, Report
from loans.models.append_only import append_only, never_deleted
from notifications.models.prompt import Prompt
from notifications.models.responsibility import Responsibility


class FirmTelling(models.Model):
    """A firm's word that it told a borrower about an installment (`prompt.sent`). Append-only.

    `stage` is the firm's, None where it named none. `proof` is the most that it knows of the arrival, or that there was
    none: its word, not a receipt of ours. Said twice in the same words, it is one. `said_at` is when the firm's books
    said so, None of words that were heard before this was kept. `named_prompt` is the number of the prompt that it
    says it told, whether or not there is one; where it names none, figures are those of the moment of `sent_at`.
    `event_id` names the event in the report's bytes.
    """

    class Proof(models.TextChoices):
        ACCEPTED = "accepted", _("sent")
        DELIVERED = "delivered", _("delivered")
        SEEN = "seen", _("seen")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        FAILED = "failed", _("nobody reached")

    class Channel(models.TextChoices):
        SMS = "sms", _("SMS")
        EMAIL = "email", _("email")
        PUSH = "push", _("message on the device")
        VOICE = "voice", _("phone call")
        LETTER = "letter", _("letter")
        IN_APP = "in_app", _("message in the firm's app")

    installment = models.ForeignKey(Installment, models.PROTECT, related_name="firm_tellings", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False, verbose_name=_("firm"))
    kind = models.CharField(_("kind"), max_length=20, choices=Responsibility.Kind)
    stage = models.PositiveIntegerField(_("stage"), null=True, blank=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    proof = models.CharField(_("what the firm knows"), max_length=12, choices=Proof)
    sent_at = models.DateTimeField(_("sent"))
    named_prompt = models.BigIntegerField(_("prompt that it named"), null=True, blank=True)
    said_at = models.DateTimeField(_("said"), null=True, blank=True)
    heard_at = models.DateTimeField(_("heard"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="+", db_index=False, verbose_name=_("report"))
    event_id = models.CharField(_("event's id"), max_length=64)

    class Meta:
        verbose_name = _("told by a firm")
        verbose_name_plural = _("told by firms")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["installment", "partner", "kind", "stage", "channel", "proof", "sent_at", "named_prompt"],
                name="firm_telling_once",
                nulls_distinct=False,
            )
        ]
        triggers = append_only("firm_telling")

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def failed(self) -> bool:
        """Whether the firm says that it reached nobody."""
        return self.proof == self.Proof.FAILED

    @property
    def proves_arrival(self) -> bool:
        """Whether the firm says that it arrived, not only that it was sent."""
        return self.proof not in {self.Proof.ACCEPTED, self.Proof.FAILED}

    def takes_back(self, other: "FirmTelling") -> bool:
        """Whether its firm says by this, later, that what `other` told, or what it sent after that, reached nobody.

        `duty_statements` has the same as SQL.
        """
        alike = (self.partner_id, self.channel) == (other.partner_id, other.channel)
        later = (self.said_at or self.heard_at) >= (other.said_at or other.heard_at)
        return self.failed and alike and later and self.sent_at >= other.sent_at


class DutyQuerySet(models.QuerySet["Duty"]):
    def waiting(self) -> Self:
        """Those whose firm may still report in time."""
        return self.filter(status__in=Duty.OPEN)


class Duty(models.Model):
    """A prompt that a firm has to send: written when it is planned, for no other prompt.

        WAITING ─ the firm reported ─> MET            WAITING, PASSED_ON ─ the prompt ended otherwise ─> VOID
                                                      WAITING, PASSED_ON ─ a bank may have booked it ─> VOID
           ├─ its time is over, the other firm's turn ─> PASSED_ON ─ it reported ─> MET
           ├─ its time is over ─> TAKEN_OVER <─ so is the other firm's ─┘       by the portal, whose message is queued
           └─ it reached nobody, as it says ─> TAKEN_OVER                       and the message goes out at once
        WAITING, PASSED_ON ─ it reported in time, and its word lay unapplied while the portal sent ─> MET
        TAKEN_OVER, VOID ─ it arrived, as the firm says before anything of ours has gone out ─> MET
        MET ─ it reached nobody, as the firm says later, and no stage follows ─> TAKEN_OVER                (the same)

    All times are UTC. `report_by` is the responsible firm's, `portal_at` when the portal's own message goes out, and
    `due_at` whichever of the two is next. A telling counts that was sent from `counts_from` on, where the stage begins,
    or where it was planned if that was before. `needs_proof`: no later stage can make good that it never arrived, so
    the firm has to say that it did. What is only sent covers the borrower until `stands_until`, when the next stage
    begins. `telling` is the word that met it, or the last that was not enough.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("the firm's turn")
        PASSED_ON = "passed_on", _("the other firm's turn")
        MET = "met", _("told by a firm")
        TAKEN_OVER = "taken_over", _("taken over by the portal")
        VOID = "void", _("not needed any more")

    prompt = models.OneToOneField(
        Prompt, models.PROTECT, related_name="duty", db_constraint=False, verbose_name=_("prompt")
    )
    rule = models.ForeignKey(
        Responsibility, models.PROTECT, related_name="+", db_index=False, db_constraint=False, verbose_name=_("rule")
    )
    responsible = models.ForeignKey(
        Partner, models.PROTECT, related_name="+", db_index=False, db_constraint=False, verbose_name=_("who must send")
    )
    backup = models.ForeignKey(
        Partner,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        verbose_name=_("who comes before the portal"),
    )
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.WAITING)
    needs_proof = models.BooleanField(_("has to say that it arrived"))
    counts_from = models.DateTimeField(_("counts from"))
    stands_until = models.DateTimeField(_("stands until"))
    report_by = models.DateTimeField(_("to be reported by"))
    portal_at = models.DateTimeField(_("the portal sends at"))
    due_at = models.DateTimeField(_("next look"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    telling = models.ForeignKey(
        FirmTelling,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        verbose_name=_("the firm's word"),
    )

    OPEN = (Status.WAITING, Status.PASSED_ON)
    """Those whose firm may still report in time."""

    objects = DutyQuerySet.as_manager()

    class Meta:
        verbose_name = _("prompt that a firm sends")
        verbose_name_plural = _("prompts that firms send")
        ordering = ["-report_by", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="met") | Q(telling__isnull=False, settled_at__isnull=False), name="duty_met_by_word"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status__in=["waiting", "passed_on"]), name="duty_to_look_at"),
            models.Index(fields=["-report_by", "-id"], name="duty_by_time"),
        ]
        triggers: list[pgtrigger.Trigger] = [never_deleted("duty")]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def why_late(self) -> str:
        """`silent`: nothing was reported. `no_proof`: it was reported sent, and that alone is not enough.
        `not_reached`: the firm reported that it reached nobody; `told_together`: of another that the same message
        names, before its own time was over.
        """
        if self.telling is not None and self.telling.failed:
            return "not_reached"
        if self.settled_at is not None and self.settled_at < self.report_by:
            return "told_together"
        return "silent" if self.telling is None else "no_proof"

    def whose_turn(self, now: datetime) -> "Partner | None":
        """The firm that has the next word, None where it is the portal's."""
        turns = {Duty.Status.WAITING: self.responsible, Duty.Status.PASSED_ON: self.backup}
        return turns.get(Duty.Status(self.status)) if now < self.portal_at else None
