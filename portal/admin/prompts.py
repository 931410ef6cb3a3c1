"""Prompts, deliveries, acknowledgements, events and preferences: the record, and the one act upon it, to send again."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedInRequest
from notifications import tasks
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Preference, Prompt, Receipt
from notifications.resending import CannotResendError, resend
from portal.admin.cells import chip, moment_in, money, person_link, stage_of
from portal.admin.levels import level_of
from portal.admin.masking import mask_text
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.timeline_told import about, channel_of, subjects


@admin.register(Prompt)
class PromptAdmin(ReadOnlyAdmin[Prompt]):
    """What was to be told; each row leads to its deliveries."""

    list_display = ["__str__", "kind", "about", "borrower_link", "status", "planned_at", "tell_at"]
    list_filter = ["status", "kind"]
    search_fields = ["=installment__loan__external_id", "=payment__loan__external_id", "=dispute__receipt_number"]
    search_help_text = _("Loan number or receipt number")
    fields = [
        "borrower_link", "about", "kind", "rule", "version", "status", "reason",
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

    @admin.display(description=_("deliveries"))
    def tellings(self, prompt: Prompt) -> str:
        receipts = Prefetch("receipts", Receipt.objects.defer("raw"))
        rows = (
            Delivery.objects.with_acceptance().filter(prompt=prompt).prefetch_related(receipts).order_by("rung", "pk")
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
            messages.success(request, _queued(delivery))
        return redirect(_way_back(request, prompt))


def _queued(delivery: Delivery) -> str:
    """What the agent reads: at once, or when the borrower's contact hours open."""
    way = channel_of(delivery)
    if delivery.next_attempt_at <= timezone.now():
        return gettext("On its way: %s.") % way
    zone = delivery.prompt.borrower.zone
    held = {"way": way, "moment": moment_in(delivery.next_attempt_at, zone), "zone": zone.key}
    return gettext("%(way)s is held until contact hours open: %(moment)s (%(zone)s).") % held


def _way_back(request: HttpRequest, prompt: Prompt) -> str:
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    return reverse("admin:accounts_user_change", args=[prompt.borrower_id])


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    """One telling. The facts stand as they were told; addresses are masked."""

    list_display = ["__str__", "way", "prompt_kind", "borrower_link", "level", "sent_at", "delivered_at", "why"]
    list_filter = ["status", "channel"]
    search_fields = ["=provider_reference"]
    search_help_text = _("Provider's reference")
    fields = [
        "borrower_link", "prompt", "way", "level", "why", "attempts", "next_attempt_at", "claimed_at", "sent_at",
        "delivered_at", "seen_at", "provider_reference", "told", "wording",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Delivery]":
        return super().get_queryset(request).select_related("prompt__borrower")

    @admin.display(description=_("channel"), ordering="channel")
    def way(self, delivery: Delivery) -> str:
        return channel_of(delivery)

    @admin.display(description=_("prompt"))
    def prompt_kind(self, delivery: Delivery) -> str:
        return delivery.prompt.get_kind_display()

    @admin.display(description=_("borrower"))
    def borrower_link(self, delivery: Delivery) -> SafeString:
        return person_link(delivery.prompt.borrower)

    @admin.display(description=_("level of proof"), ordering="status")
    def level(self, delivery: Delivery) -> SafeString:
        level = level_of(delivery)
        return chip(level.words, level.tone)

    @admin.display(description=_("reason"))
    def why(self, delivery: Delivery) -> str:
        return mask_text(delivery.reason, [delivery.address])

    @admin.display(description=_("facts as told"))
    def told(self, delivery: Delivery) -> str:
        return render_to_string("admin/desk/facts.html", {"facts": delivery.facts or {}})


@admin.register(Acknowledgement)
class AcknowledgementAdmin(ReadOnlyAdmin[Acknowledgement]):
    """The borrowers' own "I know", with what they saw."""

    list_display = ["acknowledged_at", "borrower_link", "method", "sum_seen", "due_on", "prompt"]
    list_filter = ["method"]
    ordering = ["-pk"]
    fields = ["borrower_link", "prompt", "delivery", "method", "sum_seen", "due_on", "wording", "acknowledged_at"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Acknowledgement]":
        return super().get_queryset(request).select_related("borrower", "prompt", "delivery")

    @admin.display(description=_("borrower"))
    def borrower_link(self, answer: Acknowledgement) -> SafeString:
        return person_link(answer.borrower)

    @admin.display(description=_("amount seen"))
    def sum_seen(self, answer: Acknowledgement) -> str:
        return money(answer.amount, answer.currency)


@admin.register(NoticeEvent)
class NoticeEventAdmin(ReadOnlyAdmin[NoticeEvent]):
    """The append-only record."""

    list_display = ["at", "kind", "borrower_link", "prompt_id", "delivery_id", "actor_id", "details"]
    list_filter = ["kind"]
    ordering = ["-pk"]
    fields = ["at", "kind", "borrower_link", "installment_id", "prompt_id", "delivery_id", "actor_id", "details"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[NoticeEvent]":
        return super().get_queryset(request).select_related("borrower")

    @admin.display(description=_("borrower"))
    def borrower_link(self, event: NoticeEvent) -> SafeString:
        return person_link(event.borrower)

    @admin.display(description=_("details"))
    def details(self, event: NoticeEvent) -> str:
        return mask_text(", ".join(f"{name}: {value}" for name, value in event.data.items() if value != ""))


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin[Preference]):
    """What borrowers switched off or on themselves."""

    list_display = ["changed_at", "borrower_link", "channel", "enabled"]
    list_filter = ["channel", "enabled"]
    ordering = ["-pk"]
    fields = ["borrower_link", "channel", "enabled", "changed_at"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Preference]":
        return super().get_queryset(request).select_related("user")

    @admin.display(description=_("borrower"))
    def borrower_link(self, preference: Preference) -> SafeString:
        return person_link(preference.user)
