import binascii
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.channels.base import Result
from notifications.channels.mail_address import Recipient, Sender
from notifications.channels.mail_form import LINE_OCTETS, UnsendableError, compose
from notifications.rendering import available_wordings, render
from notifications.tests.mail_servers import make_channel, run_mail_server
from notifications.tests.outside import (
    SandboxProcess,
    hand_over,
    make_message,
)
from notifications.wording.samples import sample_facts

SENDER = Sender.parse("Dueproof 还款 <notices@portal.example>", "bounces.example")


def read_mail(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, EmailMessage, policy=policy.default)


def test_a_mail_arrives_with_its_wording_in_text_and_html(sandbox: SandboxProcess) -> None:
    message = make_message(
        "li@example.com",
        "您的贷款 ¥88.00 明天到期",
        subject="还款提醒",
        html="<p lang=zh>您的贷款</p>",
        language="zh-hans",
    )
    [outcome] = hand_over(make_channel(sandbox.smtp_port), [message])
    [arrived] = sandbox.list_messages(reference=message.reference)
    mail = read_mail(arrived["raw"].encode())
    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_reference.startswith("SBX")
    assert arrived["recipient"] == "li@example.com"
    assert mail["Subject"] == "还款提醒"
    assert mail["From"] == "Dueproof 还款 <notices@portal.example>"
    assert mail["Message-ID"] == f"<{message.reference}@bounces.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "zh-hans"
    assert mail.get_content_type() == "multipart/alternative"
    assert arrived["text"].strip() == "您的贷款 ¥88.00 明天到期"
    assert arrived["html"].strip() == "<p lang=zh>您的贷款</p>"


def test_the_message_id_is_the_same_on_every_sending() -> None:
    message = make_message("li@example.com")
    ids = {read_mail(compose(message, SENDER, Recipient.parse(message.address)))["Message-ID"] for _ in range(2)}
    assert ids == {f"<{message.reference}@bounces.example>"}


def test_chinese_goes_as_it_is_to_a_server_that_takes_eight_bits() -> None:
    message = make_message("li@example.com", "您的贷款", html="<p>您的贷款</p>")
    with run_mail_server() as server:
        [outcome] = hand_over(make_channel(server.port), [message])
    assert outcome.result is Result.ACCEPTED
    assert next(command for command in server.commands if command.startswith("MAIL")).endswith(
        f"BODY=8BITMIME RET=HDRS ENVID={message.reference}"
    )


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_every_line_of_our_pages_is_short_enough_to_go_as_it_is(language: str) -> None:
    facts = sample_facts(language)
    for kind, section, channel, spoken in available_wordings():
        if (channel, spoken) == ("email", language):
            stage, decision = (int(section), "") if section.isdecimal() else (0, section)
            page = render(kind, stage, "email", facts._replace(decision=decision), "https://portal.example/a/t/").html
            assert max(len(line.encode()) for line in page.splitlines()) <= LINE_OCTETS, (kind, section)


def test_chinese_goes_as_ascii_to_a_server_that_takes_seven_bits() -> None:
    message = make_message("li@example.com", "您的贷款", html="<p>您的贷款</p>")
    with run_mail_server({"EHLO": "250-stub\r\n250 DSN"}) as server:
        [outcome] = hand_over(make_channel(server.port), [message])
    assert outcome.result is Result.ACCEPTED
    assert not [command for command in server.commands if "8BITMIME" in command]
    assert server.octets.isascii()


def test_lines_that_start_with_a_dot_arrive_whole(sandbox: SandboxProcess) -> None:
    message = make_message("li@example.com", "first\n.\n..two\n.three\nlast")
    hand_over(make_channel(sandbox.smtp_port), [message])
    [arrived] = sandbox.list_messages(reference=message.reference)
    assert arrived["text"].splitlines() == ["first", ".", "..two", ".three", "last"]


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.text(st.characters(codec="utf-8"), max_size=300))
def test_no_subject_or_text_can_add_a_header_or_break_the_mail(subject: str, text: str) -> None:
    message = make_message("li@example.com", text, subject=subject)
    raw = compose(message, SENDER, Recipient.parse(message.address))
    mail = read_mail(raw)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Content-Language",
    }  # fmt: skip
    assert mail["To"] == "li@example.com"
    assert mail.get_content_type() == "text/plain"


@given(
    st.text(st.characters(codec="utf-8"), max_size=400),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=400),
    st.booleans(),
)
@example("2,994 octets on one line".ljust(998, "款"), "<p>" + "a" * 995, True)
@example("a boundary\n--=_ref-1--\nin the words", "<p>\0</p>", True)
def test_text_and_html_arrive_letter_by_letter(text: str, html: str, eight_bits: bool) -> None:
    message = make_message("li@example.com", text, html=html, reference="ref-1")
    raw = compose(message, SENDER, Recipient.parse(message.address), eight_bits=eight_bits)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\0" not in raw
    mail = read_mail(raw)
    for subtype, wording in (("plain", text), ("html", html)):
        part = mail.get_body((subtype,))
        assert part is not None
        octets = part.get_payload(decode=True)
        assert isinstance(octets, bytes)
        arrived = octets.decode().replace("\r\n", "\n")
        assert arrived.rstrip("\n") == wording.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@given(st.text("ab=.\t \n é", max_size=300))
def test_quoting_line_by_line_gives_what_quoting_it_all_gives(text: str) -> None:
    wording = f"{text}\n{'plain words that keep most of it within ASCII ' * 40}"
    mail = compose(make_message("li@example.com", wording), SENDER, Recipient.parse("li@example.com"))
    whole = binascii.b2a_qp(wording.encode(), istext=True).replace(b"\n", b"\r\n")
    assert mail.partition(b"\r\n\r\n")[2] == whole + b"\r\n"


@given(st.text(alphabet="还款提醒 due ¥1,234.50 é", max_size=120))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    message = make_message("li@example.com", subject=subject)
    mail = read_mail(compose(message, SENDER, Recipient.parse(message.address)))
    assert mail["Subject"] == " ".join(subject.split())


def test_wording_that_no_mail_can_hold_is_refused_without_quoting_it() -> None:
    with pytest.raises(UnsendableError) as refused:
        compose(make_message("li@example.com", "half a letter: \ud83d"), SENDER, Recipient.parse("li@example.com"))
    assert "letter" not in str(refused.value)
