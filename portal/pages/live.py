"""Pages that renew a part of themselves while they are open."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import strip_tags

UNCHANGED = 204
"""htmx leaves the page alone, so that nothing moves and nothing is read out while there is no news."""


def live_page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """portal/`name`.html, or with `?part=state` its portal/`name`_live.html alone, around portal/`name`_state.html.

    The part asks for itself again every four seconds; `seen` names what its reader has before them.
    """
    state = render_to_string(f"portal/{name}_state.html", context, request)
    context = {**context, "state": state, "fingerprint": _fingerprint(state)}
    if request.GET.get("part") != "state":
        return render(request, f"portal/{name}.html", context)
    if request.GET.get("seen") == context["fingerprint"]:
        return HttpResponse(status=UNCHANGED)
    return render(request, f"portal/{name}_live.html", context)


def _fingerprint(html: str) -> str:
    """What there is to read, in twelve digits. Form tokens, which differ each time, are not read."""
    return hashlib.sha256(" ".join(strip_tags(html).split()).encode()).hexdigest()[:12]
