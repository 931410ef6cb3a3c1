"""What tests of text messages for a person share."""

from datetime import datetime

from accounts.models import User
from notifications.channels.inbound import InboundText
from notifications.inbound_texts import receive
from notifications.models import AgentTask
from notifications.tests.factories import NOON


def say(sender: User, text: str, *, now: datetime = NOON) -> str:
    """What is answered to a text message from the phone of `sender`, as it comes from Kannel."""
    phone = str(sender.contact_points.get(kind="phone", retired_at=None).address)
    words = InboundText(senders=(phone,), text=text, provider="kannel", occurred_at=None)
    return receive([words], f"from={phone.replace('+', '%2B')}&text={text}".encode(), now=now)


def task_about_texts(sender: User, text: str = "I paid yesterday", *, now: datetime = NOON) -> AgentTask:
    """The open task that `text` is in the hands of."""
    say(sender, text, now=now)
    return AgentTask.objects.open().get(borrower=sender, kind=AgentTask.Kind.WRITTEN)
