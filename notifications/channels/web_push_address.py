"""Where a browser listens: the address at its push service, and the two keys with which a message is closed to it."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from accounts.outside.addresses import can_be_posted_to
from notifications.channels.vapid import decode, encode
from notifications.channels.web_push_encryption import CURVE

LONGEST_ENDPOINT: Final = 1000
"""Letters; the longest seen in life (Windows) have some 500."""
AUTH_SIZE: Final = 16
POINT_SIZE: Final = 65

_USUAL_PORTS: Final = {"https": ":443", "http": ":80"}


class BadPushAddressError(ValueError):
    """This is no subscription that a message can go to. The text says what is wrong and quotes nothing."""


@dataclass(frozen=True, slots=True)
class PushAddress:
    """`p256dh` is a point of P-256 in 65 octets, `auth` a secret of 16."""

    endpoint: str
    p256dh: bytes
    auth: bytes

    @classmethod
    def read(cls, endpoint: str, p256dh: str, auth: str) -> Self:
        """From what a browser gives, keys in base64url. Raises BadPushAddressError."""
        try:
            address = cls(endpoint, decode(p256dh), decode(auth))
            ec.EllipticCurvePublicKey.from_encoded_point(CURVE, address.p256dh)
        except ValueError as error:
            raise BadPushAddressError("the keys are not those of a browser") from error
        if len(address.auth) != AUTH_SIZE or len(address.p256dh) != POINT_SIZE:
            raise BadPushAddressError("the keys are not of the right length")
        if len(endpoint) > LONGEST_ENDPOINT or not can_be_posted_to(endpoint):
            raise BadPushAddressError("the endpoint is no address that a message can be posted to")
        return address

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From `as_json`. Raises BadPushAddressError."""
        try:
            fields = json.loads(text)
            return cls.read(str(fields["endpoint"]), str(fields["p256dh"]), str(fields["auth"]))
        except (KeyError, TypeError, RecursionError, json.JSONDecodeError) as error:
            raise BadPushAddressError("this is no subscription of a browser") from error

    def as_json(self) -> str:
        """As a `Message.address` holds it."""
        fields = {"endpoint": self.endpoint, "p256dh": encode(self.p256dh), "auth": encode(self.auth)}
        return json.dumps(fields, separators=(",", ":"))

    @property
    def origin(self) -> str:
        """Scheme, host and port of the push service, as VAPID names its audience."""
        url = urlsplit(self.endpoint)
        return f"{url.scheme}://{url.netloc.lower()}".removesuffix(_USUAL_PORTS[url.scheme])

    @property
    def fingerprint(self) -> str:
        """Names the endpoint, which is a secret, without telling it: 64 hex digits."""
        return sha256(self.endpoint.encode()).hexdigest()


def topic_of(reference: str) -> str:
    """32 letters of base64url, the most that a Topic may have (RFC 8030, section 5.4), from which nobody can tell the
    reference."""
    return encode(sha256(reference.encode()).digest()[:24])
