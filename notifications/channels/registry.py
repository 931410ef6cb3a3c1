"""Channels and the providers behind them, as the settings describe them. The only module here that reads settings."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from django.conf import settings

from notifications.addresses import TWILIO_CALL, TWILIO_CALL_WORDS, TWILIO_MESSAGE
from notifications.channels.base import Channel, ChannelMisconfiguredError
from notifications.channels.email import EmailChannel
from notifications.channels.mail_server import MailServer
from notifications.channels.own import OwnProvider, own_providers

if TYPE_CHECKING:
    from notifications.channels.esp import EspChannel
    from notifications.channels.posting import PostingChannel
    from notifications.channels.twilio_account import TwilioAccount
    from notifications.channels.vapid import Vapid

# The HTTP clients take a quarter of a second to load, and most processes never send anything: each is imported where it
# is built.


def channel_for(name: str) -> Channel:
    """The first provider's channel, new, to be closed by its user. Raises ChannelMisconfiguredError."""
    suppliers = suppliers_for(name)
    if not suppliers:
        choices = ", ".join(_all_of(name))
        raise ChannelMisconfiguredError(f"Nobody provides {name}: name one of {choices} in {SETTINGS[name]}.")
    return channel_of(suppliers[0])


def suppliers_for(name: str) -> tuple[str, ...]:
    """The providers of a channel, in the order in which they are to be tried; empty for a channel that is off.

    Raises ChannelMisconfiguredError for a channel that is none, and for a provider that is none, serves another
    channel, lacks a setting or has a pace that is none.
    """
    if name not in SETTINGS:
        raise ChannelMisconfiguredError(f"There is no channel {name!r}: choose one of {', '.join(SETTINGS)}.")
    setting = SETTINGS[name]
    named = tuple(dict.fromkeys(getattr(settings, setting)))
    for provider in named:
        if provider not in _all_of(name):
            raise ChannelMisconfiguredError(
                f"{setting} names {provider!r}, which does not provide {name}: choose from {', '.join(_all_of(name))}."
            )
        _require_settings(provider)
    return named


def channel_of(provider: str) -> Channel:
    """A provider's channel, new, to be closed by its user. Raises ChannelMisconfiguredError."""
    if provider not in PROVIDERS:
        raise ChannelMisconfiguredError(f"There is no provider {provider!r}: choose one of {', '.join(PROVIDERS)}.")
    _require_settings(provider)
    return PROVIDERS[provider].build()


def may_go_again(provider: str) -> bool:
    """Whether what `provider` may have taken can be handed over once more without its reader noticing, by whichever
    provider of the channel is asked then. Not so for a provider that there is no more. Builds nothing.
    """
    known = PROVIDERS.get(provider)
    if known is None:
        return False
    asked = {provider, *getattr(settings, SETTINGS[known.channel])}
    return all(name in PROVIDERS and PROVIDERS[name].safe_to_resend for name in asked)


def reports_delivery(provider: str) -> bool:
    """Whether receipts of what arrived are to be expected. Where none ever come only an acknowledgement can prove
    anything, and silence says nothing of the provider. Builds nothing.
    """
    known = PROVIDERS.get(provider)
    return known is None or not known.reports_if or bool(getattr(settings, known.reports_if))


def calls_a_second(provider: str) -> float | None:
    """How many calls a second this provider makes, above 0; None for one that keeps none waiting. Builds nothing."""
    known = PROVIDERS.get(provider)
    return float(getattr(settings, known.calls_a_second)) if known and known.calls_a_second else None


def carries_codes(provider: str) -> bool:
    """Whether codes for signing in can go by this provider of text messages. Builds nothing."""
    return provider in {"kannel", "twilio"} or (provider == "aliyun" and bool(settings.ALIYUN_CODE_TEMPLATES))


def code_channel_of(provider: str) -> "PostingChannel":
    """The channel that carries codes by this provider of text messages, which is not `kannel`, new.

    Raises ChannelMisconfiguredError.
    """
    _require_settings(provider)
    return _build_twilio() if provider == "twilio" else _build_aliyun_codes()


def _all_of(name: str) -> list[str]:
    return [word for word, provider in PROVIDERS.items() if provider.channel == name]


def _require_settings(word: str) -> None:
    provider = PROVIDERS[word]
    for setting in provider.needs:
        if not getattr(settings, setting):
            raise ChannelMisconfiguredError(
                f"{setting} is not set, which the provider {word!r} needs: set it, or name another provider in "
                f"{SETTINGS[provider.channel]}."
            )
    if (pace := calls_a_second(word)) is not None and not 0 < pace < inf:
        raise ChannelMisconfiguredError(
            f"{provider.calls_a_second} is {pace}: it is how many calls a second your account makes, so it must be "
            "above 0; 1 is what an account has as it comes."
        )


def _build_smtp() -> EmailChannel:
    server = MailServer(
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        use_tls=settings.EMAIL_USE_TLS,
        use_ssl=settings.EMAIL_USE_SSL,
        timeout=settings.EMAIL_TIMEOUT or 20.0,
    )
    return EmailChannel(server=server, sender=settings.DEFAULT_FROM_EMAIL, bounce_domain=settings.BOUNCE_DOMAIN)


def _build_anymail() -> "EspChannel":
    from notifications.channels.esp import EspChannel

    return EspChannel(
        backend=settings.ANYMAIL_BACKEND,
        sender=settings.DEFAULT_FROM_EMAIL,
        bounce_domain=settings.BOUNCE_DOMAIN,
        amazon=settings.ANYMAIL.get("AMAZON_SES_CLIENT_PARAMS"),
    )


def _build_kannel() -> Channel:
    from notifications.channels.kannel import KannelChannel

    return KannelChannel(
        url=settings.KANNEL_URL,
        username=settings.KANNEL_USERNAME,
        password=settings.KANNEL_PASSWORD,
        sender=settings.SMS_SENDER,
        callback_url=settings.SMS_CALLBACK_URL,
        answer_seconds=settings.SMS_TIMEOUT,
    )


def _build_twilio() -> "PostingChannel":
    from notifications.channels.twilio import TwilioChannel

    return TwilioChannel(account=_twilio_account(), sender=settings.TWILIO_SENDER, report_path=f"/{TWILIO_MESSAGE}")


def _build_twilio_voice() -> Channel:
    from notifications.channels.voice import VoiceChannel

    return VoiceChannel(
        account=_twilio_account(),
        caller=settings.TWILIO_CALLER,
        words_path=f"/{TWILIO_CALL_WORDS}",
        report_path=f"/{TWILIO_CALL}",
    )


def _twilio_account() -> "TwilioAccount":
    from notifications.channels.twilio_account import TwilioAccount

    return TwilioAccount(
        sid=settings.TWILIO_ACCOUNT_SID,
        token=settings.TWILIO_AUTH_TOKEN,
        callback_base=settings.TWILIO_CALLBACK_BASE,
        api_url=settings.TWILIO_API_URL,
    )


def _build_aliyun() -> Channel:
    from notifications.channels.aliyun import AliyunChannel

    return AliyunChannel(
        key_id=settings.ALIYUN_ACCESS_KEY_ID,
        key_secret=settings.ALIYUN_ACCESS_KEY_SECRET,
        sign_name=settings.ALIYUN_SIGN_NAME,
        templates=settings.ALIYUN_TEMPLATES,
        abroad=settings.ALIYUN_INTL_TEMPLATES,
        endpoint=settings.ALIYUN_ENDPOINT,
    )


def _build_aliyun_codes() -> "PostingChannel":
    from notifications.channels.aliyun import AliyunCodes

    return AliyunCodes(
        key_id=settings.ALIYUN_ACCESS_KEY_ID,
        key_secret=settings.ALIYUN_ACCESS_KEY_SECRET,
        sign_name=settings.ALIYUN_SIGN_NAME,
        templates=_for_all_languages(settings.ALIYUN_CODE_TEMPLATES),
        abroad=_for_all_languages(settings.ALIYUN_INTL_CODE_TEMPLATES),
        endpoint=settings.ALIYUN_ENDPOINT,
    )


def _for_all_languages(templates: dict[str, str]) -> dict[str, str]:
    """A code can be read in any language, and the mainland's templates take no traditional characters."""
    rest = templates.get("zh-hans") or next(iter(templates.values()), "")
    return {**dict.fromkeys(("en", "zh-hans", "zh-hant"), rest), **templates}


def build_mail_firm() -> "EspChannel":
    """The channel of the mail firm that is set, new. Raises ChannelMisconfiguredError."""
    _require_settings("anymail")
    return _build_anymail()


def _build_push() -> Channel:
    from notifications.channels.web_push import WebPushChannel

    return WebPushChannel(vapid(), allow_private=settings.WEB_PUSH_ALLOW_PRIVATE)


def vapid() -> "Vapid | None":
    """The key with which we push; None where none is set, and no browser is told. Raises ChannelMisconfiguredError."""
    if not settings.VAPID_PRIVATE_KEY:
        return None
    from notifications.channels.vapid import Vapid

    return Vapid(settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT)


SETTINGS: Final[dict[str, str]] = {
    "email": "EMAIL_PROVIDERS",
    "sms": "SMS_PROVIDERS",
    "push": "PUSH_PROVIDERS",
    "voice": "VOICE_PROVIDERS",
}
"""Each channel with the setting that lists its providers. What lies in the portal is handed to nobody (`placing`)."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Who serves a channel. `needs` must be set at all; whether they are well-formed is found when it is built.
    `safe_to_resend` as its class says it. `reports_if` is the setting that says whether receipts come, where not
    the provider's protocol decides that but whoever runs it. `calls_a_second` is the setting that says how many calls
    it makes, where it keeps what comes faster in a queue of its own. `lets_in` is, where it signs nothing, the setting
    whose secret lets its reports in; `set_by` the variable that sets that one, where it has another name.
    """

    channel: str
    build: Callable[[], Channel]
    needs: tuple[str, ...] = ()
    safe_to_resend: bool = False
    reports_if: str = ""
    calls_a_second: str = ""
    lets_in: str = ""
    set_by: str = ""


def _as_ours(own: OwnProvider) -> Provider:
    return Provider(own.channel, own.build, safe_to_resend=own.safe_to_resend)


TWILIO: Final = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
ALIYUN: Final = ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET", "ALIYUN_SIGN_NAME", "ALIYUN_TEMPLATES")

PROVIDERS: Final[dict[str, Provider]] = {
    "smtp": Provider("email", _build_smtp, safe_to_resend=True, reports_if="EMAIL_REPORTS"),
    "anymail": Provider("email", _build_anymail, ("ANYMAIL_BACKEND",)),
    "kannel": Provider(
        "sms",
        _build_kannel,
        ("KANNEL_URL",),
        lets_in="SMS_CALLBACK_TOKEN",
        set_by="KANNEL_CALLBACK_TOKEN",
    ),
    "twilio": Provider("sms", _build_twilio, (*TWILIO, "TWILIO_SENDER")),
    "aliyun": Provider("sms", _build_aliyun, ALIYUN, lets_in="ALIYUN_CALLBACK_TOKEN"),
    "webpush": Provider("push", _build_push, ("VAPID_PRIVATE_KEY", "VAPID_SUBJECT"), safe_to_resend=True),
    "twilio_voice": Provider(
        "voice", _build_twilio_voice, (*TWILIO, "TWILIO_CALLER"), calls_a_second="TWILIO_CALLS_PER_SECOND"
    ),
    **{name: _as_ours(own) for name, own in own_providers().items()},
}
