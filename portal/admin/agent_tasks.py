"""The queue of what only a person can do: take a task, do it, write down what came of it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedInRequest
from notifications import tasks
from notifications.agent_tasks import OutsideHoursError, TaskNotYoursError, finish, reveal, take
from notifications.models import AgentTask
from notifications.resending import CannotResendError
from portal.admin.cells import chip, person_link, time_left
from portal.admin.finding import find_tasks
from portal.admin.ids import read_id
from portal.admin.queued_words import queued_words
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import reason_words
from portal.admin.task_forms import OutcomeForm, TaskStandingFilter
from portal.admin.task_page import deadline_there, is_red, task_page
from portal.admin.task_subject import subject_words, with_subjects
from portal.admin.timeline_told import task_subjects

CONFLICT = 409


class TaskList(ChangeList):
    """With what the tasks of a page are about, read at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        with_subjects(list(self.result_list), timezone.now())


@admin.register(AgentTask)
class AgentTaskAdmin(ReadOnlyAdmin[AgentTask]):
    """By what runs out first."""

    list_display = ["deadline", "borrower_link", "about", "why", "local_deadline", "with_whom"]
    list_display_links = ["deadline"]
    list_filter = [TaskStandingFilter]
    ordering = ["act_by", "pk"]
    search_fields = ["installment__loan__external_id"]
    search_help_text = _("Loan number")
    sortable_by = ["deadline"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[AgentTask]":
        return super().get_queryset(request).select_related("assignee", *task_subjects())

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[AgentTask]", search_term: str
    ) -> "tuple[QuerySet[AgentTask], bool]":
        return (find_tasks(queryset, search_term) if search_term.strip() else queryset), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TaskList

    def get_urls(self) -> list[URLPattern]:
        take_it = self.admin_site.admin_view(require_POST(self.take_view))
        show = self.admin_site.admin_view(require_POST(self.reveal_view))
        return [
            path("<int:task_id>/take/", take_it, name="notifications_agenttask_take"),
            path("<int:task_id>/reveal/", show, name="notifications_agenttask_reveal"),
            *super().get_urls(),
        ]

    @admin.display(description=_("act by"), ordering="act_by")
    def deadline(self, task: AgentTask) -> SafeString | str:
        if task.done_at:
            return task.get_outcome_display()
        now = timezone.now()
        return chip(time_left(task.act_by, now), "danger" if is_red(task, now) else "")

    @admin.display(description=_("borrower"))
    def borrower_link(self, task: AgentTask) -> SafeString:
        return person_link(task.borrower)

    @admin.display(description=_("about"))
    def about(self, task: AgentTask) -> str:
        return subject_words(task)

    @admin.display(description=_("reason"))
    def why(self, task: AgentTask) -> str:
        return reason_words(task.reason)

    @admin.display(description=_("borrower's clock"))
    def local_deadline(self, task: AgentTask) -> str:
        if task.done_at:
            return deadline_there(task)
        words = {"until": deadline_there(task), "now": f"{timezone.localtime(timezone=task.borrower.zone):%H:%M}"}
        return gettext("%(until)s, now %(now)s") % words

    @admin.display(description=_("with"))
    def with_whom(self, task: AgentTask) -> SafeString | str:
        """The button posts the list's own form, whose token it needs, to another address."""
        if task.assignee or task.status == AgentTask.Status.DONE:
            return str(task.assignee or "")
        address = reverse("admin:notifications_agenttask_take", args=[task.pk])
        label = gettext("Take the task about %s") % task.borrower
        return format_html(
            '<button class="small-button" formaction="{}" aria-label="{}">{}</button>', address, label, gettext("Take")
        )

    def may_act(self, request: SignedInRequest, task: AgentTask) -> bool:
        """An agent with the permission to change tasks, and never about themselves."""
        return request.user.has_perm("notifications.change_agenttask") and task.borrower_id != request.user.pk

    def take_view(self, request: SignedInRequest, task_id: int) -> HttpResponse:
        task = get_object_or_404(self.get_queryset(request), pk=task_id)
        if not self.may_act(request, task):
            raise PermissionDenied
        try:
            take(task_id=task_id, agent=request.user, over_from=read_id(request.POST.get("over_from", "")))
        except TaskNotYoursError as obstacle:
            messages.error(request, str(obstacle))
        else:
            self.log_change(request, task, "Taken.")
        return redirect("admin:notifications_agenttask_change", task_id)

    def reveal_view(self, request: SignedInRequest, task_id: int) -> HttpResponse:
        """The task's page with phone and email whole, in this one answer, which no cache keeps. At an odd hour whoever
        answers what was written is asked once more.
        """
        task = get_object_or_404(self.get_queryset(request), pk=task_id)
        if not self.may_act(request, task):
            raise PermissionDenied
        try:
            again = "at_odd_hour" in request.POST
            shown = reveal(task_id=task_id, agent=request.user, now=timezone.now(), at_odd_hour=again)
        except TaskNotYoursError as obstacle:
            if isinstance(obstacle, OutsideHoursError) and task.may_be_answered_at_any_hour:
                return self._page(request, task, OutcomeForm(task), asks_again=True)
            messages.error(request, str(obstacle))
            return redirect("admin:notifications_agenttask_change", task_id)
        self.log_change(request, task, "Number shown.")
        return self._page(request, task, OutcomeForm(task), shown=shown)

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One task: GET shows it, POST finishes it."""
        task = self.viewed(request, object_id)
        if request.method != "POST":
            return self._page(request, task, OutcomeForm(task))
        if not self.may_act(request, task):
            raise PermissionDenied
        return self._finish(request, task)

    def _finish(self, request: SignedInRequest, task: AgentTask) -> HttpResponse:
        form = OutcomeForm(task, request.POST)
        if not form.is_valid():
            return self._page(request, task, form)
        outcome, note = form.cleaned_data["outcome"], form.cleaned_data["note"]
        text_id, now = read_id(request.POST.get("text", "")), timezone.now()
        told = [pk for pk in map(read_id, request.POST.getlist("told")) if pk]
        said: dict[str, Any] = {"outcome": outcome, "note": note, "text_id": text_id, "told": told}
        # A page that showed no figures told none.
        version = read_id(request.POST.get("version", "")) or 0
        seen: dict[str, Any] = {"tried": read_id(request.POST.get("tried", "")), "version": version}
        try:
            done = finish(task_id=task.pk, agent=request.user, now=now, **said, **seen)
        except (TaskNotYoursError, CannotResendError) as obstacle:
            messages.error(request, str(obstacle))
            return self._page(request, self.get_queryset(request).get(pk=task.pk), form, status=CONFLICT)
        if done.status == AgentTask.Status.OPEN and outcome == AgentTask.Outcome.CONTACT_MENDED:
            transaction.on_commit(tasks.wake_senders, robust=True)
            self.log_change(request, task, f"Contact details mended{', sent again' if done.sent_again else ''}.")
            there = gettext("A later message goes there already, or has gone there meanwhile.")
            messages.success(request, queued_words(done.sent_again) if done.sent_again else there)
            words = gettext("The task stays open until %s: look what became of it.")
            messages.success(request, words % deadline_there(task))
        elif done.status == AgentTask.Status.OPEN:
            self.log_change(request, task, "Tried, not reached.")
            messages.success(request, gettext("Written down. The task stays open until %s.") % deadline_there(task))
        else:
            self.log_change(request, task, f"Done: {outcome}.")
            messages.success(request, gettext("Done and on record."))
        return redirect("admin:notifications_agenttask_changelist")

    def _page(
        self,
        request: SignedInRequest,
        task: AgentTask,
        form: OutcomeForm,
        *,
        status: int = 200,
        **shown: Any,
    ) -> HttpResponse:
        may_act = self.may_act(request, task)
        page = task_page(task, request.user, form, now=timezone.now(), may_act=may_act, **shown)
        context = {**self.admin_site.each_context(request), "opts": self.opts, **page}
        return TemplateResponse(request, "admin/desk/task.html", context, status=status)
