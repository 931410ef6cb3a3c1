"""How will you tell me?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import ContactPoint, User
from accounts.requests import SignedInRequest
from loans.models import Installment
from notifications.models import Delivery, Preference
from notifications.opted_out import lifted_by
from notifications.preferences import (
    FIRST,
    LastChannel,
    first_choice,
    offered,
    order_of_telling,
    put_first,
    set_channel,
)
from notifications.reach import CONTACT_KIND, reachable
from notifications.views.devices import devices


@dataclass(frozen=True, slots=True)
class Way:
    """One channel as the page shows it. `point`: where it leads, None where we have nothing. `works`: it reaches."""

    channel: Delivery.Channel
    on: bool
    point: ContactPoint | None

    @property
    def works(self) -> bool:
        return self.on and self.point is not None and self.point.unreachable_since is None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preferences(request: SignedInRequest) -> HttpResponse:
    """Show the ways, or switch those that the form names."""
    refused = _switch(request) if request.method == "POST" else []
    if request.method == "POST" and not refused:
        return redirect("preferences")
    word = lifted_by(request.user)
    context = {
        "ways": _ways(request.user),
        "refused": refused,
        "held_back": word is not None,
        "lifted_by": word,
        "order": _order(request.user, held_back=word is not None),
        "first": first_choice(request.user),
        "next_due": _next_due(request.user, timezone.localdate()),
        "devices": devices(request.user),
    }
    return render(request, "messages/preferences.html", context, status=422 if refused else 200)


@transaction.atomic
def _switch(request: SignedInRequest) -> Sequence[str]:
    """Apply the form, all of it or nothing: those switched on first, so that one may take the place of another.

    Returns what was refused. A channel that is off is not the first one. About one that the page did not show, since it
    was opened before there were such, nothing was said.
    """
    shown = request.POST.getlist("shown") or FIRST
    wanted = {channel: channel in request.POST.getlist("channels") for channel in offered() if channel in shown}
    refused, changed = [], False
    for channel in sorted(wanted, key=lambda channel: not wanted[channel]):
        try:
            changed |= set_channel(request.user, channel, wanted[channel])
        except LastChannel:
            refused.append(channel)
    if (first := request.POST.get("first")) is not None and first in {"", *FIRST}:
        changed |= put_first(request.user, first if any(first == one and wanted[one] for one in wanted) else "")
    if refused:
        transaction.set_rollback(True)
    elif changed:
        held_back = wanted.get(Delivery.Channel.SMS) and lifted_by(request.user) is not None
        saved = gettext("Saved.") if held_back else gettext("Saved. From now on we tell you this way.")
        messages.success(request, saved)
    return refused


def _order(user: User, *, held_back: bool) -> list[str]:
    """In which order the next payment is told, without SMS that are `held_back`: they are tried, and may not come."""
    ways = reachable([user.pk])[user.pk]
    if held_back:
        ways.pop(Delivery.Channel.SMS, None)
    return order_of_telling(ways, first_choice(user))


def _ways(user: User) -> list[Way]:
    off = set(Preference.objects.filter(user=user, enabled=False).values_list("channel", flat=True))
    points = {point.kind: point for point in ContactPoint.objects.live().filter(user=user)}
    return [Way(channel, channel not in off, points.get(CONTACT_KIND[channel])) for channel in offered()]


def _next_due(user: User, today: date) -> date | None:
    """The due date of the next payment that is still to be told."""
    upcoming = Installment.objects.of(user.pk).open().filter(due_on__gte=today).order_by("due_on")
    return upcoming.values_list("due_on", flat=True).first()
