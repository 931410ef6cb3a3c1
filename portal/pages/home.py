"""The first page: what do I owe next, when, and did my last payment arrive?"""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import SignedInRequest
from portal.pages.live import live_page
from portal.pages.overview import read_overview


@require_safe
@never_cache
def home(request: SignedInRequest) -> HttpResponse:
    """What the reader owes and has paid; it renews itself."""
    today = timezone.localdate()
    overview = read_overview(request.user, today=today, now=timezone.now())
    return live_page(request, "home", {"overview": overview, "today": today})
