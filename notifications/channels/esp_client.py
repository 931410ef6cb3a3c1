"""What anymail's backends are made with, so that a mail is asked for once and no answer is waited for without an end.

Amazon's client takes its own: left alone it repeats a mail after a time-out or a 5xx, up to five times, each with
another Message-ID, and waits a minute each time.
"""

from collections.abc import Mapping
from typing import Any, Final

from notifications.channels.base import ChannelMisconfiguredError

AMAZON: Final = "Amazon SES"
"""As anymail calls it."""


def client_options(firm: str, connect_seconds: float, answer_seconds: float, amazon: object) -> dict[str, Any]:
    """What to make the backend of `firm`, anymail's name for it, with; `amazon` is what is set for Amazon's client, a
    mapping. Raises ChannelMisconfiguredError.
    """
    if firm != AMAZON:
        return {"timeout": (connect_seconds, answer_seconds)}
    given = _mapping(amazon or {})
    ours = {
        "retries": {"total_max_attempts": 1},
        "connect_timeout": connect_seconds,
        "read_timeout": answer_seconds,
    }
    # What is handed over takes the place of the setting as a whole.
    return {"client_params": {**given, "config": {**_mapping(given.get("config") or {}), **ours}}}


def _mapping(given: object) -> Mapping[str, Any]:
    """Text from the environment is none, and anymail, which reads it elsewhere too, would fail at it."""
    if isinstance(given, Mapping):
        return given
    raise ChannelMisconfiguredError(
        "ANYMAIL_AMAZON_SES_CLIENT_PARAMS cannot be given as text: leave it out, and set region and keys as boto3 "
        "reads them (AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)."
    )
