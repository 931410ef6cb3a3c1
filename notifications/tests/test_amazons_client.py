"""Amazon's client repeats a mail by itself, up to five times, unless it is told not to. It is not installed here: what
it is given is looked at.
"""

from typing import Any, ClassVar

import pytest
from anymail.backends.base import AnymailBaseBackend
from pytest_django import Settings

from notifications.channels.base import ChannelMisconfiguredError
from notifications.channels.esp_client import client_options
from notifications.channels.registry import channel_of

ONCE = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5.0, "read_timeout": 20.0}


class LikeAmazons(AnymailBaseBackend):
    """Has Amazon's name, and keeps what it is made with."""

    esp_name = "Amazon SES"
    given: ClassVar[dict[str, Any]] = {}

    def __init__(self, **given: Any) -> None:
        type(self).given = given
        super().__init__()  # type: ignore[no-untyped-call]


def build(settings: Settings, **anymail: object) -> dict[str, Any]:
    """What the backend is made with."""
    settings.ANYMAIL, settings.ANYMAIL_BACKEND = anymail, f"{LikeAmazons.__module__}.LikeAmazons"
    channel_of("anymail")
    return LikeAmazons.given


def test_it_asks_once_and_does_not_wait_without_an_end(settings: Settings) -> None:
    assert build(settings) == {"client_params": {"config": ONCE}}


def test_what_else_is_set_for_it_stays(settings: Settings) -> None:
    repeats = {"retries": {"mode": "standard", "max_attempts": 5}, "proxies": {}}
    made = build(settings, AMAZON_SES_CLIENT_PARAMS={"region_name": "eu-central-1", "config": repeats})
    assert made == {"client_params": {"region_name": "eu-central-1", "config": {"proxies": {}, **ONCE}}}


@pytest.mark.parametrize("given", ["eu-central-1", '{"region_name": "eu-central-1"}', {"config": "x"}])
def test_what_it_cannot_be_made_with_is_named(settings: Settings, given: object) -> None:
    with pytest.raises(ChannelMisconfiguredError, match="ANYMAIL_AMAZON_SES_CLIENT_PARAMS"):
        build(settings, AMAZON_SES_CLIENT_PARAMS=given)


def test_all_others_have_their_time_alone() -> None:
    assert client_options("Mailgun", 5.0, 20.0, "not Mailgun's") == {"timeout": (5.0, 20.0)}
