"""Whom a message may be posted to: addresses come from outside, and one could name a machine of our own network."""

import re
import socket
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

INTERNET: Final = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out to networks; translated IPv4 addresses lie outside."""

SET_ASIDE: Final = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16")))
"""Not given out to hosts, though `is_global` does not say so of all of it: protocol assignments, 6to4 relays (RFC
7526), documentation (RFC 9637), segment routing (RFC 9602). IANA's registries of special-purpose addresses."""

PLAIN: Final = re.compile(r"[!-~]+")
"""How an address is written that goes out: printable ASCII without a space."""
_SCHEMES: Final = ("https", "http")


class PrivateHostError(OSError):
    """The host is not one of the internet. The text does not name it."""

    def __init__(self) -> None:
        super().__init__("not a host of the internet")


def can_be_posted_to(address: str) -> bool:
    """Whether it is written as an address of HTTP is: printable ASCII, a host, no name or password in it."""
    if not PLAIN.fullmatch(address):
        return False
    try:
        url = urlsplit(address)
        return url.scheme in _SCHEMES and bool(url.hostname) and "@" not in url.netloc and url.port != 0
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether this IP address is one that anybody may reach: neither private, loopback, link-local nor multicast."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (found not in INTERNET or found.sixtofour or found.teredo):
        return False
    return found.is_global and not found.is_multicast and not any(found in network for network in SET_ASIDE)


def may_be_public(endpoint: str) -> bool:
    """What can be said of an endpoint without looking its name up: https, and no bare address that is private."""
    url = urlsplit(endpoint)
    host = url.hostname or ""
    bare = ":" in host or host.replace(".", "").isdigit()
    return url.scheme == "https" and (is_public(host) if bare else "." in host.rstrip("."))


def open_public_socket(family: int, kind: int, protocol: int, address: str) -> socket.socket:
    """A socket for the very address that is about to be connected to, so that a name cannot change its mind between a
    check and its use. Raises PrivateHostError."""
    if not is_public(address):
        raise PrivateHostError
    return socket.socket(family, kind, protocol)
