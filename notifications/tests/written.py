"""What tests of text messages from people share."""

from datetime import datetime
from itertools import count
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from accounts.models import ContactPoint, User
from notifications.channels.inbound import InboundText
from notifications.inbound_texts import receive
from notifications.models import AgentTask, Preference
from notifications.tests.factories import NOON

TOKEN = "a-secret-token"
"""Of the door for Kannel's texts, where the test sets it."""


def say(sender: User, text: str, *, now: datetime = NOON) -> str:
    """What is answered to a text message from the phone of `sender`, as it comes from Kannel."""
    phone = str(sender.contact_points.get(kind="phone", retired_at=None).address)
    words = InboundText(senders=(phone,), text=text, provider="kannel", occurred_at=None)
    return receive([words], f"from={phone.replace('+', '%2B')}&text={text}".encode(), now=now)


def task_about_texts(sender: User, text: str = "I paid yesterday", *, now: datetime = NOON) -> AgentTask:
    """The open task that `text` is in the hands of."""
    say(sender, text, now=now)
    return AgentTask.objects.open().get(borrower=sender, kind=AgentTask.Kind.WRITTEN)


numbers = count()


def write(sender: str | None, text: str, token: str = TOKEN, name: str = "") -> str:
    """What is answered to a text message from `sender`, which its provider calls `name`: else as it called none yet."""
    query = urlencode({"from": sender or "", "text": text, "time": "1795000000", "id": name or next(numbers)})
    answer = Client().get(reverse("kannel_text", args=[token]), QUERY_STRING=query)
    assert answer.status_code == (200 if token == TOKEN else 404)
    return answer.content.decode() if token == TOKEN else ""


def first_phone(borrower: User) -> str:
    return ContactPoint.objects.get(user=borrower, kind="phone").address


def sms_is_on(borrower: User) -> bool:
    return not Preference.objects.filter(user=borrower, channel="sms", enabled=False).exists()
