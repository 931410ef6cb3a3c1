"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from portal.hearing_out import HearingOut
from portal.starting import require_sound

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = HearingOut(get_wsgi_application())
require_sound()


def _count_to_the_end() -> None:
    from loans.api import refusals  # models can be loaded only now
    from notifications.webhooks import refused

    for later in (refusals.later, refused.later):
        later.switch_on()


_count_to_the_end()
