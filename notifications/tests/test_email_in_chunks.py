"""Mail to servers that take a whole mail in one chunk, and several of them in one write (RFC 3030, RFC 2920)."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications.channels.base import Message, Outcome, Result
from notifications.channels.mail_address import Recipient, Sender
from notifications.channels.mail_form import compose
from notifications.channels.smtp_in_windows import MAILS, OCTETS
from notifications.tests.mail_servers import (
    CLOSE,
    HANG,
    IN_CHUNKS,
    TOGETHER,
    find_message_id,
    make_channel,
    run_mail_server,
)
from notifications.tests.outside import MisbehavingServer, hand_over, make_message, run_server

SENDER = Sender.parse("Dueproof 还款 <notices@portal.example>", "bounces.example")
PATIENCE = 10.0
OK = "250 2.0.0 OK"
UNKNOWN_COMMAND = "500 5.5.1 unknown"


def make_messages(number: int, text: str = "Payment due tomorrow") -> list[Message]:
    return [make_message(f"li{place}@example.com", text) for place in range(number)]


def write_mail(message: Message) -> bytes:
    return compose(message, SENDER, Recipient.parse(message.address), eight_bits=True)


def results_of(outcomes: list[Outcome], messages: list[Message]) -> list[Result]:
    """In the order of the messages, each of which has exactly one."""
    by_reference = {outcome.reference: outcome.result for outcome in outcomes}
    assert len(outcomes) == len(by_reference) == len(messages)
    return [by_reference[message.reference] for message in messages]


class Chunked:
    """The server's side of one connection, read mail by mail; it says nothing by itself."""

    REPLY = b"250 OK\r\n" * 4

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self.say(b"220 stub\r\n")
        self._lines.readline()
        self.say(b"250-stub\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n")

    def say(self, octets: bytes) -> None:
        self._connection.sendall(octets)

    def cut(self) -> None:
        """The client's next write fails."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._lines.close()
        self._connection.close()

    def read_mail(self) -> bytes:
        """The content; empty where the client says goodbye or has gone."""
        for line in self._lines:
            if line.startswith(b"BDAT "):
                return self._lines.read(int(line.split()[1]))
            if line == b"quit\r\n":
                self.say(b"221 bye\r\n")
                break
        return b""


# Together -----------------------------------------------------------------------------------------------------------


def test_a_windows_mails_go_out_with_nothing_awaited_in_between() -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        """Says nothing before two whole windows have come."""
        client = Chunked(connection)
        shared.requests += [client.read_mail() for _ in range(2 * MAILS)]
        client.say(client.REPLY * 2 * MAILS)
        client.read_mail()

    messages = make_messages(2 * MAILS)
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
        """Answers a window when the next one has come."""
        nonlocal answered
        client, read = Chunked(connection), 0
        for window in range(windows):
            while read < min(window + 2, windows) * at_once:
                client.read_mail()
                read += 1
            answered += at_once
            client.say(client.REPLY * at_once)
        client.read_mail()

    def messages() -> Iterator[Message]:
        """A window that is full goes out at the latest when one more mail comes."""
        for place in range(windows * at_once):
            assert answered >= ((place - 1) // at_once - 1) * at_once
            yield make_message("li@example.com", ("a" * 70 + "\n") * (octets // 71))

    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), messages())
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * windows * at_once


@pytest.mark.parametrize("number", [1, MAILS - 1, MAILS, MAILS + 1, 3 * MAILS + 2])
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


# A server that announces chunks and does not take them --------------------------------------------------------------


@pytest.mark.parametrize("code", [500, 501, 502, 503, 504])
@pytest.mark.parametrize("skips", [True, False], ids=["passes over the octets", "reads them as commands"])
def test_a_server_that_does_not_know_chunks_after_all_gets_each_mail_by_data(code: int, skips: bool) -> None:
    messages = make_messages(3 * MAILS)
    with run_mail_server({"EHLO": IN_CHUNKS, "BDAT": f"{code} what"}, skips_chunks=skips) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED] * len(messages)
    taken = [message_id for message_id, answer in server.answered if answer == "250"]
    assert sorted(taken) == sorted(f"<{message.reference}@bounces.example>" for message in messages)
    assert len(server.conversations) == 2
    assert not [command for command in server.conversations[1] if command.startswith("BDAT")]


def test_one_chunk_refused_after_another_was_taken_fails_its_own_mail_alone() -> None:
    messages = make_messages(3)
    with run_mail_server({"EHLO": IN_CHUNKS, "BDAT": [OK, UNKNOWN_COMMAND, OK]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED, Result.PERMANENT, Result.ACCEPTED]


def test_a_content_that_was_taken_for_commands_brings_what_follows_in_doubt_and_ends_the_chunks() -> None:
    """Some servers do not pass over the octets of a mail that they refused: nobody knows what their replies are to."""
    messages = make_messages(3 * MAILS)

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        shared.requests.append(b"a connection")
        client = Chunked(connection)
        if len(shared.requests) > 1:
            _take_by_data(client, connection)
        else:
            client.read_mail()
            client.read_mail()
            client.say(client.REPLY + b"250 OK\r\n250 OK\r\n550 5.1.1 no\r\n502 no\r\n" + b"500 what\r\n" * 9)
            while client.read_mail():
                client.say(client.REPLY)

    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert results[:2] == [Result.ACCEPTED, Result.PERMANENT]
    assert set(results[2 : 2 * MAILS]) == {Result.UNKNOWN}
    assert set(results[2 * MAILS :]) == {Result.ACCEPTED}


def _take_by_data(client: Chunked, connection: socket.socket) -> None:
    replies = {b"DATA": b"354 go on\r\n", b"quit": b"221 bye\r\n", b".\r\n": b"250 OK\r\n"}
    for line in connection.makefile("rb"):
        assert not line.startswith(b"BDAT")
        if line[:4] in (b"MAIL", b"RCPT", b"DATA", b"quit", b".\r\n"):
            client.say(replies.get(line[:4], b"250 OK\r\n"))


# A connection that breaks -------------------------------------------------------------------------------------------


def test_a_connection_lost_in_a_window_leaves_in_doubt_what_was_not_answered_and_no_more() -> None:
    messages = make_messages(4 * MAILS)
    with run_mail_server({"EHLO": IN_CHUNKS, "BDAT": [OK, OK, OK, CLOSE, OK]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert results[:3] == [Result.ACCEPTED] * 3
    assert results[3:MAILS] == [Result.UNKNOWN] * (MAILS - 3)
    assert set(results[MAILS : 2 * MAILS]) <= {Result.UNKNOWN, Result.TEMPORARY}
    assert results[2 * MAILS :] == [Result.ACCEPTED] * 2 * MAILS
    assert len(server.conversations) == 2


@pytest.mark.parametrize(
    ("verb", "step"), [("RSET", "reset"), ("MAIL", "sender"), ("RCPT", "recipient"), ("BDAT", "message")]
)
def test_a_server_that_says_in_a_window_that_it_is_closing_is_called_again(verb: str, step: str) -> None:
    messages = make_messages(2 * MAILS + 3)
    script = {"EHLO": IN_CHUNKS, verb: [OK, OK, "421 4.3.2 bye", OK]}
    with run_mail_server(script) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert results[:3] == [Result.ACCEPTED, Result.ACCEPTED, Result.TEMPORARY]
    assert outcomes[2].reason.startswith("421 4.3.2")
    assert outcomes[2].reason.endswith(f"({step})")
    assert set(results[3:MAILS]) == {Result.UNKNOWN}
    assert results[2 * MAILS :] == [Result.ACCEPTED] * 3
    assert len(server.conversations) == 2


def test_a_silent_server_leaves_in_doubt_all_that_was_written() -> None:
    messages = make_messages(MAILS + 3)
    with run_mail_server({"EHLO": IN_CHUNKS, "RSET": HANG, "MAIL": HANG, "RCPT": HANG, "BDAT": HANG}) as server:
        outcomes = hand_over(make_channel(server.port, timeout=0.2), messages)
    assert results_of(outcomes, messages) == [Result.UNKNOWN] * len(messages)
    assert len(server.conversations) == 1


def test_a_server_that_keeps_closing_costs_three_connections_and_no_more() -> None:
    messages = make_messages(12 * MAILS)
    with run_mail_server({"EHLO": IN_CHUNKS, "MAIL": CLOSE}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert set(results) <= {Result.UNKNOWN, Result.TEMPORARY}
    assert set(results[6 * MAILS :]) == {Result.TEMPORARY}
    assert len(server.conversations) == 3


def test_a_mail_of_which_nothing_went_out_is_not_in_doubt() -> None:
    gone = threading.Event()

    def serve(connection: socket.socket, _shared: MisbehavingServer) -> None:
        """Takes one window and cuts the connection, so that the next cannot even be sent."""
        client = Chunked(connection)
        for _ in range(MAILS):
            client.read_mail()
        client.cut()
        gone.set()

    def messages() -> Iterator[Message]:
        yield from make_messages(MAILS)
        assert gone.wait(PATIENCE)
        yield from make_messages(3)

    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), messages())
    assert [outcome.result for outcome in outcomes] == [Result.UNKNOWN] * MAILS + [Result.TEMPORARY] * 3


@pytest.mark.parametrize("number", [3, MAILS, 2 * MAILS + 3])
def test_what_keeps_messages_from_coming_loses_no_outcome_of_what_was_sent(number: int) -> None:
    def messages() -> Iterator[Message]:
        yield from make_messages(number)
        raise RuntimeError("the database went away")

    outcomes: list[Outcome | None] = []
    with run_mail_server({"EHLO": IN_CHUNKS}) as server, pytest.raises(RuntimeError):
        outcomes.extend(make_channel(server.port).send(messages()))
    assert len(outcomes) == len(server.answered) == number // MAILS * MAILS


def test_what_keeps_messages_from_coming_leaves_for_later_what_the_server_does_not_take_in_chunks() -> None:
    def messages() -> Iterator[Message]:
        yield from make_messages(MAILS)
        raise RuntimeError("the database went away")

    outcomes: list[Outcome | None] = []
    with run_mail_server({"EHLO": IN_CHUNKS, "BDAT": UNKNOWN_COMMAND}) as server, pytest.raises(RuntimeError):
        outcomes.extend(make_channel(server.port).send(messages()))
    assert [outcome.result for outcome in outcomes if outcome] == [Result.TEMPORARY] * MAILS
    assert {answer for _, answer in server.answered} == {"500"}


USUAL = [OK, OK, OK]
ANSWERS_OF_A_BAD_DAY = {
    "EHLO": st.lists(st.sampled_from([IN_CHUNKS, IN_CHUNKS, TOGETHER]), min_size=1),
    "RSET": st.lists(st.sampled_from([*USUAL, *USUAL, "500 what", "421 bye", CLOSE]), min_size=1),
    "MAIL": st.lists(st.sampled_from([*USUAL, "451 4.3.0 no", "421 4.3.0 bye", CLOSE]), min_size=1),
    "RCPT": st.lists(st.sampled_from([*USUAL, "550 5.1.1 no", "450 4.2.0 no", CLOSE]), min_size=1),
    "BDAT": st.lists(st.sampled_from([*USUAL, "554 5.6.0 no", "452 4.3.1 no", "421 bye", CLOSE]), min_size=1),
    ".": st.lists(st.sampled_from([*USUAL, "452 4.3.1 no", CLOSE]), min_size=1),
}


@given(st.fixed_dictionaries(ANSWERS_OF_A_BAD_DAY))
@hypothesis_settings(deadline=None)
def test_whatever_a_server_answers_each_mail_has_one_outcome_and_it_is_true(script: dict[str, list[str]]) -> None:
    messages = make_messages(3 * MAILS)
    with run_mail_server(script) as server:
        results = results_of(hand_over(make_channel(server.port), messages), messages)
    ids = [f"<{message.reference}@bounces.example>" for message in messages]
    by_id = dict(zip(ids, results, strict=True))
    taken = [message_id for message_id, answer in server.answered if answer == "250"]
    accepted = {message_id for message_id, result in by_id.items() if result is Result.ACCEPTED}
    assert len(taken) == len(set(taken))
    assert accepted <= set(taken)
    assert {by_id[message_id] for message_id in set(taken) - accepted} <= {Result.UNKNOWN}
    assert {by_id[message_id] for message_id, answer in server.answered if answer == CLOSE[:3]} <= {Result.UNKNOWN}


@given(st.fixed_dictionaries(ANSWERS_OF_A_BAD_DAY | {"BDAT": st.lists(st.sampled_from([OK, "503 no", CLOSE]))}))
@hypothesis_settings(deadline=None)
def test_a_server_that_knows_chunks_by_chance_only_leaves_no_mail_without_its_outcome(
    script: dict[str, list[str]],
) -> None:
    messages = make_messages(3 * MAILS)
    with run_mail_server(script) as server:
        results = results_of(hand_over(make_channel(server.port), messages), messages)
    taken = {message_id for message_id, answer in server.answered if answer == "250"}
    accepted = {message.reference for message, result in zip(messages, results, strict=True) if result == "accepted"}
    assert {f"<{reference}@bounces.example>" for reference in accepted} <= taken
