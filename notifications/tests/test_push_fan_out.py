"""One telling, many devices: what each is sent, and the one outcome of them all."""

import json
from collections.abc import Iterator, Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.base import Outcome, Result
from notifications.channels.web_push_address import PushAddress, topic_of
from notifications.push_fan_out import NOWHERE, Device, Folded, expand, fold
from notifications.tests.browsers import Browser
from notifications.tests.outside import make_message

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
DEVICES = [Device(number, Browser(f"https://push.example/{number}").address) for number in (1, 2, 3)]


def outcome(device: Device, result: Result, *, gone: bool = False, reference: str = REFERENCE) -> Outcome:
    return Outcome(reference, result, device.address.fingerprint, f"why {device.number}", address_fault=gone)


def fold_one(*outcomes: Outcome, devices: Sequence[Device] = DEVICES) -> Folded:
    [folded] = fold(outcomes, {REFERENCE: devices})
    assert folded is not None
    return folded


# Out -----------------------------------------------------------------------------------------------------------------


def test_each_device_gets_the_words_and_a_token_of_its_own() -> None:
    message = make_message(
        "browser", "It is short.", reference=REFERENCE, subject="Meimai Mall: read", language="zh-hans"
    )
    copies = expand(message, DEVICES, token_of=lambda number: f"token-{number}", know="我知道了")
    assert [PushAddress.from_json(copy.address) for copy in copies] == [device.address for device in DEVICES]
    assert {copy.reference for copy in copies} == {REFERENCE}
    assert [json.loads(copy.text)["token"] for copy in copies] == ["token-1", "token-2", "token-3"]
    assert json.loads(copies[0].text) == {
        "title": "Meimai Mall: read",
        "body": "It is short.",
        "url": message.action_url,
        "token": "token-1",
        "tag": topic_of(REFERENCE),
        "lang": "zh-Hans",
        "know": "我知道了",
    }


def test_chinese_takes_no_more_room_than_it_needs() -> None:
    [copy] = expand(make_message("browser", "请阅读" * 300), DEVICES[:1], token_of=str, know="")
    assert len(copy.text.encode()) < 3_993


def test_for_nobody_it_is_one_message_that_leads_nowhere() -> None:
    message = make_message("browser", reference=REFERENCE)
    assert expand(message, [], token_of=str, know="") == [message._replace(address=NOWHERE)]


# Back ----------------------------------------------------------------------------------------------------------------

ORDER = [Result.ACCEPTED, Result.UNKNOWN, Result.TEMPORARY, Result.PERMANENT]


@pytest.mark.parametrize("results", list(permutations(ORDER, 3)))
def test_the_best_outcome_is_that_of_all(results: tuple[Result, ...]) -> None:
    folded = fold_one(*(outcome(device, result) for device, result in zip(DEVICES, results, strict=True)))
    best = min(range(3), key=lambda place: ORDER.index(results[place]))
    assert folded.outcome == Outcome(REFERENCE, results[best], f"device-{best + 1}", f"why {best + 1}")
    assert folded.gone == ()


def test_devices_that_are_gone_are_named_and_the_telling_goes_on() -> None:
    folded = fold_one(
        outcome(DEVICES[0], Result.PERMANENT, gone=True),
        outcome(DEVICES[1], Result.ACCEPTED),
        outcome(DEVICES[2], Result.PERMANENT, gone=True),
    )
    assert folded.outcome.result is Result.ACCEPTED
    assert folded.gone == (1, 3)


def test_when_all_are_gone_the_telling_fails_and_the_address_is_not_blamed_here() -> None:
    folded = fold_one(*(outcome(device, Result.PERMANENT, gone=True) for device in DEVICES))
    assert (folded.outcome.result, folded.outcome.address_fault) == (Result.PERMANENT, False)
    assert folded.gone == (1, 2, 3)


def test_a_telling_without_a_device_fails_at_once() -> None:
    refused = Outcome(REFERENCE, Result.PERMANENT, reason="this is no subscription of a browser", address_fault=True)
    folded = fold_one(refused, devices=[])
    assert folded == Folded(Outcome(REFERENCE, Result.PERMANENT, reason="no device is left to show it on"), ())


def test_an_outcome_that_names_no_device_still_counts() -> None:
    nameless = Outcome(REFERENCE, Result.PERMANENT, reason="this is no subscription of a browser", address_fault=True)
    folded = fold_one(nameless, devices=DEVICES[:1])
    assert folded == Folded(Outcome(REFERENCE, Result.PERMANENT, reason=nameless.reason), ())


@given(st.permutations([(name, device) for name in ("a", "b", "c") for device in DEVICES]))
def test_tellings_come_out_once_each_when_their_last_device_has_answered(order: list[tuple[str, Device]]) -> None:
    seen: list[str] = []

    def answers() -> Iterator[Outcome]:
        for name, device in order:
            seen.append(name)
            yield outcome(device, Result.ACCEPTED, reference=name)

    folded = []
    for one in fold(answers(), dict.fromkeys("abc", DEVICES)):
        assert one is not None
        assert seen.count(one.outcome.reference) == len(DEVICES)
        folded.append(one.outcome.reference)
    assert sorted(folded) == ["a", "b", "c"]


def test_that_nothing_more_is_known_is_passed_on() -> None:
    outcomes = [None, *(outcome(device, Result.ACCEPTED) for device in DEVICES), None]
    assert [one and one.outcome.result for one in fold(outcomes, {REFERENCE: DEVICES})] == [None, Result.ACCEPTED, None]
