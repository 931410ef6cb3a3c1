"""The thinnest door of receipts that there can be: a WSGI application that keeps each message by the product's own
INSERT, and asks nothing of who calls or what is said. No address is looked up, and no middleware stands before it.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.web.settings")
django.setup()

from notifications.models import Callback  # noqa: E402  (its models can be loaded only now)

APPLICATION = __name__
"""By which gunicorn finds it."""


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answers 200. Whoever sends nothing only asks whether anybody is there."""
    if length := int(environ.get("CONTENT_LENGTH") or 0):
        Callback.keep("kept", environ["wsgi.input"].read(length), timezone.now())
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return [b""]
