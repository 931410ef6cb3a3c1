"""The portal's settings, and what a peer that lives in Django needs beside them."""

import os

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "post_office"]

# Four connections to the sink, as ours and the limit have them at most; no log rows; the whole queue in few batches.
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
    "BATCH_SIZE": 5_000,
    "THREADS_PER_PROCESS": 2,
    "LOG_LEVEL": 0,
    "DEFAULT_PRIORITY": "medium",
    "MESSAGE_ID_ENABLED": True,
    "LOCK_FILE_NAME": os.path.join(os.environ.get("DUEPROOF_DATA", "."), "post_office"),  # noqa: PTH118
}
POST_OFFICE_CACHE = False
# Its sending processes are forked from one that has used the database: a pool's threads do not survive that.
DATABASES["default"]["OPTIONS"].pop("pool")
DATABASES["default"]["CONN_MAX_AGE"] = None
