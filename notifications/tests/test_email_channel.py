import smtplib
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications.channels.base import ChannelMisconfiguredError, Message, Outcome, Result
from notifications.channels.email import EmailChannel
from notifications.channels.mail_server import MailServer
from notifications.channels.smtp_commands import encode_xtext
from notifications.tests.mail_servers import ALONE, CLOSE, TOGETHER, make_channel, run_mail_server
from notifications.tests.outside import (
    MisbehavingServer,
    SandboxProcess,
    find_closed_port,
    hand_over,
    make_message,
    run_server,
)

BOTH_WAYS = pytest.mark.parametrize("greeting", [ALONE, TOGETHER], ids=["one by one", "together"])
PATIENCE = 10.0


# The envelope --------------------------------------------------------------------------------------------------------


def test_delivery_reports_are_asked_for_with_our_reference() -> None:
    message = make_message("li+x@example.com")
    with run_mail_server() as server:
        hand_over(make_channel(server.port), [message])
    sender = f"MAIL FROM:<bounce+{message.reference}@bounces.example> RET=HDRS ENVID={message.reference}"
    recipient = "RCPT TO:<li+x@example.com> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;li+2Bx@example.com"
    assert sender in server.commands
    assert recipient in server.commands


def test_a_server_without_delivery_reports_is_not_asked_for_them() -> None:
    message = make_message("li@example.com")
    with run_mail_server({"EHLO": "250 stub"}) as server:
        [outcome] = hand_over(make_channel(server.port), [message])
    assert outcome.result is Result.ACCEPTED
    assert f"MAIL FROM:<bounce+{message.reference}@bounces.example>" in server.commands
    assert "RCPT TO:<li@example.com>" in server.commands


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_xtext_can_be_read_back(text: str) -> None:
    encoded = encode_xtext(text)
    parts = encoded.split("+")
    assert parts[0] + "".join(chr(int(part[:2], 16)) + part[2:] for part in parts[1:]) == text
    assert "=" not in encoded


@BOTH_WAYS
def test_a_batch_goes_over_one_connection(greeting: str) -> None:
    messages = [make_message("li@example.com") for _ in range(5)]
    with run_mail_server({"EHLO": greeting}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert [outcome.reference for outcome in outcomes] == [message.reference for message in messages]
    assert {outcome.provider_reference for outcome in outcomes} == {"4XyZ12"}
    assert len(server.conversations) == 1
    assert server.commands[-1] == "QUIT"


# Many together -------------------------------------------------------------------------------------------------------


def test_a_mail_is_finished_and_the_next_one_offered_in_one_breath() -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        """Answers a content only when the next mail's commands have come."""
        lines = connection.makefile("rb")
        connection.sendall(b"220 stub\r\n")
        for line in lines:
            if line == b".\r\n" and len(shared.requests) < 2:
                assert lines.readline().startswith(b"MAIL FROM")
                connection.sendall(b"250 taken\r\n250 sender\r\n")
                shared.requests.append(line)
            elif line[:4] in (b"ehlo", b"MAIL", b"RCPT", b"DATA", b"quit", b".\r\n"):
                connection.sendall(usual.get(line[:4], b"250 OK\r\n"))

    usual = {b"ehlo": b"250-stub\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n", b"quit": b"221 bye\r\n"}
    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), [make_message("li@example.com") for _ in range(3)])
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * 3


@BOTH_WAYS
def test_the_next_mail_is_written_while_the_server_thinks_about_the_last(greeting: str) -> None:
    written = threading.Event()

    def serve(connection: socket.socket, _shared: MisbehavingServer) -> None:
        """Takes the first content only when the third mail has been asked for."""
        connection.sendall(b"220 stub\r\n")
        for line in connection.makefile("rb"):
            if line == b".\r\n" and not written.wait(PATIENCE):
                return
            if line[:4] in (b"ehlo", b"MAIL", b"RCPT", b"DATA", b"quit", b".\r\n"):
                connection.sendall(usual.get(line[:4], b"250 OK\r\n"))

    def messages() -> Iterator[Message]:
        yield make_message("li@example.com")
        yield make_message("li@example.com")
        written.set()
        yield make_message("li@example.com")

    usual = {b"ehlo": f"{greeting}\r\n".encode(), b"DATA": b"354 go on\r\n", b"quit": b"221 bye\r\n"}
    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port, timeout=PATIENCE / 2), messages())
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * 3


@BOTH_WAYS
def test_what_keeps_messages_from_coming_loses_no_outcome_of_what_was_sent(greeting: str) -> None:
    def messages() -> Iterator[Message]:
        yield from [make_message("li@example.com") for _ in range(3)]
        raise RuntimeError("the database went away")

    outcomes: list[Outcome | None] = []
    with run_mail_server({"EHLO": greeting}) as server, pytest.raises(RuntimeError):
        outcomes.extend(make_channel(server.port).send(messages()))
    assert len(outcomes) == len(server.answered) == 2


@BOTH_WAYS
def test_a_mail_does_not_go_out_before_the_last_ones_outcome_is_taken(greeting: str) -> None:
    messages = [make_message("li@example.com") for _ in range(5)]
    with run_mail_server({"EHLO": greeting}) as server:
        outcomes = make_channel(server.port).send(messages)
        taken = [outcome.reference for outcome in (next(outcomes), next(outcomes)) if outcome]
        outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    assert taken == [message.reference for message in messages[:2]]
    assert [message_id for message_id, _ in server.answered] == [
        f"<{reference}@bounces.example>" for reference in taken
    ]


def test_each_mail_of_a_batch_has_one_outcome_whatever_it_meets(sandbox: SandboxProcess) -> None:
    expected = {
        "deliver": Result.ACCEPTED, "reject": Result.PERMANENT, "lost": Result.ACCEPTED, "tempfail": Result.TEMPORARY,
        "drop": Result.UNKNOWN, "bounce": Result.ACCEPTED, "error": Result.TEMPORARY, "slow": Result.ACCEPTED,
        "hang": Result.UNKNOWN, "twice": Result.ACCEPTED,
    }  # fmt: skip
    messages = [make_message(f"li+{key}@example.com") for key in expected]
    outcomes = hand_over(make_channel(sandbox.smtp_port, timeout=1.0), messages)
    assert [outcome.reference for outcome in outcomes] == [message.reference for message in messages]
    results = dict(zip(expected, (outcome.result for outcome in outcomes), strict=True))
    # What went out behind one that lost its connection, or is never answered, is in doubt as well.
    assert {key for key in expected if results[key] is not expected[key]} <= {"bounce", "error", "slow", "twice"}
    assert all(results[key] in (expected[key], Result.UNKNOWN) for key in expected)


def test_a_server_that_asks_for_content_that_nobody_is_to_get_gets_none() -> None:
    messages = [make_message("li@example.com") for _ in range(2)]
    with run_mail_server({"EHLO": TOGETHER, "RCPT": ["550 5.1.1 no", "250 OK"]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert [outcome.result for outcome in outcomes] == [Result.PERMANENT, Result.ACCEPTED]
    assert server.answered == [(f"<{messages[1].reference}@bounces.example>", "250")]
    assert server.commands.count(".") == 2


ANSWERS_OF_A_BAD_DAY = st.fixed_dictionaries(
    {
        "EHLO": st.sampled_from([[ALONE], [TOGETHER]]),
        "MAIL": st.lists(st.sampled_from(["250 OK", "250 OK", "451 4.3.0 no", "421 4.3.0 bye", CLOSE]), min_size=1),
        "RCPT": st.lists(st.sampled_from(["250 OK", "250 OK", "550 5.1.1 no", "450 4.2.0 no", CLOSE]), min_size=1),
        "DATA": st.lists(st.sampled_from(["354 go on", "354 go on", "451 4.3.0 no", CLOSE]), min_size=1),
        ".": st.lists(
            st.sampled_from(["250 OK", "250 OK", "554 5.6.0 no", "452 4.3.1 no", "421 bye", CLOSE]), min_size=1
        ),
        "RSET": st.lists(st.sampled_from(["250 OK", "250 OK", "500 what", CLOSE]), min_size=1),
    }
)


@given(ANSWERS_OF_A_BAD_DAY)
@hypothesis_settings(deadline=None)
def test_whatever_a_server_answers_each_mail_has_one_outcome_and_it_is_true(script: dict[str, list[str]]) -> None:
    messages = [make_message("li@example.com") for _ in range(8)]
    with run_mail_server(script) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    by_result: dict[Result, set[str]] = {result: set() for result in Result}
    for outcome in outcomes:
        by_result[outcome.result].add(f"<{outcome.reference}@bounces.example>")
    assert sorted(outcome.reference for outcome in outcomes) == sorted(message.reference for message in messages)
    assert len(server.answered) == len(set(server.answered))
    assert {message_id for message_id, answer in server.answered if answer == "250"} == by_result[Result.ACCEPTED]
    assert {message_id for message_id, answer in server.answered if answer == CLOSE[:3]} == by_result[Result.UNKNOWN]


# A server that cannot be used ----------------------------------------------------------------------------------------


def test_a_server_that_is_down_leaves_every_mail_for_later() -> None:
    messages = [make_message("li@example.com") for _ in range(3)]
    outcomes = hand_over(make_channel(find_closed_port()), messages)
    assert [outcome.reference for outcome in outcomes] == [message.reference for message in messages]
    assert {outcome.result for outcome in outcomes} == {Result.TEMPORARY}
    assert {outcome.reason for outcome in outcomes} == {"mail server cannot be used: ConnectionRefusedError"}


def test_a_server_without_starttls_gets_nothing_where_tls_is_asked_for() -> None:
    with run_mail_server() as server:
        [outcome] = hand_over(make_channel(server.port, use_tls=True), [make_message("li@example.com")])
    assert outcome.result is Result.TEMPORARY
    assert not any(line.startswith(("MAIL", "AUTH")) for line in server.commands)


def test_a_login_that_smtp_cannot_write_is_passing() -> None:
    with run_mail_server({"EHLO": "250-stub\r\n250 AUTH PLAIN"}) as server:
        [outcome] = hand_over(
            make_channel(server.port, username="portal", password="密码"), [make_message("li@example.com")]
        )
    assert outcome.result is Result.TEMPORARY


def test_the_server_is_greeted_with_our_bounce_domain() -> None:
    with run_mail_server() as server:
        hand_over(make_channel(server.port), [make_message("li@example.com")])
    assert server.commands[0] == "EHLO bounces.example"


def test_a_refused_login_is_passing_and_names_no_secret() -> None:
    script = {"EHLO": "250-stub\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 secret is wrong for portal"}
    with run_mail_server(script) as server:
        [outcome] = hand_over(
            make_channel(server.port, username="portal", password="secret"), [make_message("li@example.com")]
        )
    assert outcome.result is Result.TEMPORARY
    assert outcome.reason == f"mail server cannot be used: {smtplib.SMTPAuthenticationError.__name__} 535"


def test_a_server_that_is_too_busy_to_greet_is_passing() -> None:
    with run_mail_server({"greeting": "421 4.3.2 busy"}) as server:
        [outcome] = hand_over(make_channel(server.port), [make_message("li@example.com")])
    assert outcome.result is Result.TEMPORARY


@pytest.mark.parametrize(
    ("sender", "domain"), [("", "bounces.example"), ("Dueproof", "b.example"), ("a@b.example", "")]
)
def test_settings_that_cannot_work_are_refused_at_once(sender: str, domain: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="DEFAULT_FROM_EMAIL"):
        EmailChannel(server=MailServer(host="127.0.0.1", port=25), sender=sender, bounce_domain=domain)
