"""Settings. Each value that differs between machines comes from the environment (docs/operations.md).

`bin/demo` writes what it started into `.data/env`, so that a second terminal's `manage.py` finds the same servers;
a variable that is set for real always wins.
"""

import os
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from kombu import Queue

BASE_DIR = Path(__file__).resolve().parent.parent

# A copy: what the file below adds must not look as if somebody had set it.
environ.Env.ENVIRON = dict(os.environ)  # type: ignore[assignment]
env = environ.Env()  # type: ignore[no-untyped-call]
DATA_DIR = Path(env.str("DUEPROOF_DATA", default=str(BASE_DIR / ".data")))
if (DATA_DIR / "env").is_file():
    environ.Env.read_env(DATA_DIR / "env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "portal.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "accounts",
    "loans",
    "notifications",
    "portal.apps.PortalConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.PersonalSettingsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
            ],
        },
    }
]

# Database and broker -------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///dueproof")}
DATABASES["default"].setdefault("OPTIONS", {})
# A connection a request costs two thirds of a page; the pool also serves Celery, which closes connections per task.
DATABASES["default"]["OPTIONS"]["pool"] = {
    "min_size": 1,
    "max_size": env.int("DATABASE_POOL", default=8),
    "timeout": 10,
}
# A worker that falls asleep in the middle of a transaction (a paused machine) would keep its locks, and everybody who
# waits for them, until it wakes up. The database ends such a session after so many seconds.
DATABASES["default"]["OPTIONS"].setdefault(
    "options", f"-c idle_in_transaction_session_timeout={env.int('DATABASE_PATIENCE', default=60)}s"
)
# A connection that died with its server is found out when it is taken from the pool, not by the request that uses it.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A killed worker's wake-up comes back after the visibility timeout; no task may run longer (STATES live in rows).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
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

# People --------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {"user_attributes": ["name", "email", "phone"]},
        "MinimumLengthValidator": {"min_length": 10},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 86_400  # the mail says a day

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email", "phone"}
# Nobody signs up. The list also decides that there is a password, and that a phone can be changed.
ACCOUNT_SIGNUP_FIELDS = ["email*", "phone", "password1*"]
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.ChangeEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "change_phone": "accounts.forms.ChangePhoneForm",
    "confirm_login_code": "accounts.forms.ConfirmCodeForm",
    "login": "accounts.forms.EmailSignInForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "request_login_code": "accounts.forms.RequestCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "verify_phone": "accounts.forms.VerifyPhoneForm",
}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PHONE_VERIFICATION_TIMEOUT = 300
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
# A phone proves itself when its code signs somebody in; who comes by password is not asked for one as well.
ACCOUNT_PHONE_VERIFICATION_ENABLED = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
# Thousands share an address behind a carrier's NAT: the narrow limits go by number or email (`key`) and by person.
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "login_failed": "100/m/ip,5/5m/key,50/d/key",
    "request_login_code": "200/m/ip,1/30s/key,6/h/key,20/d/key",
    "verify_phone": "1/30s/key,6/h/key,10/d/key",
    "change_phone": "2/m/user,10/d/user",
    "manage_email": "10/m/user,30/d/user",
    "reset_password": "100/m/ip,3/m/key,20/d/key",
    "reset_password_from_key": "100/m/ip",
    "confirm_email": "1/3m/key,20/d/key",
    "signup": "100/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("BEHIND_PROXY", default=False) else 0

# Channels ------------------------------------------------------------------------------------------------------------

_MAIL = env.email_url("EMAIL_URL", default="smtp://127.0.0.1:25")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_BACKEND"], _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"] or "", _MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Dueproof <notices@dueproof.test>")
BOUNCE_DOMAIN = env.str("BOUNCE_DOMAIN", default="bounces.dueproof.test")

KANNEL_URL = env.str("KANNEL_URL", default="http://127.0.0.1:13013/cgi-bin/sendsms")
KANNEL_USERNAME = env.str("KANNEL_USERNAME", default="")
KANNEL_PASSWORD = env.str("KANNEL_PASSWORD", default="")
SMS_SENDER = env.str("SMS_SENDER", default="Dueproof")
SMS_TIMEOUT = 15.0  # seconds, as EMAIL_TIMEOUT
# Kannel signs nothing: whoever knows this token may report deliveries.
SMS_CALLBACK_TOKEN = env.str("KANNEL_CALLBACK_TOKEN", default="")
SMS_CALLBACK_URL = f"{env.str('SMS_CALLBACK_BASE', default=PUBLIC_URL)}/webhooks/sms/{SMS_CALLBACK_TOKEN}/"

# Who pushes to browsers (RFC 8292); without a key no browser is told. Apple wants a subject that reaches somebody.
VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", default="")
VAPID_SUBJECT = env.str("VAPID_SUBJECT", default=f"mailto:{parseaddr(DEFAULT_FROM_EMAIL)[1]}")
PUSH_PROVIDERS = ["webpush"] if VAPID_PRIVATE_KEY else []
# Lets pushes go by plain http and to our own network: for tests and the sandbox, never in life.
WEB_PUSH_ALLOW_PRIVATE = env.bool("WEB_PUSH_ALLOW_PRIVATE", default=False)

# Who serves each channel, first choice first; notifications.channels.registry names them.
EMAIL_PROVIDERS = env.list("EMAIL_PROVIDERS", default=["smtp"])
# Whether replies to text messages reach the portal: then each that asks for an answer names its code.
SMS_INBOUND = env.bool("SMS_INBOUND", default=False)
SMS_PROVIDERS = env.list("SMS_PROVIDERS", default=["kannel"])
VOICE_PROVIDERS = env.list("VOICE_PROVIDERS", default=[])

TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_SENDER = env.str("TWILIO_SENDER", default="")
TWILIO_CALLER = env.str("TWILIO_CALLER", default="")
TWILIO_CALLBACK_BASE = env.str("TWILIO_CALLBACK_BASE", default=PUBLIC_URL).rstrip("/")
TWILIO_API_URL = env.str("TWILIO_API_URL", default="https://api.twilio.com")

ALIYUN_ACCESS_KEY_ID = env.str("ALIYUN_ACCESS_KEY_ID", default="")
ALIYUN_ACCESS_KEY_SECRET = env.str("ALIYUN_ACCESS_KEY_SECRET", default="")
ALIYUN_SIGN_NAME = env.str("ALIYUN_SIGN_NAME", default="")
ALIYUN_TEMPLATES = env.dict("ALIYUN_TEMPLATES", default={})
ALIYUN_ENDPOINT = env.str("ALIYUN_ENDPOINT", default="https://dysmsapi.aliyuncs.com")
# Alibaba Cloud signs nothing: whoever knows this token may report deliveries.
ALIYUN_CALLBACK_TOKEN = env.str("ALIYUN_CALLBACK_TOKEN", default="")

ANYMAIL_BACKEND = env.str("ANYMAIL_BACKEND", default="")
ANYMAIL_WEBHOOKS = env.list("ANYMAIL_WEBHOOKS", default=[])
# Each firm has settings of its own: ANYMAIL_MAILGUN_API_KEY is anymail's MAILGUN_API_KEY, and so on.
ANYMAIL = {
    name.removeprefix("ANYMAIL_"): value
    for name, value in environ.Env.ENVIRON.items()
    if name.startswith("ANYMAIL_") and name not in ("ANYMAIL_BACKEND", "ANYMAIL_WEBHOOKS")
}

# Where the demonstration's phone and mailbox are; empty in life.
SANDBOX_URL = env.str("SANDBOX_URL", default="")

# Prompts -------------------------------------------------------------------------------------------------------------

# When people may be told, in their own zone; see notifications.timing.ContactHours.
CONTACT_HOURS = env.str("CONTACT_HOURS", default="")
# A folder with policy files of one's own, which take the place of the shipped ones; see docs/policies.md.
POLICY_FOLDER = env.str("POLICY_FOLDER", default="")
# Multiplies every wait of the ladders: 1 in life, a fraction in a demonstration.
LADDER_PACE = env.float("LADDER_PACE", default=1.0)
# A worker that has held a claim for longer has lost it; no task may run so long (CELERY_TASK_TIME_LIMIT).
CLAIM_LEASE = timedelta(seconds=env.float("CLAIM_LEASE", default=600.0))
# Before the second attempt at a hand-over that failed for the moment; doubled each time.
RETRY_AFTER = timedelta(seconds=env.float("RETRY_AFTER", default=30.0))

SEND_QUEUES = ["email", "sms", "in_app", "push", "voice"]
CELERY_TASK_DEFAULT_QUEUE = "planning"
CELERY_TASK_QUEUES = [Queue(name) for name in ["planning", *SEND_QUEUES]]


# Where partners put their files, a folder each; empty: nowhere. See docs/files.md.
INBOX_FOLDER = env.str("INBOX_FOLDER", default="")


def _every(
    seconds: float, task: str, *args: str, queue: str = "planning", app: str = "notifications"
) -> dict[str, Any]:
    """A sweep; one that nobody took before the next is due expires, so that downtime leaves no heap of wake-ups."""
    options = {"queue": queue, "expires": seconds}
    return {"task": f"{app}.tasks.{task}", "schedule": seconds, "args": args, "options": options}


CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "plan": _every(60, "plan"),
    "climb": _every(5, "climb_ladders"),
    "tidy": _every(5, "tidy"),
    "cover": _every(60, "cover"),
    "read-callbacks": _every(1, "read_callbacks"),
    "seal": _every(5, "seal"),
    **({"take-files": _every(10, "take_files", app="loans")} if INBOX_FOLDER else {}),
    **{f"send-{channel}": _every(5, "send", channel, queue=channel) for channel in SEND_QUEUES},
}

# Language and time ---------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "portal.formats"
LANGUAGE_COOKIE_HTTPONLY = True
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Files ---------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Brotli at its best takes seconds of a processor, which a page on the same machine never earns back.
COMPRESS_STATIC = env.bool("COMPRESS_STATIC", default=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.storage.StaticFilesStorage"},
}

# Logs: to standard error, one line an event; no personal data ever goes in ------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"secrets": {"()": "portal.secrets_in_logs.SecretsFilter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django": {"handlers": [], "propagate": True}, "django.server": {"handlers": [], "propagate": True}},
}

# Browser security ----------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_TLS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_TLS
SECURE_SSL_REDIRECT = SECURE_TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
