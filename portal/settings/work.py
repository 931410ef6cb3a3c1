"""How work travels to the workers: Celery, its queues, and the sweeps that beat asks for."""

from typing import Any

from kombu import Queue

from portal.settings.channels import EMAIL_PROVIDERS, PUSH_PROVIDERS, SMS_PROVIDERS, VOICE_PROVIDERS
from portal.settings.environment import env
from portal.settings.storage import REDIS_URL

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A killed worker's wake-up comes back after the visibility timeout; no task may run longer (STATES live in rows).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    # Whoever commits while the broker is away waits for it no longer than this: it is tried once. kombu would go on for
    # six seconds, and a worker's own connection has its tries by itself.
    "socket_connect_timeout": 2,
    "max_retries": 0,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_TASK_TIME_LIMIT = 540
CELERY_TASK_SOFT_TIME_LIMIT = 480
CELERY_TASK_IGNORE_RESULT = True
# A wake-up that cannot be published is not worth a wait: the next sweep finds the rows.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
# What is being handed over goes on while the broker is away: broken off, it would all be in doubt. A task that comes
# twice finds only what nobody has claimed.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

SEND_QUEUES = ["email", "sms", "in_app", "push", "voice"]
# Where nobody works on a queue, wake-ups that expired lie in Redis for ever, and its sweep would be missing for ever.
_PROVIDED = {"email": EMAIL_PROVIDERS, "sms": SMS_PROVIDERS, "push": PUSH_PROVIDERS, "voice": VOICE_PROVIDERS}
_OFF = {name for name, providers in _PROVIDED.items() if not providers}
CELERY_TASK_DEFAULT_QUEUE = "planning"
CELERY_TASK_QUEUES = [Queue(name) for name in ["planning", "intake", "partners", *SEND_QUEUES]]

# Where partners put their files, a folder each; empty: nowhere. See docs/files.md.
INBOX_FOLDER = env.str("INBOX_FOLDER", default="")


def _every(
    seconds: float, task: str, *args: str, queue: str = "planning", app: str = "notifications"
) -> dict[str, Any]:
    """A sweep; a wake-up that nobody takes expires, so that downtime leaves no heap of them.

    The worker compares the time of expiry, which beat's clock has made, with its own clock: a minute is more than two
    clocks may differ before an alarm has said so. Workers and beat each compare theirs (portal.worker_watch).
    """
    options = {"queue": queue, "expires": max(2 * seconds, 60)}
    return {"task": f"{app}.tasks.{task}", "schedule": seconds, "args": args, "options": options}


CELERY_BEAT_SCHEDULER = "portal.beat:Sweeps"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "plan": _every(60, "plan"),
    "plan-news": _every(10, "plan_news"),
    "climb": _every(5, "climb_ladders"),
    "tidy": _every(5, "tidy"),
    "cover": _every(60, "cover"),
    "look-back": _every(600, "look_back"),
    "reconcile": _every(60, "reconcile"),
    "read-callbacks": _every(1, "read_callbacks"),
    "seal": _every(5, "seal"),
    "apply-events": _every(1, "apply_events", queue="intake", app="loans"),
    "look-again-at-events": _every(5, "look_again_at_events", queue="intake", app="loans"),
    "forget-replies": _every(86_400, "forget_replies", queue="partners", app="loans"),
    "tell-partners": _every(5, "tell_partners", queue="partners", app="loans"),
    **({"take-files": _every(10, "take_files", queue="intake", app="loans")} if INBOX_FOLDER else {}),
    **{f"send-{channel}": _every(5, "send", channel, queue=channel) for channel in SEND_QUEUES if channel not in _OFF},
}
