"""The sandbox as people see it: in a real Chromium, on a phone and on a desk, in light and in dark."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from notifications.channels.vapid import Vapid
from notifications.channels.web_push_address import PushAddress
from notifications.channels.web_push_encryption import encrypt
from notifications.tests.browsers import SUBJECT, VAPID_KEY
from notifications.tests.mail_servers import make_channel
from notifications.tests.outside import SandboxProcess, make_message, receive_callbacks, run_sandbox

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NUMBER = "+8613800139999"
TEXT = "【Dueproof】您的贷款（尾号4821）¥1,234.56 将于12月3日（周四）到期。查看详情：https://portal.example/a/AbCdEf0123456789"
HTML = """<html lang="zh-Hans"><head><title>还款提醒</title><style>.deep { color: rgb(10, 95, 88) }</style></head>
<body style="font-size: 20px"><p class="deep">您的贷款</p><a href="https://portal.example/a/x">查看</a></body></html>"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    """Has phones with messages of three fates, and mail number 5."""
    with (
        run_sandbox("--unit=0.01", "--retry-seconds=0.01", "--bounce-port=1") as sandbox,
        receive_callbacks() as (url, _),
    ):
        for number in (NUMBER, NUMBER, "+8613800130002", "+8613800130001"):
            send_text(sandbox, number, TEXT, f"{url}?type=%d")
        mail = make_message("li.hua+bounce@a-rather-long-domain.example.com", TEXT, subject="还款提醒", html=HTML)
        list(make_channel(sandbox.smtp_port).send([mail]))
        sandbox.list_messages(channel="sms", count=3, receipts=2)
        link = "https://portal.example/a/x"
        push(sandbox, "li", title="美买商城：请阅读", body="很短。", url=link, know="我知道了")
        yield sandbox


def send_text(sandbox: SandboxProcess, number: str, text: str, callback: str = "") -> None:
    fields = {"username": "sandbox", "password": "sandbox", "from": "10690", "to": number, "text": text}
    report = {"dlr-mask": "31", "dlr-url": callback} if callback else {}
    with urlopen(f"{sandbox.url}cgi-bin/sendsms?{urlencode(fields | report)}"):
        pass


def push(sandbox: SandboxProcess, name: str, **notice: str) -> None:
    """Without the channel, whose event loop would meet that of the browser's driver."""
    with urlopen(f"{sandbox.url}push/{name}") as answer:
        fields = json.load(answer)
    address = PushAddress.read(fields["endpoint"], **fields["keys"])
    headers = {
        "TTL": "60",
        "Content-Encoding": "aes128gcm",
        "Authorization": Vapid(VAPID_KEY, SUBJECT).authorization(address.origin),
    }
    body = encrypt(json.dumps(notice).encode(), address.p256dh, address.auth)
    with urlopen(Request(address.endpoint, body, headers)):
        pass


def open_page(chromium: Browser, url: str, **options: object) -> tuple[Page, list[str]]:
    page = chromium.new_context(**({"viewport": PHONE} | options)).new_page()  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    return page, complaints


PATHS = [
    *("", "phone", "phone/%2B8613800139999", "phone/1", "mailbox", "mailbox/5", "faults"),
    *("browser", "browser/li", "browser/nobody"),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESK, "dark")], ids=["phone", "desk"])
def test_every_page_is_open_to_everyone_and_fits_its_screen(
    chromium: Browser, sandbox: SandboxProcess, path: str, scheme: str, viewport: dict[str, int]
) -> None:
    page, complaints = open_page(chromium, sandbox.url + path, viewport=viewport, color_scheme=scheme)
    faults = [
        (fault["id"], [node["html"] for node in fault["nodes"]]) for fault in Axe().run(page).response["violations"]
    ]
    too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.context.close()
    assert faults == []
    assert not too_wide
    assert complaints == []


def test_a_message_that_arrives_shows_on_an_open_page(chromium: Browser, sandbox: SandboxProcess) -> None:
    page, complaints = open_page(chromium, f"{sandbox.url}phone/%2B8613800131111")
    expect(page.get_by_text("no message yet")).to_be_visible()
    send_text(sandbox, "+8613800131111", "It is due https://portal.example/a/x")
    link = page.get_by_role("link", name="https://portal.example/a/x")
    expect(link).to_be_visible(timeout=10_000)
    assert link.get_attribute("href") == "https://portal.example/a/x"
    page.context.close()
    assert complaints == []


def test_a_mail_looks_as_it_was_made(chromium: Browser, sandbox: SandboxProcess) -> None:
    page, complaints = open_page(chromium, f"{sandbox.url}mailbox/5")
    words = page.frame_locator("iframe").get_by_text("您的贷款")
    expect(words).to_have_css("color", "rgb(10, 95, 88)")
    expect(words).to_have_css("font-size", "20px")
    page.context.close()
    assert complaints == []


def test_everything_is_there_without_javascript(chromium: Browser, sandbox: SandboxProcess) -> None:
    page, _ = open_page(chromium, f"{sandbox.url}phone", java_script_enabled=False)
    page.get_by_role("link", name=NUMBER).click()
    expect(page.get_by_text("您的贷款").first).to_be_visible()
    expect(page.get_by_text("delivered").first).to_be_visible()
    page.context.close()
