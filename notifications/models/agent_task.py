"""The last rung of every ladder: a person."""

from collections.abc import Sequence
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models import Installment
from notifications.models.prompt import Prompt


class AgentTaskQuerySet(models.QuerySet["AgentTask"]):
    def open(self) -> Self:
        return self.filter(status=AgentTask.Status.OPEN)


class AgentTask(models.Model):
    """Something that a person has to do for a borrower before `act_by` (UTC): about a `prompt` that did not reach them,
    or about an `installment` whose payment only the platform has seen.
    """

    class Kind(models.TextChoices):
        UNREACHABLE = "unreachable", _("no channel reached them")
        STILL_WAITING = "still_waiting", _("the bank does not show a payment")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")

    class Outcome(models.TextChoices):
        TOLD = "told", _("told in person")
        NOT_REACHED = "not_reached", _("tried, not reached")
        CONTACT_MENDED = "contact_mended", _("contact details mended")
        NOT_NEEDED = "not_needed", _("not needed any more")
        KEEP_WAITING = "keep_waiting", _("the money is on its way: go on waiting")
        ASK_AGAIN = "ask_again", _("the money never came: it is to be paid again")

    ABOUT_WAITING = (Outcome.KEEP_WAITING, Outcome.ASK_AGAIN)
    """What comes of a task about an installment, and of no other."""

    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="agent_tasks", verbose_name=_("borrower")
    )
    prompt = models.ForeignKey(
        Prompt, models.PROTECT, related_name="agent_tasks", null=True, blank=True, verbose_name=_("prompt")
    )
    installment = models.ForeignKey(
        Installment,
        models.PROTECT,
        related_name="agent_tasks",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("installment"),
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    reason = models.CharField(_("reason"), max_length=200)
    act_by = models.DateTimeField(_("act by"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="tasks_taken",
        null=True,
        blank=True,
        verbose_name=_("with"),
    )
    created_at = models.DateTimeField(_("created"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    objects = AgentTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent task")
        verbose_name_plural = _("agent tasks")
        ordering = ["act_by"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "kind"], name="agent_task_once_a_prompt"),
            models.UniqueConstraint(
                fields=["installment", "kind"],
                condition=Q(installment__isnull=False, status="open"),
                name="agent_task_open_once_an_installment",
            ),
            models.CheckConstraint(
                condition=Q(prompt__isnull=False, installment=None) | Q(prompt=None, installment__isnull=False),
                name="agent_task_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(status="open", done_at=None, outcome="")
                | Q(status="done", done_at__isnull=False) & ~Q(outcome=""),
                name="agent_task_done_with_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["act_by"], condition=Q(status="open"), name="agent_task_open"),
            models.Index(
                fields=["installment"], condition=Q(installment__isnull=False), name="agent_task_of_installment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def outcomes(self) -> Sequence["AgentTask.Outcome"]:
        """What may come of it."""
        waiting = self.kind == self.Kind.STILL_WAITING
        return self.ABOUT_WAITING if waiting else [one for one in self.Outcome if one not in self.ABOUT_WAITING]
