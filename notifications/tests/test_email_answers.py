"""What a mail server's answers mean for a mail."""

import pytest

from notifications.channels.base import Result
from notifications.tests.mail_servers import ALONE, CLOSE, HANG, TOGETHER, make_channel, run_mail_server
from notifications.tests.outside import (
    hand_over,
    make_message,
)

BOTH_WAYS = pytest.mark.parametrize("greeting", [ALONE, TOGETHER], ids=["one by one", "together"])


@BOTH_WAYS
@pytest.mark.parametrize(
    ("script", "result", "address_fault", "reason"),
    [
        ({"RCPT": "550 5.1.1 <li@example.com> who"}, Result.PERMANENT, True, "550 5.1.1 no such mailbox (recipient)"),
        ({"RCPT": "550 li@example.com is nobody"}, Result.PERMANENT, True, "550 (recipient)"),
        ({"RCPT": "552 5.2.2 full"}, Result.PERMANENT, False, "552 5.2.2 mailbox is full (recipient)"),
        ({"RCPT": "554 5.7.1 no relaying"}, Result.TEMPORARY, False, "554 5.7.1 refused by policy (recipient)"),
        ({"RCPT": "550 relay not permitted"}, Result.TEMPORARY, False, "550 (recipient)"),
        ({"RCPT": "550 Relaying denied"}, Result.TEMPORARY, False, "550 (recipient)"),
        ({"RCPT": "550 Sender verify failed"}, Result.TEMPORARY, False, "550 (recipient)"),
        ({"RCPT": "550 Administrative prohibition"}, Result.TEMPORARY, False, "550 (recipient)"),
        ({"RCPT": "550 Domain has exceeded the max emails per hour"}, Result.TEMPORARY, False, "550 (recipient)"),
        ({"RCPT": "550 not today"}, Result.TEMPORARY, False, "550 (recipient)"),
        ({"RCPT": "550 Unrouteable address"}, Result.PERMANENT, True, "550 (recipient)"),
        ({"RCPT": "550 No such user here"}, Result.PERMANENT, True, "550 (recipient)"),
        ({"RCPT": "550 5.1.0 Sender rejected"}, Result.TEMPORARY, False, "550 5.1.0 the address (recipient)"),
        ({"RCPT": "550 5.1.0 Address rejected"}, Result.PERMANENT, True, "550 5.1.0 the address (recipient)"),
        ({"RCPT": "550 5.1.8 sender domain"}, Result.TEMPORARY, False,
         "550 5.1.8 our sender domain was refused (recipient)"),
        ({"RCPT": "530 Authentication required"}, Result.TEMPORARY, False, "530 (recipient)"),
        ({"RCPT": "503 5.5.1 AUTH first"}, Result.TEMPORARY, False, "503 5.5.1 the mail protocol (recipient)"),
        ({"RCPT": "550 5.1.1 no relay of that name"}, Result.PERMANENT, True, "550 5.1.1 no such mailbox (recipient)"),
        ({"RCPT": "450 4.2.0 greylisted"}, Result.TEMPORARY, False, "450 4.2.0 the mailbox (recipient)"),
        ({"MAIL": "550 5.7.1 who are you"}, Result.TEMPORARY, False, "550 5.7.1 refused by policy (sender)"),
        ({"MAIL": "552 5.3.4 too big"}, Result.PERMANENT, False, "552 5.3.4 message is too big (sender)"),
        ({"MAIL": "530 5.7.0 log in"}, Result.TEMPORARY, False, "530 5.7.0 security or policy (sender)"),
        ({"DATA": "451 4.3.0 later"}, Result.TEMPORARY, False, "451 4.3.0 the receiving mail system (data)"),
        ({".": "554 5.6.0 li@example.com spam"}, Result.PERMANENT, False, "554 5.6.0 the message's content (message)"),
        ({".": "554 Sending paused for this account"}, Result.TEMPORARY, False, "554 (message)"),
        ({".": "550 5.7.708 not from this IP"}, Result.TEMPORARY, False, "550 5.7.708 security or policy (message)"),
        ({".": "550 5.4.5 daily limit"}, Result.TEMPORARY, False, "550 5.4.5 the network or routing (message)"),
        ({".": "552 too big"}, Result.PERMANENT, False, "552 (message)"),
        ({".": "550 5.1.1 no such user"}, Result.PERMANENT, False, "550 5.1.1 no such mailbox (message)"),
        ({".": "452 4.3.1 disk full"}, Result.TEMPORARY, False, "452 4.3.1 the receiving mail system (message)"),
        ({".": "299 hm"}, Result.UNKNOWN, False, "299 (message)"),
    ],
)  # fmt: skip
def test_an_answer_is_put_into_our_words(
    greeting: str, script: dict[str, str], result: Result, address_fault: bool, reason: str
) -> None:
    with run_mail_server({"EHLO": greeting} | script) as server:
        [outcome] = hand_over(make_channel(server.port), [make_message("li@example.com")])
    assert (outcome.result, outcome.address_fault, outcome.reason) == (result, address_fault, reason)


@BOTH_WAYS
def test_what_one_mail_meets_does_not_touch_the_next(greeting: str) -> None:
    messages = [make_message("li@example.com") for _ in range(4)]
    answers = ["250 2.1.5 OK", "550 5.1.1 no", "450 4.2.0 later", "250 2.1.5 OK"]
    with run_mail_server({"EHLO": greeting, "RCPT": answers}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert [outcome.result for outcome in outcomes] == [
        Result.ACCEPTED, Result.PERMANENT, Result.TEMPORARY, Result.ACCEPTED,
    ]  # fmt: skip
    assert len(server.conversations) == 1


@BOTH_WAYS
def test_no_answer_after_the_final_dot_leaves_the_outcome_unknown(greeting: str) -> None:
    messages = [make_message("li@example.com") for _ in range(2)]
    with run_mail_server({"EHLO": greeting, ".": [CLOSE, "250 2.0.0 OK"]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert [outcome.result for outcome in outcomes] == [Result.UNKNOWN, Result.ACCEPTED]
    assert len(server.conversations) == 2


@BOTH_WAYS
def test_a_server_that_hangs_after_the_final_dot_leaves_the_outcome_unknown(greeting: str) -> None:
    with run_mail_server({"EHLO": greeting, ".": HANG}) as server:
        [outcome] = hand_over(make_channel(server.port, timeout=0.2), [make_message("li@example.com")])
    assert outcome.result is Result.UNKNOWN


@BOTH_WAYS
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_final_dot_is_passing(greeting: str, verb: str) -> None:
    messages = [make_message("li@example.com") for _ in range(2)]
    with run_mail_server({"EHLO": greeting, verb: [CLOSE, "354 go on" if verb == "DATA" else "250 OK"]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert [outcome.result for outcome in outcomes] == [Result.TEMPORARY, Result.ACCEPTED]


@BOTH_WAYS
def test_a_server_that_says_it_is_closing_is_called_again_for_the_next_mail(greeting: str) -> None:
    messages = [make_message("li@example.com") for _ in range(2)]
    with run_mail_server({"EHLO": greeting, "MAIL": ["421 4.7.0 too many", "250 OK"]}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert [outcome.result for outcome in outcomes] == [Result.TEMPORARY, Result.ACCEPTED]
    assert len(server.conversations) == 2


@BOTH_WAYS
def test_a_server_that_keeps_hanging_costs_three_time_outs_and_no_more(greeting: str) -> None:
    messages = [make_message("li@example.com") for _ in range(20)]
    with run_mail_server({"EHLO": greeting, "MAIL": HANG}) as server:
        outcomes = hand_over(make_channel(server.port, timeout=0.1), messages)
    assert {outcome.result for outcome in outcomes} == {Result.TEMPORARY}
    assert len(outcomes) == 20
    assert len(server.conversations) == 3
