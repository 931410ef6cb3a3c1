"""The devices on which a signed-in person lets us show notices."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.outside.addresses import may_be_public
from accounts.requests import SignedInRequest
from notifications.channels.registry import vapid
from notifications.channels.web_push_address import BadPushAddressError, PushAddress
from notifications.models import PushSubscription
from notifications.preferences import LastChannel
from notifications.push_subscriptions import subscribe, unsubscribe


@dataclass(frozen=True, slots=True)
class Devices:
    """`key` is what a browser subscribes with; `listed` are those that show notices now."""

    key: str
    listed: list[PushSubscription]


def devices(user: User) -> Devices | None:
    """What the page of preferences shows of a person's devices; None where this installation does not push."""
    key = vapid()
    return Devices(key.public_key, list(PushSubscription.objects.live().filter(user=user))) if key else None


@require_POST
def add_device(request: SignedInRequest) -> HttpResponse:
    """The browser that sends this shows notices from now on."""
    if vapid() is None:
        raise Http404("This installation does not push.")
    try:
        address = _read_address(request.POST)
    except BadPushAddressError:
        messages.error(request, gettext("Your browser gave us nothing to reach it with. Please try another one."))
        return redirect("preferences")
    subscribe(request.user, address, user_agent=request.headers.get("User-Agent", ""), now=timezone.now())
    messages.success(request, gettext("Done. From now on we tell you on this device too."))
    return redirect("preferences")


@require_POST
def remove_device(request: SignedInRequest, device_id: int) -> HttpResponse:
    """One's own device shows no more notices; another's is not to be found."""
    try:
        unsubscribe(request.user, device_id, now=timezone.now())
    except PushSubscription.DoesNotExist:
        raise Http404("There is no such device.") from None
    except LastChannel:
        words = gettext("This device stays: nothing else would reach you. Switch on SMS or email first.")
        messages.error(request, words)
    else:
        messages.success(request, gettext("Removed. This device shows no more notices."))
    return redirect("preferences")


def _read_address(fields: Any) -> PushAddress:
    """Raises BadPushAddressError, also for an endpoint inside our own network."""
    address = PushAddress.read(*(fields.get(name, "") for name in ("endpoint", "p256dh", "auth")))
    if not (settings.WEB_PUSH_ALLOW_PRIVATE or may_be_public(address.endpoint)):
        raise BadPushAddressError("the endpoint is not an https address of the internet")
    return address
