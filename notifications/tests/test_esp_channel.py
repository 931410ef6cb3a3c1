import json
from email.message import Message as MailHeaders
from email.parser import BytesParser

import pytest
from anymail.exceptions import AnymailAPIError
from anymail.message import AnymailStatus
from pytest_django import Settings

from notifications.channels.base import ChannelMisconfiguredError, Message, Outcome, Result
from notifications.channels.esp import IN_FLIGHT, EspChannel
from notifications.channels.esp_answers import judge_error
from notifications.tests.outside import find_closed_port, hand_over, make_message
from notifications.tests.providers import DROP, HANG, Answer, Asked, run_provider

MAILGUN = "anymail.backends.mailgun.EmailBackend"
POSTMARK = "anymail.backends.postmark.EmailBackend"
ADDRESS = "li@example.com"

# As the firms' pages show them.
MAILGUN_TAKEN = '{"id": "<20260306015544.116301.25145@portal.example>", "message": "Queued. Thank you."}'
POSTMARK_TAKEN = (
    '{"To": "li@example.com", "SubmittedAt": "2026-11-22T07:25:01.4178645-05:00",'
    ' "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d", "ErrorCode": 0, "Message": "OK"}'
)
POSTMARK_INVALID = (
    '{"ErrorCode": 300, "Message": "Error parsing \'To\': Illegal email domain \'x.example\' in address'
    " 'li@x.example'.\"}"
)
POSTMARK_SENDER = '{"ErrorCode": 400, "Message": "The \'From\' address is not a Sender Signature on your account."}'
POSTMARK_LATE = '"Message accepted, but delivery may be delayed."'
MAILGUN_REFUSED = '{"message": "\'to\' parameter is not a valid address. li@example.com"}'
POSTMARK_INACTIVE = (
    '{"ErrorCode": 406, "Message": "You tried to send to a recipient that has been marked as inactive.\\n'
    "Found inactive addresses: li@example.com.\\nInactive recipients are ones that have generated a hard bounce or a"
    ' spam complaint."}'
)


def make_channel(settings: Settings, url: str, backend: str = MAILGUN, patience: float = 10.0) -> EspChannel:
    settings.ANYMAIL = {
        "MAILGUN_API_KEY": "key", "MAILGUN_API_URL": f"{url}/v3", "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": url,
    }  # fmt: skip
    return EspChannel(
        backend=backend,
        sender="Dueproof 还款 <notices@portal.example>",
        bounce_domain="bounces.example",
        answer_seconds=patience,
    )


def send_one(settings: Settings, url: str, backend: str = MAILGUN, address: str = ADDRESS) -> Outcome:
    [outcome] = hand_over(make_channel(settings, url, backend), [make_message(address)])
    return outcome


def read_form(asked: Asked) -> dict[str, str]:
    """A multipart form, or the usual kind."""
    kind = asked.headers["Content-Type"]
    if not kind.startswith("multipart/"):
        return asked.form
    whole: MailHeaders = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body)
    parts = whole.get_payload()
    assert isinstance(parts, list)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for part in parts
        if hasattr(part, "get_param")
    }


# Handing over --------------------------------------------------------------------------------------------------------


def chinese_mail() -> Message:
    return make_message(
        ADDRESS,
        "您的贷款 ¥88.00 明天到期",
        subject="还款\r\nBcc: x@example.com",
        html="<p lang=zh>您的贷款</p>",
        language="zh-hans",
    )


def test_mailgun_is_given_the_mail_with_our_reference_and_our_message_id(settings: Settings) -> None:
    message = chinese_mail()
    with run_provider(Answer(200, MAILGUN_TAKEN)) as mailgun:
        [outcome] = hand_over(make_channel(settings, mailgun.url), [message])
    form = read_form(mailgun.asked[0])
    assert outcome == Outcome(
        message.reference, Result.ACCEPTED, provider_reference="<20260306015544.116301.25145@portal.example>"
    )
    assert mailgun.asked[0].target == "/v3/portal.example/messages"
    assert form["to"] == ADDRESS
    assert form["subject"] == "还款 Bcc: x@example.com"
    assert (form["text"], form["html"]) == (message.text, message.html)
    assert form["v:reference"] == message.reference
    assert form["h:Message-Id"] == f"<{message.reference}@bounces.example>"
    assert form["h:Auto-Submitted"] == "auto-generated"


def test_postmark_is_given_the_mail_with_our_reference_and_our_message_id(settings: Settings) -> None:
    message = chinese_mail()
    with run_provider(Answer(200, POSTMARK_TAKEN)) as postmark:
        [outcome] = hand_over(make_channel(settings, postmark.url, POSTMARK), [message])
    mail = json.loads(postmark.asked[0].body)
    assert outcome == Outcome(
        message.reference, Result.ACCEPTED, provider_reference="0a129aee-e1cd-480d-b08d-4f48548ff48d"
    )
    assert (mail["To"], mail["TextBody"], mail["HtmlBody"]) == (ADDRESS, message.text, message.html)
    assert mail["Metadata"] == {"reference": message.reference}
    assert {"Name": "Message-ID", "Value": f"<{message.reference}@bounces.example>"} in mail["Headers"]


def test_the_message_id_is_the_same_on_every_sending(settings: Settings) -> None:
    message = chinese_mail()
    with run_provider(Answer(200, MAILGUN_TAKEN)) as mailgun:
        for _ in range(2):
            hand_over(make_channel(settings, mailgun.url), [message])
    assert len({read_form(asked)["h:Message-Id"] for asked in mailgun.asked}) == 1


def test_several_mails_are_asked_at_once_and_each_has_one_outcome(settings: Settings) -> None:
    def by_address(asked: Asked) -> Answer:
        return Answer(401, "Forbidden") if b"nobody" in asked.body else Answer(200, MAILGUN_TAKEN)

    messages = [
        make_message(f"{'nobody' if number % 3 else 'somebody'}{number}@example.com") for number in range(IN_FLIGHT * 3)
    ]
    with run_provider(by_address) as mailgun:
        results = {
            outcome.reference: outcome.result for outcome in hand_over(make_channel(settings, mailgun.url), messages)
        }
    assert len(mailgun.asked) == len(messages)
    assert [results[message.reference] for message in messages] == [
        Result.TEMPORARY if message.address.startswith("nobody") else Result.ACCEPTED for message in messages
    ]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_neither_a_mail_nor_the_firms_key_follows_a_redirect(settings: Settings, status: int) -> None:
    with run_provider(Answer(200, POSTMARK_TAKEN)) as elsewhere:
        with run_provider(Answer(status, headers={"Location": f"{elsewhere.url}/email"})) as postmark:
            outcome = send_one(settings, postmark.url, POSTMARK)
        assert elsewhere.asked == []
    assert outcome.result is Result.TEMPORARY


@pytest.mark.parametrize(("code", "result"), [(400, Result.TEMPORARY), (500, Result.UNKNOWN)])
def test_what_amazons_client_was_answered_is_read(code: int, result: Result) -> None:
    answer = {"ResponseMetadata": {"HTTPStatusCode": code}}
    error = AnymailAPIError("no", response=answer)  # type: ignore[no-untyped-call]
    outcome = judge_error("r", error, AnymailStatus())  # type: ignore[no-untyped-call]
    assert (outcome.result, outcome.reason) == (result, str(code))


def test_a_caller_that_stops_early_leaves_nothing_running(settings: Settings) -> None:
    with run_provider(Answer(200, MAILGUN_TAKEN)) as mailgun:
        outcomes = make_channel(settings, mailgun.url).send([make_message(ADDRESS) for _ in range(IN_FLIGHT * 3)])
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]  # it is a generator
        assert len(mailgun.asked) <= IN_FLIGHT + IN_FLIGHT // 2


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a b@example.com", "a@example.com, b@example.com"])
def test_a_malformed_address_is_refused_before_anybody_is_asked(settings: Settings, address: str) -> None:
    with run_provider(Answer(200, MAILGUN_TAKEN)) as mailgun:
        outcome = send_one(settings, mailgun.url, address=address)
    assert (outcome.result, outcome.address_fault) == (Result.PERMANENT, True)
    assert mailgun.asked == []


def test_wording_that_no_mail_can_hold_is_refused_for_good(settings: Settings) -> None:
    with run_provider(Answer(200, MAILGUN_TAKEN)) as mailgun:
        [outcome] = hand_over(make_channel(settings, mailgun.url), [make_message(ADDRESS, "half a letter: \ud83d")])
    assert outcome.result is Result.PERMANENT


# What the answers mean -----------------------------------------------------------------------------------------------


LISTED = "provider refuses to send to this address, or from us"
SILENT = "provider did not say what became of it"


@pytest.mark.parametrize(
    ("backend", "status", "body", "result", "reason", "fault"),
    [
        (MAILGUN, 400, MAILGUN_REFUSED, Result.TEMPORARY, "400", False),
        (MAILGUN, 401, "Forbidden", Result.TEMPORARY, "401", False),
        (MAILGUN, 413, "too large", Result.PERMANENT, "413 mail is too big", False),
        (MAILGUN, 429, "slower", Result.TEMPORARY, "429", False),
        (MAILGUN, 500, "oops", Result.UNKNOWN, "500", False),
        (MAILGUN, 502, "gateway", Result.UNKNOWN, "502", False),
        (MAILGUN, 200, "<html>log in to this network</html>", Result.UNKNOWN, "200", False),
        (MAILGUN, 200, '{"id": 7}', Result.UNKNOWN, "200", False),
        (POSTMARK, 422, POSTMARK_INVALID, Result.PERMANENT, "address is refused as invalid", True),
        (POSTMARK, 422, POSTMARK_INACTIVE, Result.PERMANENT, LISTED, False),
        (POSTMARK, 422, POSTMARK_SENDER, Result.TEMPORARY, "422", False),
        (POSTMARK, 200, POSTMARK_TAKEN.replace('"OK"', POSTMARK_LATE), Result.ACCEPTED, "", False),
        (POSTMARK, 200, "[]", Result.UNKNOWN, SILENT, False),
    ],
)
def test_an_answer_is_put_into_our_words_without_address_or_wording(
    settings: Settings, backend: str, status: int, body: str, result: Result, reason: str, fault: bool
) -> None:
    address = "li@x.example" if "Illegal" in body else ADDRESS
    with run_provider(Answer(status, body)) as esp:
        outcome = send_one(settings, esp.url, backend, address)
    assert (outcome.result, outcome.reason, outcome.address_fault) == (result, reason, fault)


def test_without_a_connection_nothing_was_taken(settings: Settings) -> None:
    outcome = send_one(settings, f"http://127.0.0.1:{find_closed_port()}")
    assert (outcome.result, outcome.reason) == (Result.TEMPORARY, "provider cannot be reached: ConnectionError")


def test_a_name_that_nobody_knows_means_that_nothing_was_taken(settings: Settings) -> None:
    assert send_one(settings, "http://no-such-host.invalid").result is Result.TEMPORARY


@pytest.mark.parametrize("fate", [DROP, HANG])
def test_after_the_request_was_sent_the_outcome_is_unknown_and_it_is_asked_once(
    settings: Settings, fate: Answer
) -> None:
    with run_provider(fate) as mailgun:
        [outcome] = hand_over(make_channel(settings, mailgun.url, patience=0.5), [make_message(ADDRESS)])
    assert outcome.result is Result.UNKNOWN
    assert ADDRESS not in outcome.reason
    assert len(mailgun.asked) == 1
    assert not EspChannel.safe_to_resend


def test_a_firm_that_can_carry_no_reference_is_not_asked(settings: Settings) -> None:
    settings.ANYMAIL = {"MAILERSEND_API_TOKEN": "token"}
    channel = EspChannel(
        backend="anymail.backends.mailersend.EmailBackend", sender="a <a@portal.example>", bounce_domain="b.example"
    )
    [outcome] = hand_over(channel, [make_message(ADDRESS)])
    assert outcome.result is Result.TEMPORARY
    assert outcome.reason == "not asked, as the provider cannot carry it: AnymailUnsupportedFeature"


# Settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend",
    ["", "anymail.backends.nobody.EmailBackend", "django.core.mail.backends.smtp.EmailBackend", "os.path.join"],
)
def test_what_is_no_backend_of_anymails_is_refused_by_name(settings: Settings, backend: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="ANYMAIL_BACKEND"):
        make_channel(settings, "http://127.0.0.1:1", backend)


def test_a_missing_key_is_found_when_the_channel_is_built(settings: Settings) -> None:
    settings.ANYMAIL = {}
    with pytest.raises(ChannelMisconfiguredError, match="MAILGUN_API_KEY"):
        EspChannel(backend=MAILGUN, sender="a <a@portal.example>", bounce_domain="b.example")
