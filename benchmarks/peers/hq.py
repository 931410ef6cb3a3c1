"""The peer of the inbox: django-notifications-hq's `notify.send`. `python -I hq.py URL N`.

Its module has the name of one of our apps, so it runs in an environment of its own and imports nothing of ours. On
today's Django it needs one line: its model still names `index_together`, which its migrations have made long ago.
"""

import importlib
import json
import sys
import time
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import options

options.DEFAULT_NAMES = (*options.DEFAULT_NAMES, "index_together")


def main() -> None:
    url, n = urlsplit(sys.argv[1]), int(sys.argv[2])
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": parse_qs(url.query).get("host", [url.hostname or ""])[0],
        "PORT": parse_qs(url.query).get("port", [url.port or ""])[0],
    }
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "notifications"]
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=apps,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SILENCED_SYSTEM_CHECKS=["models.W042"],
    )
    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS hq CASCADE")
        cursor.execute("CREATE SCHEMA hq")
    settings.DATABASES["default"]["OPTIONS"] = {"options": "-c search_path=hq"}
    connection.settings_dict["OPTIONS"] = {"options": "-c search_path=hq"}
    connection.close()
    call_command("migrate", verbosity=0)
    print(json.dumps(measure(n)), flush=True)


def measure(n: int) -> dict[str, float]:
    """Notify `n` people with one call, the package's fastest way; the rest of the words are as long as ours."""
    from django.contrib.auth.models import User

    notify = importlib.import_module("notifications.signals").notify
    model = importlib.import_module("notifications.models").Notification
    User.objects.bulk_create([User(username=f"b{one}", password="!") for one in range(n)], batch_size=1000)
    sender, everybody = User.objects.create(username="portal"), User.objects.exclude(username="portal")
    started = time.monotonic()
    notify.send(sender, recipient=everybody, verb="payment due", description="¥103.50 is due in 3 days.\n\n" * 4)
    seconds = time.monotonic() - started
    return {"seconds": seconds, "rows": model.objects.count()}


if __name__ == "__main__":
    main()
