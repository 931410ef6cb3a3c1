"""Twilio's signature on what it posts to us: HMAC-SHA1, keyed with the auth token, over the address and the form.

SHA-1 is Twilio's choice; as a keyed code it is not broken by what broke it as a hash.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit, urlunsplit

RETRIES: Final = "#rc=3&rp=ct,rt,5xx"
"""Follows each address that we give: how often, and at what, Twilio calls again ("connection overrides"). Left alone,
it does not for a 500; so operators end the address that they type at Twilio with it, too (docs/operations.md). It is no
part of what is called; whether it is of what is signed, Twilio does not say."""

Fields = Iterable[tuple[str, str]]


def sign(url: str, fields: Fields, token: str) -> str:
    """The address, then the form's names and values, sorted and each once, with nothing in between."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode("ascii")


def is_genuine(signature: str, urls: Iterable[str], fields: Fields, token: str) -> bool:
    """Whether Twilio signed this form for one of the addresses. Takes equally long whatever is wrong."""
    if not token:
        return False
    pairs = list(fields)
    wanted = [sign(variant, pairs, token).encode() for url in urls for variant in _port_variants(url)]
    given = signature.encode("utf-8", "replace")
    return any([hmac.compare_digest(given, one) for one in wanted])  # noqa: C419  (all are compared)


def _port_variants(url: str) -> Iterator[str]:
    """Without a port and with one: some of Twilio's machines sign the first, some the second."""
    parts = urlsplit(url)
    bare = re.sub(r":[0-9]+$", "", parts.netloc)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for netloc in (bare, f"{bare}:{port}"):
        yield urlunsplit(parts._replace(netloc=netloc))
