"""What a phone needs to put the portal on its home screen; an iPhone shows notices only of what stands there."""

from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

ICONS: Final = (("icon.svg", "any", "image/svg+xml"), ("icon-192.png", "192x192", "image/png"))


@login_not_required
@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest (W3C), in the language of the browser that asks."""
    return JsonResponse(
        {
            "name": "Dueproof",
            "short_name": "Dueproof",
            "description": gettext("What is due, what is paid, and what we told you."),
            "lang": get_language(),
            "id": "/",
            "start_url": reverse("home"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#f5f6f3",
            "theme_color": "#0a5f58",
            "icons": [
                {"src": static(name), "sizes": size, "type": kind, "purpose": "any maskable"}
                for name, size, kind in ICONS
            ],
        },
        content_type="application/manifest+json",
        json_dumps_params={"ensure_ascii": False},
    )
