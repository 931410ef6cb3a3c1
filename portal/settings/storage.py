"""Where rows, sessions and what is counted are kept: PostgreSQL and Redis."""

from portal.settings.environment import env

DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///dueproof")}
DATABASES["default"]["ENGINE"] = "portal.postgresql"
DATABASES["default"].setdefault("OPTIONS", {})
# A connection a request costs two thirds of a page; the pool also serves Celery, which closes connections per task.
DATABASES["default"]["OPTIONS"]["pool"] = {
    "min_size": 1,
    "max_size": env.int("DATABASE_POOL", default=8),
    "timeout": 10,
}
# Only statements that portal.postgresql asks for are prepared, from their second asking on a connection on. A pooler
# that hands out a connection for each transaction must know of prepared statements (PgBouncer does from 1.21).
DATABASES["default"]["OPTIONS"].setdefault("prepare_threshold", 1)
# A database host that vanishes without a word is noticed within a minute: a system waits two hours by itself.
_NOTICED: dict[str, object] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
DATABASES["default"]["OPTIONS"] = _NOTICED | {"tcp_user_timeout": 30_000} | DATABASES["default"]["OPTIONS"]
# A worker that falls asleep in the middle of a transaction (a paused machine) would keep its locks, and everybody who
# waits for them, until it wakes up. The database ends such a session after so many seconds. Of one that was ended in
# the middle of a statement (its task outlived the limit) it would go on with that to the end, locks held: it looks now
# and then whether anybody still waits for it.
DATABASES["default"]["OPTIONS"].setdefault(
    "options",
    f"-c idle_in_transaction_session_timeout={env.int('DATABASE_PATIENCE', default=60)}s"
    " -c client_connection_check_interval=10s",
)
# portal.postgresql finds out that a pooled connection has died, and costs no query.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "socket_timeout": 1.0,
            "socket_connect_timeout": 1.0,
        },  # seconds; what it counts can be done without
    }
}
SESSION_ENGINE = "portal.sessions"
