"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from portal.starting import require_sound

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
require_sound()


def _count_to_the_end() -> None:
    from notifications.webhooks import refused  # its models can be loaded only now

    refused.later.switch_on()


_count_to_the_end()
