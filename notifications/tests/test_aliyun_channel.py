import json
import re

import pytest

from notifications.channels.aliyun import AliyunChannel
from notifications.channels.aliyun_signature import sign_headers, write_query
from notifications.channels.base import ChannelMisconfiguredError, Outcome, Result
from notifications.tests.outside import find_closed_port, hand_over, make_message
from notifications.tests.providers import DROP, HANG, Answer, run_provider

NUMBER = "+8613800139999"
TEMPLATES = {"en": "SMS_1", "zh-hans": "SMS_2"}
ABROAD = {"en": "SMS_4", "zh-hans": "SMS_5", "zh-hant": "SMS_6"}
TAKEN = '{"Message":"OK","RequestId":"81E8736D-3B03-49BA-878E-4E510F0C385A","BizId":"496112870375361879^0","Code":"OK"}'


def make_channel(url: str = "http://127.0.0.1:1", patience: float = 10.0, **fields: object) -> AliyunChannel:
    usual: dict[str, object] = {
        "key_id": "testid", "key_secret": "testsecret", "sign_name": "港湾银行", "templates": TEMPLATES,
        "abroad": ABROAD,
    }  # fmt: skip
    return AliyunChannel(endpoint=url, answer_seconds=patience, **(usual | fields))  # type: ignore[arg-type]


def send_one(url: str, address: str = NUMBER, **facts: str) -> Outcome:
    [outcome] = hand_over(make_channel(url), [make_message(address, **facts)])
    return outcome


# Signatures ----------------------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_vendors_worked_example() -> None:
    query = write_query({"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"})
    signed = sign_headers(
        host="ecs.cn-shanghai.aliyuncs.com",
        query=query,
        headers={
            "x-acs-action": "RunInstances", "x-acs-version": "2014-05-26", "x-acs-date": "2023-10-26T10:22:32Z",
            "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        },
        key_id="YourAccessKeyId",
        key_secret="YourAccessKeySecret",
    )  # fmt: skip
    assert signed["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_signature_is_the_one_that_the_vendors_client_sends_with_sendsms() -> None:
    """Noted from alibabacloud-dysmsapi20170525 4.6.0, which signs a few headers more."""
    fields = {
        "OutId": "0190c1de-0000-8000-8000-0123456789ab", "PhoneNumbers": "8613800139999", "SignName": "港湾银行",
        "TemplateCode": "SMS_1", "TemplateParam": '{"text": "您的贷款 ¥88.00 明天到期 *~&", "link": "k/AA/"}',
    }  # fmt: skip
    signed = sign_headers(
        host="127.0.0.1:24093",
        query=write_query(fields),
        headers={
            "accept": "application/json",
            "user-agent": "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2",
            "x-acs-action": "SendSms", "x-acs-credentials-provider": "static_ak", "x-acs-date": "2026-11-28T10:25:38Z",
            "x-acs-signature-nonce": "e30b7f40f16515b767df9ddcc620d8ba", "x-acs-version": "2017-05-25",
        },
        key_id="testid",
        key_secret="testsecret",
    )  # fmt: skip
    assert signed["Authorization"].endswith(
        "Signature=61a28ca3d89ffdf6f48ac03610e1615af6a5350c55ee44fcb81cb32bf99d0f0f"
    )


# Handing over --------------------------------------------------------------------------------------------------------


def test_a_message_is_posted_as_the_values_of_its_languages_template() -> None:
    url = "https://portal.example/k/AAAAAAAVaz48EBzDsa/"
    message = make_message(NUMBER, f"您的贷款 ¥88.00 明天到期 {url}", language="zh-hans", action_url=url)
    with run_provider(Answer(200, TAKEN)) as aliyun:
        [outcome] = hand_over(make_channel(aliyun.url), [message])
    [asked] = aliyun.asked
    assert outcome == Outcome(message.reference, Result.ACCEPTED, provider_reference="496112870375361879^0")
    assert (asked.method, asked.body) == ("POST", b"")
    assert asked.query | {"TemplateParam": ""} == {
        "PhoneNumbers": "8613800139999", "SignName": "港湾银行", "TemplateCode": "SMS_2", "TemplateParam": "",
        "OutId": message.reference,
    }  # fmt: skip
    assert json.loads(asked.query["TemplateParam"]) == {
        "text": "您的贷款 ¥88.00 明天到期", "link": "k/AAAAAAAVaz48EBzDsa/",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "language", "template"),
    [
        ("+8613800139999", "en", "SMS_1"),
        ("+8613800139999", "zh-hans", "SMS_2"),
        ("+13105551234", "zh-hans", "SMS_5"),
        ("+886912345678", "zh-hant", "SMS_6"),
        ("+85291234567", "zh-hant", "SMS_6"),
    ],
)
def test_a_number_outside_the_mainland_goes_out_under_an_international_template_alone(
    address: str, language: str, template: str
) -> None:
    """Under one of the mainland 13105551234 is a number of the mainland: another person's."""
    with run_provider(Answer(200, TAKEN)) as aliyun:
        outcome = send_one(aliyun.url, address, language=language)
    assert outcome.result is Result.ACCEPTED
    [asked] = aliyun.asked
    assert (asked.query["PhoneNumbers"], asked.query["TemplateCode"]) == (address.removeprefix("+"), template)


@pytest.mark.parametrize(
    ("address", "language", "reason"),
    [
        ("+13105551234", "zh-hans", "no template of zh-hans for numbers outside mainland China"),
        (NUMBER, "zh-hant", "no template of zh-hant for numbers in mainland China"),
    ],
)
def test_without_a_template_nobody_is_asked_and_another_provider_may_be(
    address: str, language: str, reason: str
) -> None:
    with run_provider(Answer(200, TAKEN)) as aliyun:
        [outcome] = hand_over(make_channel(aliyun.url, abroad={}), [make_message(address, language=language)])
    assert (outcome.result, outcome.reason, outcome.address_fault) == (Result.PERMANENT, reason, False)
    assert aliyun.asked == []


def test_what_arrives_is_what_was_signed() -> None:
    with run_provider(Answer(200, TAKEN)) as aliyun:
        send_one(aliyun.url, text="a~b *c+d/e&f=ü 😀", language="en")
    [asked] = aliyun.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    again = sign_headers(
        host=headers["host"],
        query=write_query(asked.query),
        headers={name: headers[name] for name in headers if name.startswith("x-acs-") and "sha256" not in name},
        key_id="testid",
        key_secret="testsecret",
    )
    assert asked.headers["Authorization"] == again["Authorization"]
    assert asked.target == f"/?{write_query(asked.query)}"
    assert (headers["x-acs-action"], headers["x-acs-version"]) == ("SendSms", "2017-05-25")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", headers["x-acs-date"])


def test_no_two_requests_have_one_nonce() -> None:
    with run_provider(Answer(200, TAKEN)) as aliyun:
        hand_over(make_channel(aliyun.url), [make_message(NUMBER) for _ in range(20)])
    assert len({asked.headers["x-acs-signature-nonce"] for asked in aliyun.asked}) == 20


@pytest.mark.parametrize(("address", "text"), [("13800139999", "x"), ("", "x"), (NUMBER, "half a letter: \ud83d")])
def test_what_can_never_be_sent_is_refused_before_anybody_is_asked(address: str, text: str) -> None:
    with run_provider(Answer(200, TAKEN)) as aliyun:
        outcome = send_one(aliyun.url, address, text=text)
    assert (outcome.result, outcome.address_fault) == (Result.PERMANENT, address != NUMBER)
    assert aliyun.asked == []


# What the answers mean -----------------------------------------------------------------------------------------------


def refused(code: str) -> str:
    return json.dumps({"Message": f"{NUMBER} 触发", "RequestId": "8E1", "Code": code})


@pytest.mark.parametrize(
    ("status", "body", "result", "reason", "fault"),
    [
        (200, refused("isv.MOBILE_NUMBER_ILLEGAL"), Result.PERMANENT, "200 isv.MOBILE_NUMBER_ILLEGAL", True),
        (200, refused("isv.PARAM_LENGTH_LIMIT"), Result.PERMANENT, "200 isv.PARAM_LENGTH_LIMIT", False),
        (200, refused("isv.SMS_CONTENT_ILLEGAL"), Result.PERMANENT, "200 isv.SMS_CONTENT_ILLEGAL", False),
        (200, refused("isv.BUSINESS_LIMIT_CONTROL"), Result.TEMPORARY, "200 isv.BUSINESS_LIMIT_CONTROL", False),
        (200, refused("isv.AMOUNT_NOT_ENOUGH"), Result.TEMPORARY, "200 isv.AMOUNT_NOT_ENOUGH", False),
        (200, refused("isv.SMS_TEMPLATE_ILLEGAL"), Result.TEMPORARY, "200 isv.SMS_TEMPLATE_ILLEGAL", False),
        (200, refused("isp.RAM_PERMISSION_DENY"), Result.TEMPORARY, "200 isp.RAM_PERMISSION_DENY", False),
        (200, refused("isp.SYSTEM_ERROR"), Result.UNKNOWN, "200 isp.SYSTEM_ERROR", False),
        (200, refused("a number: 13800139999"), Result.UNKNOWN, "200", False),
        (200, "<html>log in to this network</html>", Result.UNKNOWN, "200", False),
        (200, refused("NewWord"), Result.UNKNOWN, "200 NewWord", False),
        (400, refused("SignatureDoesNotMatch"), Result.TEMPORARY, "400 SignatureDoesNotMatch", False),
        (400, refused("SignatureNonceUsed"), Result.UNKNOWN, "400 SignatureNonceUsed", False),
        (404, refused("InvalidAccessKeyId.NotFound"), Result.TEMPORARY, "404 InvalidAccessKeyId.NotFound", False),
        (503, refused("Throttling.User"), Result.TEMPORARY, "503 Throttling.User", False),
        (503, refused("ServiceUnavailable"), Result.UNKNOWN, "503 ServiceUnavailable", False),
        (500, refused("InternalError"), Result.UNKNOWN, "500 InternalError", False),
        (502, "bad gateway", Result.UNKNOWN, "502", False),
    ],
)  # fmt: skip
def test_an_answer_is_put_into_our_words_without_number_or_wording(
    status: int, body: str, result: Result, reason: str, fault: bool
) -> None:
    with run_provider(Answer(status, body)) as aliyun:
        outcome = send_one(aliyun.url)
    assert (outcome.result, outcome.reason, outcome.address_fault) == (result, reason, fault)


def test_without_a_connection_nothing_was_taken() -> None:
    assert send_one(f"http://127.0.0.1:{find_closed_port()}").result is Result.TEMPORARY


@pytest.mark.parametrize("fate", [DROP, HANG])
def test_after_the_request_was_sent_the_outcome_is_unknown_and_it_is_asked_once(fate: Answer) -> None:
    with run_provider(fate) as aliyun:
        [outcome] = hand_over(make_channel(aliyun.url, patience=0.5), [make_message(NUMBER)])
    assert outcome.result is Result.UNKNOWN
    assert len(aliyun.asked) == 1
    assert not AliyunChannel.safe_to_resend


# Settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "setting"),
    [
        ({"key_id": ""}, "ALIYUN_ACCESS_KEY_ID"),
        ({"key_secret": ""}, "ALIYUN_ACCESS_KEY_SECRET"),
        ({"sign_name": ""}, "ALIYUN_SIGN_NAME"),
        ({"templates": {"en": "SMS_1", "zh-hant": "SMS_3"}}, "ALIYUN_TEMPLATES has no template for zh-hans"),
        ({"url": "http://dysmsapi.aliyuncs.com"}, "ALIYUN_ENDPOINT"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(fields: dict[str, str], setting: str) -> None:
    with pytest.raises(ChannelMisconfiguredError, match=setting):
        make_channel(**fields)  # type: ignore[arg-type]
