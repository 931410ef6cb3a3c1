"""Alibaba Cloud's signature of a request, version 3: ACS3-HMAC-SHA256.

Vendor's text: "V3 request structure and signature" (Alibaba Cloud SDK, product overview). Its worked example is a test.
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def write_query(fields: Mapping[str, str]) -> str:
    """The query, sorted and escaped as it is signed, and so as it must be sent. Raises ValueError for half a letter."""
    return "&".join(f"{_escape(name)}={_escape(value)}" for name, value in sorted(fields.items()))


def sign_headers(
    *, host: str, query: str, headers: Mapping[str, str], key_id: str, key_secret: str, body: bytes = b""
) -> dict[str, str]:
    """The headers to send with a POST of the query to the host: those given, and what proves who sends them.

    `headers` are the `x-acs-…` ones: action, version, date (ISO 8601 in UTC) and a nonce that is never used twice.
    """
    digest = hashlib.sha256(body).hexdigest()
    signed = {**headers, "host": host, "x-acs-content-sha256": digest}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    request = "\n".join(["POST", "/", query, lines, names, digest])
    text = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(key_secret.encode(), text.encode(), hashlib.sha256).hex()
    proof = f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    return {**signed, "Authorization": proof}


def _escape(text: str) -> str:
    return quote(text, safe="~")
