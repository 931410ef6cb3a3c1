"""Prompts, and the one thing that an agent can do about them: to send one again."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedInRequest, own_path
from notifications import tasks
from notifications.models import Delivery, Duty, Prompt, Sender
from notifications.resending import CannotResendError, resend
from portal.admin.cells import person_link, stage_of
from portal.admin.duty_words import RELATED, duty_words
from portal.admin.finding_rows import find_prompts
from portal.admin.levels import level_of
from portal.admin.queued_words import queued_words
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import reason_words
from portal.admin.timeline_told import about, channel_of, subjects


@admin.register(Prompt)
class PromptAdmin(ReadOnlyAdmin[Prompt]):
    """What was to be told; each row leads to its deliveries."""

    list_display = ["__str__", "kind", "about", "borrower_link", "status", "planned_at", "tell_at"]
    list_filter = ["status", "kind"]
    ordering = ["-pk"]
    search_fields = ["pk"]
    found_by = staticmethod(find_prompts)
    search_help_text = _("Loan number or receipt number")
    fields = [
        "borrower_link", "about", "kind", "rule", "version", "status", "why", "sender",
        "planned_at", "tell_at", "look_again_at", "tellings",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Prompt]":
        return super().get_queryset(request).select_related("borrower", *subjects())

    def get_urls(self) -> list[URLPattern]:
        send = self.admin_site.admin_view(require_POST(self.resend_view))
        return [path("<int:prompt_id>/resend/", send, name="notifications_prompt_resend"), *super().get_urls()]

    @admin.display(description=_("borrower"))
    def borrower_link(self, prompt: Prompt) -> SafeString:
        return person_link(prompt.borrower)

    @admin.display(description=_("about"))
    def about(self, prompt: Prompt) -> str:
        return about(prompt)

    @admin.display(description=_("rule"))
    def rule(self, prompt: Prompt) -> str:
        return stage_of(prompt)

    @admin.display(description=_("reason"))
    def why(self, prompt: Prompt) -> str:
        return reason_words(prompt.reason)

    @admin.display(description=_("who must send"))
    def sender(self, prompt: Prompt) -> str:
        duty = Duty.objects.filter(prompt=prompt).select_related(*RELATED).first()
        return duty_words(duty) if duty else str(Sender.PORTAL.label)

    @admin.display(description=_("deliveries"))
    def tellings(self, prompt: Prompt) -> str:
        rows = (
            Delivery.objects.with_acceptance().filter(prompt=prompt).prefetch_related("receipts").order_by("rung", "pk")
        )
        told = [(delivery, channel_of(delivery), level_of(delivery)) for delivery in rows.order_by("rung", "pk")]
        return render_to_string("admin/desk/tellings.html", {"told": told})

    def resend_view(self, request: SignedInRequest, prompt_id: int) -> HttpResponse:
        """Send one prompt again on the channel that was chosen, and go back to the page that asked."""
        prompt = get_object_or_404(self.get_queryset(request), pk=prompt_id)
        may = request.user.has_perm("notifications.add_delivery") and prompt.borrower_id != request.user.pk
        if not may:
            raise PermissionDenied
        channel = request.POST.get("channel", "")
        try:
            with transaction.atomic():
                delivery = resend(prompt_id=prompt_id, channel=channel, agent=request.user, now=timezone.now())
                self.log_change(request, prompt, f"Sent again by {channel}.")
                transaction.on_commit(tasks.wake_senders, robust=True)
        except CannotResendError as obstacle:
            messages.error(request, str(obstacle))
        else:
            messages.success(request, queued_words(delivery))
        of_its_borrower = reverse("admin:accounts_user_change", args=[prompt.borrower_id])
        return redirect(own_path(request, request.POST.get("next", "")) or of_its_borrower)
