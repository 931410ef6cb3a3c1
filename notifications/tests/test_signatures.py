"""References that providers carry and links that borrowers open."""

import string
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as ours
from django.utils.crypto import salted_hmac
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from notifications.signatures import (
    LinkExpired,
    LinkInvalid,
    delivery_id_of,
    link_token,
    notice_token,
    read_link_token,
    read_notice_token,
    reference_of,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(days=45)
ids = st.integers(1, 2**48 - 1)


@given(ids)
def test_a_reference_finds_its_delivery_and_is_a_uuid(delivery_id: int) -> None:
    reference = reference_of(delivery_id)
    assert delivery_id_of(reference) == delivery_id
    assert delivery_id_of(reference.upper()) == delivery_id
    assert uuid.UUID(reference).version == 8
    assert uuid.UUID(reference).variant == uuid.RFC_4122


@given(ids)
def test_the_tag_of_a_reference_is_an_hmac_of_the_id(delivery_id: int) -> None:
    tag = salted_hmac("notifications.reference", str(delivery_id), ours.SECRET_KEY, algorithm="sha256").digest()[:10]
    version_and_variant = 0xF << 76 | 0x3 << 62
    told = uuid.UUID(reference_of(delivery_id)).int & (1 << 80) - 1
    assert told | version_and_variant == int.from_bytes(tag) | version_and_variant


@given(ids, st.uuids())
def test_a_reference_cannot_be_made_by_anyone_else(delivery_id: int, other: uuid.UUID) -> None:
    forged = uuid.UUID(int=delivery_id << 80 | other.int & (1 << 80) - 1)
    assert delivery_id_of(str(forged)) is None


@given(st.text())
def test_any_text_is_no_reference(text: str) -> None:
    assert delivery_id_of(text) is None


@given(ids)
def test_a_link_opens_its_delivery_until_it_expires(delivery_id: int) -> None:
    token = link_token(delivery_id, LATER)
    assert len(token) == 30
    assert read_link_token(token, NOW) == delivery_id
    with pytest.raises(LinkExpired) as fault:
        read_link_token(token, LATER)
    assert fault.value.delivery_id == delivery_id


@given(ids, st.integers(0, 29), st.sampled_from("ABCDEFGHIJabcdefghij0123456789-_"))
def test_a_link_with_one_changed_letter_is_invalid(delivery_id: int, place: int, letter: str) -> None:
    token = link_token(delivery_id, LATER)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(LinkInvalid):
            read_link_token(changed, NOW)


@pytest.mark.parametrize("spelling", ["{}=", "{}==", "{} ", "\n{}", "{}A"])
def test_a_link_has_one_spelling(spelling: str) -> None:
    token = link_token(7, LATER)
    letters = string.ascii_letters + string.digits + "-_"
    for other in [spelling.format(token), *(token[:-1] + letter for letter in letters if letter != token[-1])]:
        with pytest.raises(LinkInvalid):
            read_link_token(other, NOW)


@given(st.text())
def test_any_text_is_no_link(text: str) -> None:
    with pytest.raises(LinkInvalid):
        read_link_token(text, NOW)


@given(ids, ids)
def test_a_notice_names_its_delivery_and_its_device_until_it_expires(delivery_id: int, device_id: int) -> None:
    token = notice_token(delivery_id, device_id, LATER)
    assert read_notice_token(token, NOW) == read_notice_token(token) == (delivery_id, device_id)
    with pytest.raises(LinkExpired) as fault:
        read_notice_token(token, LATER)
    assert fault.value.delivery_id == delivery_id


@given(ids, st.integers(0, 37), st.sampled_from("ABCDEFGHIJabcdefghij0123456789-_"))
def test_a_notice_with_one_changed_letter_is_invalid(delivery_id: int, place: int, letter: str) -> None:
    token = notice_token(delivery_id, 7, LATER)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(LinkInvalid):
            read_notice_token(changed, NOW)


@given(ids, ids)
def test_a_link_is_no_notice_and_a_notice_no_link(delivery_id: int, device_id: int) -> None:
    with pytest.raises(LinkInvalid):
        read_notice_token(link_token(delivery_id, LATER), NOW)
    with pytest.raises(LinkInvalid):
        read_link_token(notice_token(delivery_id, device_id, LATER), NOW)


@given(st.text())
def test_any_text_is_no_notice(text: str) -> None:
    with pytest.raises(LinkInvalid):
        read_notice_token(text, NOW)


def test_references_and_links_outlive_a_change_of_keys(settings: Settings) -> None:
    reference, token = reference_of(7), link_token(7, LATER)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert delivery_id_of(reference) == 7
    assert read_link_token(token, NOW) == 7
    settings.SECRET_KEY_FALLBACKS = []
    assert delivery_id_of(reference) is None
