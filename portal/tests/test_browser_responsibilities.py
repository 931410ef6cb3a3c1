"""Who has to send prompts, on the desk in a real Chromium: wide and on a phone, light and dark, in Chinese too."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from notifications.models import Duty, Prompt, Responsibility
from portal.tests.browser import visit
from portal.tests.desk import make_agent_and_operator
from portal.tests.test_browser_desk import inspect, look
from portal.tests.test_desk_responsibilities import a_month

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


def pages() -> list[str]:
    prompt, duty, rule = Prompt.objects.earliest("pk"), Duty.objects.earliest("pk"), Responsibility.objects.get()
    return [
        reverse("admin:notifications_duty_changelist"),
        reverse("admin:notifications_duty_change", args=[duty.pk]),
        reverse("admin:notifications_responsibility_changelist"),
        reverse("admin:notifications_responsibility_add"),
        reverse("admin:notifications_responsibility_change", args=[rule.pk]),
        reverse("admin:notifications_prompt_change", args=[prompt.pk]),
        reverse("admin:accounts_user_change", args=[prompt.borrower_id]),
        reverse("admin:loans_loan_change", args=[prompt.loan.pk]),
    ]


@pytest.mark.parametrize(
    ("size", "scheme", "locale"), [("desk", "light", "en"), ("desk", "dark", "zh-hans"), ("phone", "light", "zh-hant"),
                                   ("phone", "dark", "en")],
)  # fmt: skip
def test_pages_about_who_sends_are_sound(
    chromium: Browser, live_server: LiveServer, size: str, scheme: str, locale: str
) -> None:
    a_month()
    reader = make_agent_and_operator(locale=locale)
    with visit(chromium, live_server.url + reverse("admin:index"), reader, **look(size, scheme)) as page:
        for address in pages():
            inspect(page, live_server.url + address)
