"""What partners send us regularly, when they last did, and from when on their silence is an alarm."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loans.models import Feed
from loans.templatetags.loans import moment
from notifications.feeds import silent_from, with_last_heard
from portal.admin.cells import chip, time_left

if TYPE_CHECKING:
    _FeedAdmin = admin.ModelAdmin[Feed]
else:
    _FeedAdmin = admin.ModelAdmin


@admin.register(Feed)
class FeedAdmin(_FeedAdmin):
    """Operators say what is expected; the alarm opens and closes by itself."""

    list_display = ["partner", "kind", "every_hours", "last_heard", "due"]
    list_display_links = ["kind"]
    list_filter = ["partner"]
    ordering = ["partner", "kind"]
    fields = ["partner", "kind", "every_hours"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Feed]":
        return with_last_heard(super().get_queryset(request), timezone.now())

    @admin.display(description=_("last heard"))
    def last_heard(self, feed: Feed) -> str:
        heard_at = vars(feed)["heard_at"]
        return moment(heard_at) if heard_at else gettext("never")

    @admin.display(description=_("next expected"))
    def due(self, feed: Feed) -> SafeString:
        until, now = silent_from(feed), timezone.now()
        return chip(time_left(until, now), "danger" if until <= now else "good")
