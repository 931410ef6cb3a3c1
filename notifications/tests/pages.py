"""What tests of the pages about messages share."""

import json
import re
from datetime import timedelta
from typing import Any
from unittest import mock

from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from loans.models import Installment
from notifications.capping import Capped
from notifications.models import Delivery, Prompt
from notifications.tests.factories import NOON, make_delivery, make_prompt, word_these

NOW, DAY = timedelta(0), timedelta(days=1)


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(response: Any) -> str:
    """What there is to read on a page, in one line."""
    assert isinstance(response, HttpResponse)
    main = response.content.decode().split("<main", 1)[1].partition(">")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def tell(installment: Installment, *channels: str, **fields: Any) -> Prompt:
    """A prompt that was really worded, on `channels` and in the portal; what says overdue on a day on which it is."""
    prompt = make_prompt(installment, **fields)
    since = installment.due_on - NOON.date() + DAY if prompt.kind == Prompt.Kind.OVERDUE else NOW
    at = NOON + max(since, NOW)
    for channel in (*channels, Delivery.Channel.IN_APP):
        delivery = make_delivery(prompt, channel, status=Delivery.Status.SENT, sent_at=NOON)
        however_much_was_told = Capped([], set())
        with mock.patch("notifications.composing.hold_capped", return_value=however_much_was_told):
            [worded], _faults = word_these([delivery.pk], now=at)
        Delivery.objects.filter(pk=delivery.pk).update(facts=json.loads(worded.kept.facts), wording=worded.kept.wording)
    return prompt
