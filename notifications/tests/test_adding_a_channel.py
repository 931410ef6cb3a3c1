"""The page that tells how to add a provider, held to its word."""

import json
import re
import types

import pytest

from notifications.channels.base import Channel, ReceiptKind, Result
from notifications.tests.outside import ROOT, hand_over, make_message
from notifications.tests.providers import HANG, Answer, run_provider

PAGE = (ROOT / "docs" / "adding-a-channel.md").read_text()


@pytest.fixture(scope="module")
def pigeon() -> types.ModuleType:
    """The page's example as a module."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module = types.ModuleType("pigeon")
    exec(compile(code, "docs/adding-a-channel.md", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize(
    ("answer", "result", "reason"),
    [
        (Answer(200, '{"word": "taken"}'), Result.ACCEPTED, ""),
        (Answer(429, '{"word": "full"}'), Result.TEMPORARY, "429 full"),
        (Answer(404, '{"word": "no such roof"}'), Result.PERMANENT, "404 no such roof"),
        (Answer(200, '{"word": "Li Hua"}'), Result.UNKNOWN, "200"),
        (HANG, Result.UNKNOWN, "no answer after the request was sent: time-out"),
    ],
)
def test_its_example_sends(pigeon: types.ModuleType, answer: Answer, result: Result, reason: str) -> None:
    message = make_message("+8613800139999")
    with run_provider(answer) as post:
        channel: Channel = pigeon.PigeonChannel(url=post.url, key="key", answer_seconds=0.5 if answer.hangs else 10.0)
        [outcome] = hand_over(channel, [message])
    assert (outcome.result, outcome.reason) == (result, reason)
    assert json.loads(post.asked[0].body)["ring"] == message.reference


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"word": "landed", "ring": "1"}', ReceiptKind.DELIVERED),
        (b'{"word": "moulting", "ring": "1"}', ReceiptKind.UNKNOWN),
        (b"\xff", ReceiptKind.UNKNOWN),
    ],
)
def test_its_example_reads_receipts(pigeon: types.ModuleType, raw: bytes, kind: ReceiptKind) -> None:
    assert [receipt.kind for receipt in pigeon.parse_report(raw)] == [kind]


def test_every_file_that_it_names_is_there() -> None:
    names = {name for name in re.findall(r"`([a-z_/]+\.(?:py|md))`", PAGE) if "pigeon" not in name}
    places = [
        ROOT,
        ROOT / "notifications",
        *(ROOT / "notifications" / part for part in ("channels", "webhooks", "tests")),
    ]
    assert names
    assert [name for name in sorted(names) if not any((place / name).exists() for place in places)] == []
