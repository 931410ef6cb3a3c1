"""What only a person can do: the last rung of every ladder, money that does not come, and words to be read."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models import Installment
from notifications.models.delivery import Delivery
from notifications.models.inbound_text import InboundText
from notifications.models.prompt import Prompt


class AgentTaskQuerySet(models.QuerySet["AgentTask"]):
    def open(self) -> Self:
        return self.filter(status=AgentTask.Status.OPEN)


class AgentTask(models.Model):
    """Something that a person has to do for a borrower before `act_by` (UTC): about a `prompt` that did not reach them,
    an `installment` whose payment only the platform has seen or of which an alarm says that nobody told them, or what
    they wrote.

    `text` is the latest message that joined a task about what they wrote; its texts are those since `created_at`.
    `version` is which figures of its installment an alarm's task was told of, as the agent was shown; else None.
    """

    class Kind(models.TextChoices):
        UNREACHABLE = "unreachable", _("no channel reached them")
        STILL_WAITING = "still_waiting", _("the bank does not show a payment")
        WRITTEN = "written", _("they wrote a text message")
        UNTOLD = "untold", _("an alarm: nobody told them")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")

    class Outcome(models.TextChoices):
        TOLD = "told", _("told in person")
        NOT_REACHED = "not_reached", _("tried, not reached")
        CONTACT_MENDED = "contact_mended", _("contact details mended: send it there")
        NOT_NEEDED = "not_needed", _("not needed any more")
        KEEP_WAITING = "keep_waiting", _("the money is on its way: go on waiting")
        ASK_AGAIN = "ask_again", _("the money never came: it is to be paid again")
        ANSWERED = "answered", _("read and answered")
        OPTED_OUT = "opted_out", _("wants no more SMS and calls by machine: switched off")

    OUTCOMES: ClassVar[Mapping[str, Sequence[Outcome]]] = MappingProxyType(
        {
            Kind.UNREACHABLE: (Outcome.TOLD, Outcome.NOT_REACHED, Outcome.CONTACT_MENDED, Outcome.NOT_NEEDED),
            Kind.STILL_WAITING: (Outcome.KEEP_WAITING, Outcome.ASK_AGAIN),
            Kind.UNTOLD: (Outcome.TOLD, Outcome.NOT_REACHED, Outcome.NOT_NEEDED),
            Kind.WRITTEN: (Outcome.ANSWERED, Outcome.OPTED_OUT, Outcome.NOT_NEEDED),
        }
    )
    """What an agent may say came of a task, by its kind."""
    TELLS = (Kind.UNREACHABLE, Kind.UNTOLD)
    """Those in which somebody is to be told of what they owe, or of news."""

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
    text = models.ForeignKey(
        InboundText,
        models.PROTECT,
        related_name="agent_tasks",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("text message"),
    )
    version = models.PositiveIntegerField(_("schedule version"), null=True, blank=True)
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

    sent_again: Delivery | None = None
    """What `finish` has just queued, where the contact was mended; not kept."""

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
            models.UniqueConstraint(
                fields=["borrower"],
                condition=Q(kind="written", status="open"),
                name="agent_task_written_open_once_a_borrower",
            ),
            models.CheckConstraint(
                condition=Q(prompt__isnull=False, installment=None, text=None)
                | Q(prompt=None, installment__isnull=False, text=None)
                | Q(prompt=None, installment=None, text__isnull=False, kind="written"),
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
            # What alarms' tasks told lately is asked at each planning.
            models.Index(fields=["done_at"], condition=Q(kind="untold", outcome="told"), name="agent_task_alarm_told"),
            # Asked by the foreign key for each text that is purged.
            models.Index(fields=["text"], condition=Q(text__isnull=False), name="agent_task_of_text"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def outcomes(self) -> Sequence["AgentTask.Outcome"]:
        """What may come of it."""
        return self.OUTCOMES[self.kind]

    @property
    def tells(self) -> bool:
        return self.kind in self.TELLS

    @property
    def may_be_answered_at_any_hour(self) -> bool:
        """Its borrower has asked, so that it is for the agent to judge whether they may be answered now."""
        return self.kind == self.Kind.WRITTEN
