"""What must hold of the whole house, so that nothing is forgotten silently."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.celery import app
from portal.settings.channels import PUSH_PROVIDERS

ROOT: Final = Path(__file__).resolve().parents[2]
OPEN: Final = {
    "acknowledge_link": "the signed token in the address is the authority; it shows what the message said",
    "kannel_report": "the secret in the address is the authority; Kannel cannot sign in",
    "kannel_text": "the secret in the address is the authority; Kannel cannot sign in",
    "aliyun_texts": "the secret in the address is the authority; Alibaba Cloud cannot sign in",
    "twilio_text": "the signature over address and form is the authority; Twilio cannot sign in",
    "aliyun_report": "the secret in the address is the authority; Alibaba Cloud cannot sign in",
    "own_report": "the secret in the address is the authority; a provider of one's own cannot sign in",
    "esp_report": "the mail firm's signature or password is the authority, as anymail checks it",
    "twilio_report": "Twilio's signature is the authority",
    "twilio_call_report": "Twilio's signature is the authority",
    "twilio_call_words": "Twilio's signature is the authority; it says what the text message says, without its link",
    "twilio_call_key": "Twilio's signature is the authority",
    "service_worker": "a browser fetches the script that shows notices without a cookie",
    "notice_received": "the token of the notice is the proof; a device posts it by itself",
    "notice_acknowledged": "the token of the notice is the proof; it answers what was shown on the device",
    "api_report": "the partner's signature is the authority; without one it answers 401",
    "api_schema": "the partners' interface is described to everybody who builds against it; nothing in it is secret",
    "api_nothing_here": "answers only that there is no such address",
    "manifest": "a browser fetches the portal's name and icons without a cookie",
    "set_language": "a visitor chooses the language of the sign-in",
    "jsi18n": "the texts of the desk's scripts; Django serves it to its sign-in page too",
}
"""Addresses that need no sign-in, each with the reason. allauth's own, under /accounts/, are the sign-in."""


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route)
        else:
            yield route, entry


def own_addresses() -> list[tuple[str, URLPattern]]:
    return [(route, entry) for route, entry in addresses(get_resolver()) if not route.startswith("accounts/")]


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "entry"), own_addresses(), ids=[route or "/" for route, _ in own_addresses()])
def test_every_address_asks_for_a_sign_in_or_stands_in_the_list(client: Client, route: str, entry: URLPattern) -> None:
    if entry.name in OPEN:
        return
    path = "/" + "".join(_filled(part) for part in _parts(route))
    answer = client.get(path)
    assert answer.status_code in {302, 401, 404, 405}, f"{path} answers a visitor with {answer.status_code}"
    if answer.status_code == 302:
        assert "login" in answer["Location"] or answer["Location"].startswith("/desk/"), answer["Location"]


def _parts(route: str) -> list[str]:
    return re.split(r"(<[^>]+>|\(\?P<[^)]+\))", route.replace("^", "").replace("$", "").replace("\\Z", ""))


def _filled(part: str) -> str:
    return "1" if part.startswith(("<", "(?P")) else part


def test_the_queues_that_work_is_sent_to_are_the_queues_that_workers_consume() -> None:
    consumed = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    scheduled = {entry["options"]["queue"] for entry in schedule.values()}
    off = {"push", "voice"} - scheduled
    assert scheduled | off | {settings.CELERY_TASK_DEFAULT_QUEUE} == consumed
    assert set(settings.SEND_QUEUES) < consumed


def test_nobody_is_woken_for_a_channel_that_is_off() -> None:
    """What beat puts there would lie in Redis for ever where no worker takes it."""
    woken = {name.removeprefix("send-") for name in settings.CELERY_BEAT_SCHEDULE if name.startswith("send-")}
    in_use = {"voice": bool(settings.VOICE_PROVIDERS), "push": bool(PUSH_PROVIDERS)}
    assert woken == {name for name in settings.SEND_QUEUES if in_use.get(name, True)}


def test_operators_read_of_every_queue() -> None:
    told = (ROOT / "docs/operations.md").read_text()
    assert [queue.name for queue in settings.CELERY_TASK_QUEUES if f"`-Q {queue.name}`" not in told] == []


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    assert {entry["task"] for entry in schedule.values()} <= set(app.tasks)


def test_no_task_takes_more_than_a_channels_name() -> None:
    """Personal data must not travel through the broker, and a lost message must lose nothing."""
    trees = [ast.parse((ROOT / app / "tasks.py").read_text()) for app in ("loans", "notifications")]
    tasks = [
        node
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "shared_task" for mark in node.decorator_list)
    ]
    assert tasks
    assert {argument.arg for task in tasks for argument in task.args.args} <= {"channel"}


def test_the_top_of_the_house_has_no_further_rooms() -> None:
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    assert rooms <= {
        *("portal", "accounts", "loans", "notifications", "templates", "static"),
        *("bin", "docs", "benchmarks", "locale", "staticfiles"),
    }


@pytest.mark.django_db
def test_the_desk_is_closed_to_borrowers(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("borrower@example.test"))
    assert client.get(reverse("admin:index")).status_code in {302, 403}
