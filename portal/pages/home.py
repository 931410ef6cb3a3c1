"""The first page: what do I owe next, when, and did my last payment arrive?"""

import hashlib

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import strip_tags
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import SignedInRequest
from portal.pages.overview import read_overview

UNCHANGED = 204
"""htmx leaves the page alone, so that nothing moves and nothing is read out while there is no news."""


@require_safe
@never_cache
def home(request: SignedInRequest) -> HttpResponse:
    """The page, or with `?part=state` the part that refreshes itself; `seen` names what the reader has before them."""
    overview = read_overview(request.user, today=timezone.localdate(), now=timezone.now())
    state = render_to_string("portal/home_state.html", {"overview": overview, "today": timezone.localdate()}, request)
    context = {"state": state, "fingerprint": _fingerprint(state)}
    if request.GET.get("part") != "state":
        return render(request, "portal/home.html", context)
    if request.GET.get("seen") == context["fingerprint"]:
        return HttpResponse(status=UNCHANGED)
    return render(request, "portal/home_live.html", context)


def _fingerprint(html: str) -> str:
    """What there is to read, in twelve digits. Form tokens, which differ each time, are not read."""
    return hashlib.sha256(" ".join(strip_tags(html).split()).encode()).hexdigest()[:12]
