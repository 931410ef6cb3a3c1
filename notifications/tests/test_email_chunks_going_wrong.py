"""Servers that announce chunks and do not take them, and connections that break with whole windows unanswered."""

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications.channels.base import Message, Outcome, Result
from notifications.channels.smtp_in_windows import MAILS
from notifications.tests.mail_servers import (
    CLOSE,
    IN_CHUNKS,
    TOGETHER,
    Chunked,
    make_channel,
    make_messages,
    results_of,
    run_mail_server,
)
from notifications.tests.outside import MisbehavingServer, hand_over, run_server

PATIENCE = 10.0
OK = "250 2.0.0 OK"
UNKNOWN_COMMAND = "500 5.5.1 unknown"

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


@pytest.mark.parametrize(
    ("answer", "result"),
    [("554 5.6.0 not this", Result.PERMANENT), (UNKNOWN_COMMAND, Result.TEMPORARY), ("503 what", Result.TEMPORARY)],
)
def test_one_chunk_refused_after_another_was_taken_fails_its_own_mail_alone(answer: str, result: Result) -> None:
    """A server that knows a command at one time and not at another says nothing of the mail."""
    messages = make_messages(3)
    with run_mail_server({"EHLO": IN_CHUNKS, "BDAT": [OK, answer, OK]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED, result, Result.ACCEPTED]


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
            client.say(client.REPLY)
            client.read_mail()
            client.say(b"250 OK\r\n250 OK\r\n550 5.1.1 no\r\n502 no\r\n" + b"500 what\r\n" * 9)
            while client.read_mail():
                client.say(client.REPLY)

    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert results[:2] == [Result.ACCEPTED, Result.PERMANENT]
    assert set(results[2 : 1 + 2 * MAILS]) == {Result.UNKNOWN}
    assert set(results[1 + 2 * MAILS :]) == {Result.ACCEPTED}


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
    assert results[3 : 1 + MAILS] == [Result.UNKNOWN] * (MAILS - 2)
    assert set(results[1 + MAILS : 1 + 2 * MAILS]) <= {Result.UNKNOWN, Result.TEMPORARY, Result.ACCEPTED}
    assert results[1 + 2 * MAILS :] == [Result.ACCEPTED] * (2 * MAILS - 1)
    assert len(server.conversations) == 2


@pytest.mark.parametrize(
    ("verb", "step"), [("RSET", "reset"), ("MAIL", "sender"), ("RCPT", "recipient"), ("BDAT", "message")]
)
@pytest.mark.parametrize("number", [3, MAILS, 2 * MAILS + 3])
def test_what_a_server_did_not_come_to_before_it_said_goodbye_goes_out_over_the_next_connection(
    verb: str, step: str, number: int
) -> None:
    messages = make_messages(number)
    script = {"EHLO": IN_CHUNKS, verb: [OK, OK, "421 4.3.2 bye", OK]}
    with run_mail_server(script) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert results == [Result.ACCEPTED, Result.ACCEPTED, Result.TEMPORARY] + [Result.ACCEPTED] * (number - 3)
    assert outcomes[2].reason.startswith("421 4.3.2")
    assert outcomes[2].reason.endswith(f"({step})")
    assert len(server.conversations) == (1 if number == 3 else 2)


def test_a_server_that_takes_few_mails_a_connection_gets_all_of_them() -> None:
    """Each goodbye costs the one mail that it was said to."""
    messages = make_messages(40)
    with run_mail_server({"EHLO": IN_CHUNKS, "MAIL": [*[*[OK] * 4, "421 4.7.0 enough"] * 8, OK]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert (results.count(Result.ACCEPTED), results.count(Result.TEMPORARY)) == (32, 8)
    assert len({message_id for message_id, answer in server.answered if answer == "250"}) == 32


@pytest.mark.parametrize(("answered", "in_doubt"), [(0, 3), (1, 2 * MAILS + 2), (MAILS, MAILS + 3)])
def test_a_server_that_falls_silent_leaves_two_windows_in_doubt_and_one_mail_a_further_try(
    answered: int, in_doubt: int
) -> None:
    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        client = Chunked(connection)
        shared.requests.append(b"a connection")
        number = 0
        while client.read_mail():
            number += 1
            if len(shared.requests) == 1 and number <= answered:
                client.say(client.REPLY)

    messages = make_messages(5 * MAILS)
    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port, timeout=0.2), messages)
    results = results_of(outcomes, messages)
    assert results[:answered] == [Result.ACCEPTED] * answered
    assert results.count(Result.UNKNOWN) == in_doubt
    assert results[answered + in_doubt :] == [Result.TEMPORARY] * (len(messages) - answered - in_doubt)
    assert len(server.requests) == 3


def test_a_server_that_keeps_closing_costs_three_connections_and_no_more() -> None:
    messages = make_messages(12 * MAILS)
    with run_mail_server({"EHLO": IN_CHUNKS, "MAIL": CLOSE}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    results = results_of(outcomes, messages)
    assert set(results) <= {Result.UNKNOWN, Result.TEMPORARY}
    assert results.count(Result.UNKNOWN) <= 3
    assert len(server.conversations) == 3


def test_a_mail_of_which_nothing_went_out_goes_out_over_the_next_connection() -> None:
    gone = threading.Event()

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        """Cuts the first connection with a window unanswered, so that the next window cannot even be sent."""
        shared.requests.append(b"a connection")
        client = Chunked(connection)
        if len(shared.requests) > 1:
            while client.read_mail():
                client.say(client.REPLY)
            return
        client.read_mail()
        client.say(client.REPLY)
        for _ in range(MAILS):
            client.read_mail()
        client.cut()
        gone.set()

    def messages() -> Iterator[Message]:
        yield from make_messages(1 + MAILS)
        assert gone.wait(PATIENCE)
        yield from make_messages(3)

    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port), messages())
    results = [outcome.result for outcome in outcomes]
    assert results == [Result.ACCEPTED] + [Result.UNKNOWN] * MAILS + [Result.ACCEPTED] * 3


@pytest.mark.parametrize("number", [3, 1 + MAILS, 2 * MAILS + 3])
def test_what_keeps_messages_from_coming_loses_no_outcome_of_what_was_sent(number: int) -> None:
    def messages() -> Iterator[Message]:
        yield from make_messages(number)
        raise RuntimeError("the database went away")

    outcomes: list[Outcome | None] = []
    with run_mail_server({"EHLO": IN_CHUNKS}) as server, pytest.raises(RuntimeError):
        outcomes.extend(make_channel(server.port).send(messages()))
    assert len(outcomes) == len(server.answered) == 1 + (number - 1) // MAILS * MAILS


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
