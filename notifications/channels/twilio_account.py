"""An account at Twilio: where its requests go, how they prove who sends them, and where Twilio calls us back."""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from accounts.outside.posts import Request
from notifications.channels.base import ChannelMisconfiguredError
from notifications.channels.posting import require_https
from notifications.channels.twilio_signature import RETRIES

ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """`token` is the account's auth token: Twilio signs its callbacks with it, so no other key will do.

    `callback_base` is our address as Twilio reaches it, without a slash at its end; `api_url` Twilio's.
    """

    sid: str
    token: str
    callback_base: str
    api_url: str = "https://api.twilio.com"

    def __post_init__(self) -> None:
        """Raises ChannelMisconfiguredError."""
        if not ACCOUNT_SID.fullmatch(self.sid):
            raise ChannelMisconfiguredError(
                "TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits: copy it from Twilio's console."
            )
        if not self.token:
            raise ChannelMisconfiguredError("TWILIO_AUTH_TOKEN is not set: copy it from Twilio's console.")
        callback = urlsplit(self.callback_base)
        if callback.scheme not in ("http", "https") or not callback.hostname or callback.query or callback.fragment:
            raise ChannelMisconfiguredError(
                "TWILIO_CALLBACK_BASE must be the http(s) address under which Twilio reaches the portal."
            )
        require_https(self.api_url, "TWILIO_API_URL")

    def make_post(self, resource: str, fields: Iterable[tuple[str, str]]) -> Request:
        """A request that makes a new `resource` ("Messages", "Calls"). Raises ValueError for half a letter."""
        credentials = base64.b64encode(f"{self.sid}:{self.token}".encode()).decode("ascii")
        headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        url = f"{self.api_url.rstrip('/')}/2010-04-01/Accounts/{self.sid}/{resource}.json"
        return Request(url, headers, urlencode(list(fields)).encode("ascii"))

    def callback(self, path: str, reference: str) -> str:
        """Where Twilio calls us back about the message `reference`."""
        return f"{self.callback_base}{path}?reference={quote(reference)}{RETRIES}"
