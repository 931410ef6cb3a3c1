"""Mail to servers that take a whole mail in one chunk, and several of them in one write (RFC 3030, RFC 2920)."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications.channels.base import Message, Result
from notifications.channels.mail_address import Recipient, Sender
from notifications.channels.mail_form import compose
from notifications.channels.smtp_in_windows import MAILS, OCTETS
from notifications.tests.mail_servers import (
    IN_CHUNKS,
    TOGETHER,
    Chunked,
    find_message_id,
    make_channel,
    make_messages,
    results_of,
    run_mail_server,
)
from notifications.tests.outside import MisbehavingServer, hand_over, make_message, run_server

SENDER = Sender.parse("Dueproof 还款 <notices@portal.example>", "bounces.example")
OK = "250 2.0.0 OK"


def write_mail(message: Message) -> bytes:
    return compose(message, SENDER, Recipient.parse(message.address), eight_bits=True)


# Together -----------------------------------------------------------------------------------------------------------


def test_a_windows_mails_go_out_with_nothing_awaited_in_between() -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        """Answers the first mail, and then says nothing before two whole windows have come."""
        client = Chunked(connection)
        shared.requests.append(client.read_mail())
        client.say(client.REPLY)
        shared.requests += [client.read_mail() for _ in range(2 * MAILS)]
        client.say(client.REPLY * 2 * MAILS)
        client.read_mail()

    messages = make_messages(1 + 2 * MAILS)
    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert [outcome.reference for outcome in outcomes] == [message.reference for message in messages]
    assert {outcome.result for outcome in outcomes} == {Result.ACCEPTED}
    assert [find_message_id(mail) for mail in server.requests] == [
        f"<{message.reference}@bounces.example>" for message in messages
    ]


@pytest.mark.parametrize(
    ("octets", "at_once"),
    [(10, MAILS), (OCTETS // 3, 2), (OCTETS - 4096, 1), (2 * OCTETS, 1)],
    ids=["eight mails", "two mails of a third", "one mail", "one mail that is too big"],
)
def test_no_more_than_two_windows_are_ever_unanswered(octets: int, at_once: int) -> None:
    windows, answered = 5, 0

    def serve(connection: socket.socket, _shared: MisbehavingServer) -> None:
        """Answers the first mail, and from then on a window when the next one has come."""
        nonlocal answered
        client, read = Chunked(connection), 0
        client.read_mail()
        client.say(client.REPLY)
        for window in range(windows):
            while read < min(window + 2, windows) * at_once:
                client.read_mail()
                read += 1
            answered += at_once
            client.say(client.REPLY * at_once)
        client.read_mail()

    def messages() -> Iterator[Message]:
        """A window that is full goes out at the latest when one more mail comes."""
        yield make_message("li@example.com", "The first")
        for place in range(windows * at_once):
            assert answered >= ((place - 1) // at_once - 1) * at_once
            yield make_message("li@example.com", ("a" * 70 + "\n") * (octets // 71))

    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), messages())
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * (1 + windows * at_once)


def test_a_connections_first_mail_is_answered_before_another_is_asked_for() -> None:
    def messages() -> Iterator[Message]:
        for place, message in enumerate(make_messages(3)):
            assert len(server.answered) >= min(place, 1)
            yield message

    with run_mail_server({"EHLO": IN_CHUNKS}) as server:
        outcomes = hand_over(make_channel(server.port), messages())
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * 3


@pytest.mark.parametrize("number", [1, MAILS, MAILS + 1, MAILS + 2, 3 * MAILS + 2])
def test_the_last_short_window_goes_out_and_is_answered(number: int) -> None:
    messages = make_messages(number)
    with run_mail_server({"EHLO": IN_CHUNKS}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED] * number
    assert {outcome.provider_reference for outcome in outcomes} == {"4XyZ12"}
    assert len(server.conversations) == 1
    assert server.commands[-1] == "QUIT"


@given(st.lists(st.text(st.sampled_from("还款.\n .a"), min_size=1, max_size=60), min_size=1, max_size=MAILS + 1))
@hypothesis_settings(deadline=None, max_examples=25)
def test_contents_arrive_octet_by_octet_with_no_dot_doubled(texts: list[str]) -> None:
    messages = [make_message("li@example.com", text, html="<p>您的贷款</p>\n.\n..") for text in texts]
    with run_mail_server({"EHLO": IN_CHUNKS}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED] * len(texts)
    written = [write_mail(message) for message in messages]
    assert [without_date(mail) for mail in server.chunks] == [without_date(mail) for mail in written]
    assert "BODY=8BITMIME" in server.commands[2]


def without_date(mail: bytes) -> bytes:
    return b"\r\n".join(line for line in mail.split(b"\r\n") if not line.startswith(b"Date: "))


def test_each_mail_is_begun_anew_and_says_the_same_of_itself_as_by_data() -> None:
    messages = make_messages(2)
    envelopes = []
    for greeting in (IN_CHUNKS, TOGETHER):
        with run_mail_server({"EHLO": greeting}) as server:
            hand_over(make_channel(server.port), messages)
        envelopes.append([command for command in server.commands if command[:4] in ("MAIL", "RCPT")])
        verbs = [command[:4] for command in server.commands]
        if greeting is IN_CHUNKS:
            assert verbs == ["EHLO", *["RSET", "MAIL", "RCPT", "BDAT"] * 2, "QUIT"]
        else:
            assert "BDAT" not in verbs
    assert envelopes[0] == envelopes[1]


def test_a_server_that_takes_chunks_but_no_commands_together_gets_data() -> None:
    messages = make_messages(3)
    with run_mail_server({"EHLO": "250-stub\r\n250 CHUNKING"}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED] * 3
    assert not server.chunks


def test_an_address_that_cannot_be_mailed_is_told_apart_from_the_window() -> None:
    messages = make_messages(3)
    messages[1] = make_message("nobody")
    messages[2] = make_message("jürgen@example.com")
    with run_mail_server({"EHLO": IN_CHUNKS}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED, Result.PERMANENT, Result.PERMANENT]
    assert len(server.chunks) == 1


# Refusals -----------------------------------------------------------------------------------------------------------


def test_a_refused_recipient_in_the_middle_touches_no_other() -> None:
    messages = make_messages(5)
    with run_mail_server({"EHLO": IN_CHUNKS, "RCPT": [OK, OK, "550 5.1.1 no", OK]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    accepted = Result.ACCEPTED
    assert results_of(outcomes, messages) == [accepted, accepted, Result.PERMANENT, accepted, accepted]
    assert (outcomes[2].reason, outcomes[2].address_fault) == ("550 5.1.1 no such mailbox (recipient)", True)
    assert [answer for _, answer in server.answered] == ["250", "250", "503", "250", "250"]
    assert len(server.conversations) == 1


@pytest.mark.parametrize(
    ("verb", "answer", "result", "reason"),
    [
        ("MAIL", "552 5.3.4 big", Result.PERMANENT, "552 5.3.4 message is too big (sender)"),
        ("MAIL", "451 4.3.0 later", Result.TEMPORARY, "451 4.3.0 the receiving mail system (sender)"),
        ("RCPT", "450 4.2.0 grey", Result.TEMPORARY, "450 4.2.0 the mailbox (recipient)"),
        ("BDAT", "552 5.3.4 big", Result.PERMANENT, "552 5.3.4 message is too big (message)"),
        ("BDAT", "452 4.3.1 full", Result.TEMPORARY, "452 4.3.1 the receiving mail system (message)"),
        ("BDAT", "299 hm", Result.UNKNOWN, "299 (message)"),
    ],
)
def test_the_first_refusal_counts(verb: str, answer: str, result: Result, reason: str) -> None:
    messages = make_messages(2)
    with run_mail_server({"EHLO": IN_CHUNKS, verb: [answer, OK]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert (outcomes[0].result, outcomes[0].reason) == (result, reason)
    assert results_of(outcomes, messages)[1] is Result.ACCEPTED
    assert len(server.conversations) == 1


VERDICTS = {
    "taken": (("MAIL", OK), Result.ACCEPTED),
    "sender later": (("MAIL", "451 4.3.0 no"), Result.TEMPORARY),
    "sender never": (("MAIL", "552 5.3.4 big"), Result.PERMANENT),
    "recipient later": (("RCPT", "450 4.2.0 no"), Result.TEMPORARY),
    "recipient never": (("RCPT", "550 5.1.1 no"), Result.PERMANENT),
    "content later": (("BDAT", "452 4.3.1 no"), Result.TEMPORARY),
    "content never": (("BDAT", "554 5.6.0 no"), Result.PERMANENT),
}


@given(st.lists(st.sampled_from(sorted(VERDICTS)), min_size=1, max_size=3 * MAILS))
@hypothesis_settings(deadline=None)
def test_each_mail_has_the_outcome_of_its_own_answers(verdicts: list[str]) -> None:
    messages = make_messages(len(verdicts))
    script: dict[str, list[str]] = {"EHLO": [IN_CHUNKS], "MAIL": [], "RCPT": [], "BDAT": []}
    for verdict in verdicts:
        (refusing, answer), _ = VERDICTS[verdict]
        script["MAIL"].append(answer if refusing == "MAIL" else OK)
        script["RCPT"].append(answer if refusing == "RCPT" else OK)
        if refusing == "BDAT" or verdict == "taken":
            script["BDAT"].append(answer)
    with run_mail_server(script) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [VERDICTS[verdict][1] for verdict in verdicts]
    assert [answer == "250" for _, answer in server.answered] == [verdict == "taken" for verdict in verdicts]
    assert len(server.conversations) == 1
