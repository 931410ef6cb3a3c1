"""The product's settings with its long waits shortened, for the programs of this suite."""

from datetime import timedelta

from portal.settings import *  # noqa: F403
from portal.settings import CELERY_BEAT_SCHEDULE

HASTE = 5
EXPIRES = 5.0
EMAIL_TIMEOUT, SMS_TIMEOUT = 2, 2.0
RETRY_AFTER = timedelta(seconds=0.25)
# A wake-up lives for less than in life, where it is a minute, and still longer than the short time to the next one: it
# may wait for a busy worker.
CELERY_BEAT_SCHEDULE = {
    name: {
        **entry,
        "schedule": max(entry["schedule"] / HASTE, 0.5),
        "options": {**entry["options"], "expires": EXPIRES},
    }
    for name, entry in CELERY_BEAT_SCHEDULE.items()
}
