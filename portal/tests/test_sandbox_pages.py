"""The sandbox's pages, as a browser gets them."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from smtplib import SMTP
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from notifications.tests.outside import SandboxProcess, run_sandbox
from portal.sandbox.faults import FAULTS
from portal.sandbox.mail_view import make_harmless
from portal.sandbox.text_view import show_text

NUMBER = "+8613800139999"
HTML = """<html lang="zh-Hans"><head><style>.button { color: #fff }</style></head>
<body style="margin: 0"><p style="color: red">您的贷款 <a class="button" href="https://portal.example/a/x">查看</a></p>
<script>parent.document.title = "taken"</script></body></html>"""
PAGES = (
    "",
    "phone",
    "phone/%2B8613800139999",
    "phone/1",
    "mailbox",
    "mailbox?to=li%40example.com",
    "mailbox/1",
    "faults",
)


@pytest.fixture(scope="module")
def _process() -> Iterator[SandboxProcess]:
    with run_sandbox("--unit=0.01", "--retry-seconds=0.01", "--bounce-port=1") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_process: SandboxProcess) -> SandboxProcess:
    """Holds one mail, number 1."""
    _process.reset()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Dueproof <a@portal.example>", "li@example.com", "还款 <b>提醒</b>"
    mail.set_content("您的贷款：https://portal.example/a/x。")
    mail.add_alternative(HTML, subtype="html")
    with SMTP("127.0.0.1", _process.smtp_port, "portal.example") as client:
        client.send_message(mail)
    return _process


def send_text(sandbox: SandboxProcess, text: str) -> None:
    fields = {"username": "sandbox", "password": "sandbox", "from": "10690", "to": NUMBER, "text": text}
    with urlopen(f"{sandbox.url}cgi-bin/sendsms?{urlencode(fields)}"):
        pass


def read(sandbox: SandboxProcess, path: str) -> tuple[int, str, dict[str, str]]:
    try:
        with urlopen(sandbox.url + path) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode(), dict(refusal.headers)


@pytest.mark.parametrize("path", [*PAGES, "mailbox/1/html", "mailbox/1/raw"])
def test_every_page_has_a_policy_without_exceptions(sandbox: SandboxProcess, path: str) -> None:
    send_text(sandbox, "Due tomorrow")
    status, body, headers = read(sandbox, path)
    assert status == 200
    assert body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_or_style_inside(sandbox: SandboxProcess, path: str) -> None:
    send_text(sandbox, "Due tomorrow")
    _, body, _ = read(sandbox, path)
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", body)


@pytest.mark.parametrize("path", ["mailbox/2", "mailbox/99/html", "mailbox/999999999999/raw", "static/js/live.js", "static/../manage.py"])  # fmt: skip  # noqa: E501
def test_what_is_not_there_is_not_found(sandbox: SandboxProcess, path: str) -> None:
    send_text(sandbox, "number 2 is a text message, no mail")
    assert read(sandbox, path)[0] == 404


@pytest.mark.parametrize(
    "path", ["static/css/sandbox.css", "static/css/tokens.css", "static/django_htmx/htmx-2.min.js"]
)
def test_what_the_pages_need_is_sent(sandbox: SandboxProcess, path: str) -> None:
    assert read(sandbox, path)[0] == 200


def test_the_front_page_says_how_to_send(sandbox: SandboxProcess) -> None:
    assert f"{sandbox.url}cgi-bin/sendsms" in read(sandbox, "")[1]


def test_a_phone_shows_its_messages_with_links_and_parts(sandbox: SandboxProcess) -> None:
    send_text(sandbox, "还有3天。查看详情：https://portal.example/a/x")
    _, phones, _ = read(sandbox, "phone")
    _, phone, _ = read(sandbox, "phone/%2B8613800139999")
    assert 'href="/phone/%2B8613800139999"' in phones
    assert '<a href="https://portal.example/a/x" rel="noreferrer">https://portal.example/a/x</a>' in phone
    assert "1 part<" in phone


def test_a_mailbox_shows_its_mails(sandbox: SandboxProcess) -> None:
    _, mailbox, _ = read(sandbox, "mailbox")
    _, mail, _ = read(sandbox, "mailbox/1")
    assert "还款 &lt;b&gt;提醒&lt;/b&gt;" in mailbox
    assert "Dueproof &lt;a@portal.example&gt;" in mail
    assert '<iframe class="paper" src="/mailbox/1/html"' in mail
    assert read(sandbox, "mailbox/1/raw")[1].startswith("From: Dueproof")


def test_the_faults_page_shows_the_whole_table(sandbox: SandboxProcess) -> None:
    body = unescape(read(sandbox, "faults")[1])
    for fault in FAULTS:
        assert f"…{fault.ending}" in body
        assert fault.example in body
        assert fault.browser in body
        assert fault.story in body


@pytest.mark.parametrize("path", ["", "phone", "phone/%2B8613800139999", "mailbox", "mailbox/1"])
def test_an_open_page_is_drawn_anew_only_when_something_has_happened(sandbox: SandboxProcess, path: str) -> None:
    _, page, _ = read(sandbox, path)
    refresh = unescape(re.findall(r'hx-get="/([^"]+)"', page)[0])
    unchanged = read(sandbox, refresh)
    send_text(sandbox, "Due tomorrow")
    changed = read(sandbox, refresh)
    assert (unchanged[0], unchanged[1]) == (204, "")
    assert changed[0] == 200
    assert changed[1].startswith('<div id="live"')
    assert "<html" not in changed[1]


# What a message may not do -------------------------------------------------------------------------------------------


def test_a_text_cannot_bring_markup(sandbox: SandboxProcess) -> None:
    send_text(sandbox, "<script>alert(1)</script>")
    assert "<script>alert" not in read(sandbox, "phone/%2B8613800139999")[1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a & b", "a &amp; b"),
        ("one\r\ntwo\nthree", "one<br>two<br>three"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("see https://x.example/a.", 'see <a href="https://x.example/a" rel="noreferrer">https://x.example/a</a>.'),
        ("见https://x.example/a（详情）", '见<a href="https://x.example/a" rel="noreferrer">https://x.example/a</a>（详情）'),
        ("https://x.example/?a=1&b=2", '<a href="https://x.example/?a=1&amp;b=2" rel="noreferrer">https://x.example/?a=1&amp;b=2</a>'),
        ('https://x.example/"onclick="x', '<a href="https://x.example/" rel="noreferrer">https://x.example/</a>&quot;onclick=&quot;x'),
    ],
)  # fmt: skip
def test_a_text_is_shown_as_it_is_with_its_addresses_as_links(text: str, shown: str) -> None:
    assert show_text(text) == shown


def test_a_mail_keeps_its_looks_under_a_policy_that_lets_it_do_nothing() -> None:
    page, headers = make_harmless(HTML)
    [nonce] = set(re.findall(r'nonce="([^"]+)"', page))
    policy = headers["Content-Security-Policy"]
    assert f"style-src 'nonce-{nonce}'" in policy
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert ' style="' not in page
    assert '[data-style="1"] { color: red }' in page
    assert "script" not in page
    assert 'target="_blank" rel="noopener noreferrer"' in page


@pytest.mark.parametrize("html", ["", " ", "<!-- -->", "<?xml version='1.0' encoding='x'?><p>a", "\x00", "<p style='</style><script>x'>"])  # fmt: skip  # noqa: E501
def test_a_broken_mail_is_a_page_all_the_same(html: str) -> None:
    page, _ = make_harmless(html)
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
