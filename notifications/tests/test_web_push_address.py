"""The address that a browser subscribes with."""

import pytest

from notifications.channels.web_push_address import BadPushAddressError, PushAddress
from notifications.tests.browsers import Browser


def test_an_address_comes_back_from_its_json() -> None:
    address = Browser("https://push.example/p/1").address
    assert PushAddress.from_json(address.as_json()) == address
    assert "push.example" not in address.fingerprint


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://Push.Example:443/a", "https://push.example"),
        ("http://push.example:80/a", "http://push.example"),
        ("https://push.example:8443/a?b=c", "https://push.example:8443"),
        ("https://[2606:4700::1111]/a", "https://[2606:4700::1111]"),
    ],
)
def test_an_origin_is_written_as_push_services_compare_it(endpoint: str, origin: str) -> None:
    assert Browser(endpoint).address.origin == origin


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "push.example", "ftp://push.example/", "https://", "https:///x", "https://user:word@push.example/"),
        *("https://push.example/a b", "https://push.example/\r\nX: y", "https://push.example/ü", "javascript:alert(1)"),
        *("https://push.example:99999/", "https://push.example:0/", "https://[::1/"),
        "https://push.example/" + "x" * 1000,
    ],
)
def test_what_cannot_be_posted_to_is_no_address(endpoint: str) -> None:
    fields = Browser("https://push.example/").fields | {"endpoint": endpoint}
    with pytest.raises(BadPushAddressError) as refusal:
        PushAddress.read(**fields)
    assert not endpoint or endpoint not in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [
        {"p256dh": ""},
        {"p256dh": "A" * 87},
        {"p256dh": "not a key!"},
        {"auth": ""},
        {"auth": "AAAA"},
        {"auth": "+/" * 11},
    ],
)
def test_what_are_no_keys_of_a_browser_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(BadPushAddressError):
        PushAddress.read(**Browser("https://push.example/").fields | change)
