import pytest
from pytest_django import Settings

from notifications.channels.base import ChannelMisconfiguredError, Result
from notifications.channels.email import EmailChannel
from notifications.channels.in_app import InAppChannel
from notifications.channels.kannel import KannelChannel
from notifications.channels.registry import BUILDERS, channel_for
from notifications.models import Delivery
from notifications.tests.outside import SandboxProcess, hand_over, make_message


def test_every_channel_that_a_delivery_can_name_can_be_built() -> None:
    assert set(Delivery.Channel.values) - {"push", "voice"} == set(BUILDERS)
    for name, kind in (("email", EmailChannel), ("sms", KannelChannel), ("in_app", InAppChannel)):
        with channel_for(name) as channel:
            assert isinstance(channel, kind)
            assert channel.name == name


def test_a_channel_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(ChannelMisconfiguredError, match="'fax': choose one of email, sms, in_app"):
        channel_for("fax")


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


def test_in_the_inbox_a_message_is_placed_at_once_and_proves_nothing_more() -> None:
    messages = [make_message("") for _ in range(2)]
    outcomes = hand_over(InAppChannel(), messages)
    assert [(outcome.reference, outcome.result) for outcome in outcomes] == [
        (message.reference, Result.ACCEPTED) for message in messages
    ]
    assert not InAppChannel.reports_delivery
