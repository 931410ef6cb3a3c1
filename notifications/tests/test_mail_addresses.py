import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.base import Result
from notifications.channels.mail_address import BadAddressError, Recipient
from notifications.tests.mail_servers import make_channel, run_mail_server
from notifications.tests.outside import (
    SandboxProcess,
    find_closed_port,
    hand_over,
    make_message,
)


@pytest.mark.parametrize(
    "address",
    [
        "", "nobody", "@example.com", "a@", "a b@example.com", "a@exa mple.com", "a@b@example.com", "a@example..com",
        "a@example.com\r\nBcc: x@example.com", "a\r\n@example.com", "<a@example.com>", "a@-x.example", ".a@example.com",
        "a..b@example.com", "a" * 65 + "@example.com", "a@" + "b" * 64 + ".example", "a@" + "b." * 130 + "example",
    ],
)  # fmt: skip
def test_a_malformed_address_is_refused_for_good_before_any_server_hears_of_it(address: str) -> None:
    [outcome] = hand_over(make_channel(find_closed_port()), [make_message(address)])
    assert outcome.result is Result.PERMANENT
    assert outcome.address_fault
    assert "example" not in outcome.reason


def test_a_domain_in_other_letters_goes_out_in_ascii() -> None:
    with run_mail_server() as server:
        [outcome] = hand_over(make_channel(server.port), [make_message("li@bücher.example")])
    assert outcome.result is Result.ACCEPTED
    assert any(line.startswith("RCPT TO:<li@xn--bcher-kva.example>") for line in server.commands)


def test_a_sharp_s_in_a_domain_stays_its_own_letter() -> None:
    assert Recipient.parse("li@faß.example").domain == "xn--fa-hia.example"


def test_a_local_part_in_other_letters_needs_a_server_that_takes_it(sandbox: SandboxProcess) -> None:
    message = make_message("jürgen@example.com")
    with run_mail_server() as server:
        [refused] = hand_over(make_channel(server.port), [message])
    [taken] = hand_over(make_channel(sandbox.smtp_port), [message])
    assert refused.result is Result.PERMANENT
    assert not refused.address_fault
    assert taken.result is Result.ACCEPTED
    assert sandbox.list_messages(reference=message.reference)[0]["recipient"] == "jürgen@example.com"


def test_a_server_that_refuses_to_say_what_it_can_do_is_asked_again_later() -> None:
    with run_mail_server({"EHLO": "502 not now", "HELO": "250 stub"}) as server:
        [refused] = hand_over(make_channel(server.port), [make_message("jürgen@example.com")])
    assert refused.result is Result.TEMPORARY


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused_as_one(text: str) -> None:
    try:
        recipient = Recipient.parse(text)
    except BadAddressError:
        return
    assert recipient.domain.isascii()
    assert recipient.path.count("@") == 1
    assert not any(letter.isspace() for letter in recipient.path)
