"""The record of what was told: deliveries, acknowledgements, events and preferences, to be read."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_text
from notifications.evidence.raw import mask_keys
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Preference
from portal.admin.cells import chip, money, person_link
from portal.admin.fact_words import named_facts
from portal.admin.finding_rows import find_lately
from portal.admin.levels import level_of
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import held_words, reason_words
from portal.admin.timeline_told import channel_of


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    """One telling. The facts stand as they were told; addresses are masked."""

    list_display = ["__str__", "way", "prompt_kind", "borrower_link", "level", "sent_at", "delivered_at", "why"]
    list_filter = ["status", "channel"]
    search_fields = ["pk"]
    search_help_text = _("Provider's reference (recent messages)")
    found_by = staticmethod(find_lately)
    fields = [
        "borrower_link", "prompt", "way", "level", "why", "held", "attempts", "next_attempt_at", "claimed_at",
        "sent_at", "delivered_at", "seen_at", "named", "told", "wording",
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
        return reason_words(delivery.reason, [delivery.address])

    @admin.display(description=_("rule that held it"))
    def held(self, delivery: Delivery) -> str:
        return held_words(delivery.held_by)

    @admin.display(description=_("provider's reference"))
    def named(self, delivery: Delivery) -> str:
        return mask_keys(delivery.provider_reference)

    @admin.display(description=_("facts as told"))
    def told(self, delivery: Delivery) -> str:
        return render_to_string("admin/desk/facts.html", {"facts": named_facts(delivery.facts)})


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
