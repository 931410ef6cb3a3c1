import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from pytest_django import Settings

from notifications.channels.aliyun import AliyunChannel
from notifications.channels.base import Channel, ChannelMisconfiguredError, Result
from notifications.channels.email import EmailChannel
from notifications.channels.esp import EspChannel
from notifications.channels.kannel import KannelChannel
from notifications.channels.registry import (
    PROVIDERS,
    SETTINGS,
    channel_for,
    channel_of,
    may_go_again,
    reports_delivery,
    suppliers_for,
    vapid,
)
from notifications.channels.twilio import TwilioChannel
from notifications.channels.voice import VoiceChannel
from notifications.channels.web_push import WebPushChannel
from notifications.checks import TELLING, check_web_push
from notifications.heard import PARSERS
from notifications.models import Delivery
from notifications.tests.browsers import SUBJECT, VAPID_KEY
from notifications.tests.outside import ROOT, SandboxProcess, hand_over, make_message

CLASSES: dict[str, type[Channel]] = {
    "smtp": EmailChannel, "anymail": EspChannel, "kannel": KannelChannel, "twilio": TwilioChannel,
    "aliyun": AliyunChannel, "twilio_voice": VoiceChannel,
    "webpush": WebPushChannel,
}  # fmt: skip


@pytest.fixture
def configured(settings: Settings) -> Settings:
    """Every provider with settings that could work."""
    settings.EMAIL_PROVIDERS = ["anymail", "smtp"]
    settings.SMS_PROVIDERS = ["twilio", "aliyun", "kannel"]
    settings.VOICE_PROVIDERS = ["twilio_voice"]
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = f"AC{'0' * 32}", "token"
    settings.TWILIO_SENDER = settings.TWILIO_CALLER = "+14155552345"
    settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET = "id", "secret"
    settings.ALIYUN_SIGN_NAME = "港湾银行"
    settings.ALIYUN_TEMPLATES = {"en": "SMS_1", "zh-hans": "SMS_2"}
    settings.ANYMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
    settings.ANYMAIL = {"MAILGUN_API_KEY": "key", "MAILGUN_WEBHOOK_SIGNING_KEY": "key"}
    settings.ANYMAIL_WEBHOOKS = ["mailgun"]
    settings.PUSH_PROVIDERS = ["webpush"]
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = VAPID_KEY, SUBJECT
    return settings


# Channels ------------------------------------------------------------------------------------------------------------


def test_every_channel_that_leaves_the_portal_has_somebody_who_provides_it() -> None:
    assert set(Delivery.Channel.values) - {Delivery.Channel.IN_APP} == set(SETTINGS)
    for name, kind in (("email", EmailChannel), ("sms", KannelChannel)):
        with channel_for(name) as channel:
            assert isinstance(channel, kind)
            assert channel.name == name


def test_a_channel_that_there_is_not_is_named_with_those_there_are() -> None:
    for find in (channel_for, suppliers_for):
        with pytest.raises(ChannelMisconfiguredError, match="'fax': choose one of email, sms, push, voice"):
            find("fax")


def test_a_channel_that_is_off_has_no_suppliers_and_says_how_to_switch_it_on() -> None:
    assert suppliers_for("voice") == suppliers_for("push") == ()
    with pytest.raises(ChannelMisconfiguredError, match="name one of twilio_voice in VOICE_PROVIDERS"):
        channel_for("voice")


def test_the_channels_go_where_the_settings_say(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sandbox.smtp_port
    settings.KANNEL_URL = f"{sandbox.url}cgi-bin/sendsms"
    settings.KANNEL_USERNAME = settings.KANNEL_PASSWORD = "sandbox"
    settings.SMS_SENDER, settings.BOUNCE_DOMAIN = "95588", "bounces.example"
    mail, text = make_message("li@example.com"), make_message("+8613800139999")
    results = [
        *(outcome.result for outcome in hand_over(channel_for("email"), [mail])),
        *(outcome.result for outcome in hand_over(channel_for("sms"), [text])),
    ]
    arrived = sandbox.list_messages(count=2)
    assert results == [Result.ACCEPTED, Result.ACCEPTED]
    assert [message["report_to"] for message in arrived if message["channel"] == "email"] == [
        f"bounce+{mail.reference}@bounces.example"
    ]
    assert [message["sender"] for message in arrived if message["channel"] == "sms"] == ["95588"]


@pytest.mark.parametrize(
    ("key", "subject", "complaint"),
    [
        ("", "", []),
        (VAPID_KEY, SUBJECT, []),
        ("broken", SUBJECT, ["notifications.E004"]),
        (VAPID_KEY, "nobody", ["notifications.E004"]),
    ],
)
def test_a_key_that_cannot_be_used_is_found_at_start(
    settings: Settings, key: str, subject: str, complaint: list[str]
) -> None:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = key, subject
    assert [error.id for error in check_web_push(None)] == complaint


def test_a_key_is_made_by_a_command(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    call_command("make_vapid_key")
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = capsys.readouterr().out.strip(), SUBJECT
    key = vapid()
    assert key is not None
    assert len(key.public_key) == 87


# Providers -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("configured")
def test_every_provider_can_be_built_and_is_who_it_says() -> None:
    assert set(CLASSES) == set(PROVIDERS)
    for word, provider in PROVIDERS.items():
        with channel_of(word) as channel:
            assert type(channel) is CLASSES[word]
            assert (channel.provider, channel.name) == (word, provider.channel)


def test_what_every_provider_reports_can_be_read() -> None:
    assert set(PARSERS) == set(PROVIDERS)


def test_a_mail_server_that_reports_nothing_is_known_by_its_setting(settings: Settings) -> None:
    assert all(reports_delivery(name) for name in (*PROVIDERS, "taken-out", ""))
    settings.EMAIL_REPORTS = False
    assert [name for name in PROVIDERS if not reports_delivery(name)] == ["smtp"]


def test_what_may_be_sent_again_is_mail_that_replaces_itself_and_notices() -> None:
    assert {word for word, kind in CLASSES.items() if kind.safe_to_resend} == {"smtp", "webpush"}
    assert {word for word, provider in PROVIDERS.items() if provider.safe_to_resend} == {"smtp", "webpush"}


def test_what_may_have_gone_out_goes_again_only_where_nobody_who_could_be_asked_shows_it_twice(
    configured: Settings,
) -> None:
    assert [may_go_again(word) for word in ("smtp", "anymail", "kannel", "webpush", "gone")] == [
        False, False, False, True, False,
    ]  # fmt: skip
    configured.EMAIL_PROVIDERS = ["smtp"]
    assert may_go_again("smtp")
    assert not may_go_again("anymail")


@pytest.mark.usefixtures("configured")
def test_suppliers_come_in_the_order_of_the_setting() -> None:
    assert suppliers_for("sms") == ("twilio", "aliyun", "kannel")
    assert suppliers_for("email") == ("anymail", "smtp")
    assert suppliers_for("voice") == ("twilio_voice",)
    assert channel_for("sms").provider == "twilio"


@pytest.mark.parametrize("named", [["kanel"], ["smtp"], ["kannel", "twilio_voice"], [""]])
def test_a_provider_that_serves_no_such_channel_is_refused(settings: Settings, named: list[str]) -> None:
    settings.SMS_PROVIDERS = named
    remedy = f"SMS_PROVIDERS names '{named[-1]}', which does not provide sms: choose from kannel, twilio, aliyun"
    with pytest.raises(ChannelMisconfiguredError, match=remedy):
        suppliers_for("sms")


def test_a_provider_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(ChannelMisconfiguredError, match="'fax': choose one of smtp, anymail, kannel, twilio"):
        channel_of("fax")


NEEDS = [(word, setting) for word, provider in PROVIDERS.items() for setting in provider.needs]


@pytest.mark.parametrize(("word", "setting"), NEEDS)
def test_a_setting_that_is_missing_is_named_with_the_remedy(configured: Settings, word: str, setting: str) -> None:
    setattr(configured, setting, type(getattr(configured, setting))())
    where = SETTINGS[PROVIDERS[word].channel]
    remedy = f"{setting} is not set, which the provider '{word}' needs: set it, or name another provider in {where}"
    with pytest.raises(ChannelMisconfiguredError, match=remedy):
        channel_of(word)
    with pytest.raises(ChannelMisconfiguredError, match=remedy):
        suppliers_for(PROVIDERS[word].channel)


def test_a_wrong_provider_is_found_at_start(settings: Settings) -> None:
    settings.SMS_PROVIDERS, settings.VOICE_PROVIDERS = ["kanel"], ["twilio_voice"]
    errors = [error for error in run_checks() if error.id == "notifications.E003"]
    assert [error.msg.split()[0] for error in errors] == ["SMS_PROVIDERS", "TWILIO_ACCOUNT_SID"]
    settings.SMS_PROVIDERS, settings.VOICE_PROVIDERS = ["kannel"], []
    assert [error for error in run_checks() if error.id == "notifications.E003"] == []


def test_no_process_loads_an_http_client_before_it_sends() -> None:
    program = (
        "import django, sys; django.setup(); import portal.urls;"
        "from django.core.checks import run_checks; run_checks();"
        "print(sorted({'aiohttp', 'pycurl', 'twilio'} & set(sys.modules)))"
        # REST framework loads requests, where it is
    )
    environment = {"SECRET_KEY": "only-for-this-test", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("provider", "setting", "variable"),
    [
        ("kannel", "SMS_CALLBACK_TOKEN", "KANNEL_CALLBACK_TOKEN"),
        ("aliyun", "ALIYUN_CALLBACK_TOKEN", "ALIYUN_CALLBACK_TOKEN"),
    ],
)
def test_who_could_bring_no_receipt_stops_the_start(
    settings: Settings, provider: str, setting: str, variable: str
) -> None:
    settings.SMS_PROVIDERS = [provider]
    setattr(settings, setting, "")
    [error] = [error for error in run_checks(tags=[TELLING]) if error.id == "notifications.E007"]
    assert error.msg == f"{variable} is not set: {provider} could bring no receipt and no reply."
    setattr(settings, setting, "a-secret")
    assert [error for error in run_checks(tags=[TELLING]) if error.id == "notifications.E007"] == []


@pytest.mark.parametrize(
    ("webhooks", "keys", "fault"),
    [
        ([], {"MAILGUN_WEBHOOK_SIGNING_KEY": "key"}, "ANYMAIL_WEBHOOKS is not set"),
        (["mailgum"], {"WEBHOOK_SECRET": "user:password"}, "ANYMAIL_WEBHOOKS names 'mailgum'"),
        (["mailgun"], {"SENDER_DOMAIN": "x"}, "The reports of mailgun cannot be checked: "),
        (["mailgun", "postmark"], {"MAILGUN_API_KEY": "a", "MAILGUN_WEBHOOK_SIGNING_KEY": "key"},
         "ANYMAIL_WEBHOOK_SECRET is not set, and postmark signs nothing"),
    ],
)  # fmt: skip
def test_a_mail_firm_whose_reports_are_not_taken_stops_the_start(
    configured: Settings, webhooks: list[str], keys: dict[str, str], fault: str
) -> None:
    configured.SMS_PROVIDERS = []
    assert [error for error in run_checks(tags=[TELLING]) if error.id == "notifications.E007"] == []
    configured.ANYMAIL_WEBHOOKS, configured.ANYMAIL = webhooks, keys
    [error] = [error for error in run_checks(tags=[TELLING]) if error.id == "notifications.E007"]
    assert error.msg.startswith(fault)
    assert error.msg.endswith(": anymail could bring no receipt.")
    configured.EMAIL_PROVIDERS, configured.ANYMAIL_WEBHOOKS = ["smtp"], []
    assert [error for error in run_checks(tags=[TELLING]) if error.id == "notifications.E007"] == []
