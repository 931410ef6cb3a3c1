"""The ways to tell somebody, and the firms that serve them."""

from email.utils import parseaddr

import environ

from portal.settings.environment import PUBLIC_URL, env

_MAIL = env.email_url("EMAIL_URL", default="smtp://127.0.0.1:25")
# Mails for signing in go by whoever serves mail; one that EMAIL_URL has written to a file or to nobody stays there.
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"].replace(
    "django.core.mail.backends.smtp.EmailBackend", "notifications.sign_in_mail.ServingBackend"
)
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"] or "", _MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
# Whether the mail server reports what arrived (RFC 3461), and not only what did not.
EMAIL_REPORTS = env.bool("EMAIL_REPORTS", default=True)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Dueproof <notices@dueproof.test>")
BOUNCE_DOMAIN = env.str("BOUNCE_DOMAIN", default="bounces.dueproof.test")

KANNEL_URL = env.str("KANNEL_URL", default="http://127.0.0.1:13013/cgi-bin/sendsms")
KANNEL_USERNAME = env.str("KANNEL_USERNAME", default="")
KANNEL_PASSWORD = env.str("KANNEL_PASSWORD", default="")
SMS_SENDER = env.str("SMS_SENDER", default="Dueproof")
SMS_TIMEOUT = 15.0  # seconds, as EMAIL_TIMEOUT
# Kannel signs nothing: whoever knows this token may report deliveries.
SMS_CALLBACK_TOKEN = env.str("KANNEL_CALLBACK_TOKEN", default="")
SMS_CALLBACK_URL = f"{env.str('SMS_CALLBACK_BASE', default=PUBLIC_URL).rstrip('/')}/webhooks/sms/{SMS_CALLBACK_TOKEN}/"

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
# Providers of one's own, each a file of Python by its dotted path: docs/adding-a-channel.md.
OWN_PROVIDERS = env.list("OWN_PROVIDERS", default=[])
# Who carries codes for signing in: whoever serves text messages.
CODE_CARRIER = "notifications.sign_in_texts.ServingCarrier"

TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_SENDER = env.str("TWILIO_SENDER", default="")
TWILIO_CALLER = env.str("TWILIO_CALLER", default="")
# An account as it comes makes one; Twilio keeps what is asked for faster for up to a day.
TWILIO_CALLS_PER_SECOND = env.float("TWILIO_CALLS_PER_SECOND", default=1.0)
TWILIO_CALLBACK_BASE = env.str("TWILIO_CALLBACK_BASE", default=PUBLIC_URL).rstrip("/")
TWILIO_API_URL = env.str("TWILIO_API_URL", default="https://api.twilio.com")

ALIYUN_ACCESS_KEY_ID = env.str("ALIYUN_ACCESS_KEY_ID", default="")
ALIYUN_ACCESS_KEY_SECRET = env.str("ALIYUN_ACCESS_KEY_SECRET", default="")
ALIYUN_SIGN_NAME = env.str("ALIYUN_SIGN_NAME", default="")
ALIYUN_TEMPLATES = env.dict("ALIYUN_TEMPLATES", default={})
ALIYUN_INTL_TEMPLATES = env.dict("ALIYUN_INTL_TEMPLATES", default={})
# Templates of the kind for codes, with the one variable ${code}.
ALIYUN_CODE_TEMPLATES = env.dict("ALIYUN_CODE_TEMPLATES", default={})
ALIYUN_INTL_CODE_TEMPLATES = env.dict("ALIYUN_INTL_CODE_TEMPLATES", default={})
ALIYUN_ENDPOINT = env.str("ALIYUN_ENDPOINT", default="https://dysmsapi.aliyuncs.com")
# Alibaba Cloud signs nothing: whoever knows this token may report deliveries.
ALIYUN_CALLBACK_TOKEN = env.str("ALIYUN_CALLBACK_TOKEN", default="")

ANYMAIL_BACKEND = env.str("ANYMAIL_BACKEND", default="")
ANYMAIL_WEBHOOKS = env.list("ANYMAIL_WEBHOOKS", default=[])
# Each firm has settings of its own: ANYMAIL_MAILGUN_API_KEY is anymail's MAILGUN_API_KEY, and so on. With an empty key
# whoever calls could sign, so that one counts as not set.
ANYMAIL = {
    name.removeprefix("ANYMAIL_"): value
    for name, value in environ.Env.ENVIRON.items()
    if name.startswith("ANYMAIL_") and name not in ("ANYMAIL_BACKEND", "ANYMAIL_WEBHOOKS") and value.strip()
}

# Where the demonstration's phone and mailbox are; empty in life.
SANDBOX_URL = env.str("SANDBOX_URL", default="")
