"""What a browser fetches and posts by itself once its owner has let us show notices. None of it reads a cookie.

What it posts comes to doors as those of providers: the token is the proof, and what is refused is counted.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.acknowledgement import LinkExpired, LinkInvalid, NothingToAcknowledge
from notifications.push_receipts import PROVIDER, acknowledge_notice, receive_report
from notifications.webhooks.door import is_too_long, refuse, webhook

LONGEST_REPORT: Final = 512
WORKER: Final = Path(settings.BASE_DIR) / "static" / "js" / "push-worker.js"


@login_not_required
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that shows notices. It must lie at the root to speak for the whole site, and never be an old one."""
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
    return HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8", headers=headers)


@webhook(PROVIDER, "POST")
@never_cache
def notice_received(request: HttpRequest, token: str) -> HttpResponse:
    """A device got a notice. Said again, nothing more is stored and the answer is the same."""
    return _answer(request, lambda report: receive_report(token, report, now=timezone.now()))


@webhook(PROVIDER, "POST")
@never_cache
def notice_acknowledged(request: HttpRequest, token: str) -> HttpResponse:
    """The reader pressed "I know". Said again, the first one stands; 409 where there is nothing to say it of."""
    return _answer(request, lambda _: acknowledge_notice(token, now=timezone.now()))


def _answer(request: HttpRequest, act: Callable[[bytes], object]) -> HttpResponse:
    if is_too_long(request, LONGEST_REPORT):
        return refuse(413, "A report of this length is not our script's.")
    try:
        act(request.body)
    except LinkExpired:
        return refuse(410, "The time of this notice is over.")
    except LinkInvalid:
        return refuse(404, "This is no notice of ours.")
    except NothingToAcknowledge:
        return refuse(409, "This notice needs no answer.")
    return HttpResponse(status=204)
