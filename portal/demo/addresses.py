"""The ports of the demonstration, all on 127.0.0.1."""

import socket
from dataclasses import dataclass

from portal.processes import ProcessError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """Which port each part listens on."""

    web: int
    sandbox: int
    mail: int
    bounces: int


def choose_addresses(web: int) -> Addresses:
    """Take the asked port for the portal and the next free ones for the rest. Raises ProcessError if it is taken."""
    if not 0 < web < 65_500:
        raise ProcessError(f"There is no port {web}. Choose one from 1024 to 65499 with --port.")
    reason = why_not(web)
    if reason:
        raise ProcessError(f"Port {web} cannot be used: {reason}. Choose another one: --port {next_free(web + 1)}")
    sandbox = next_free(web + 1)
    mail = next_free(sandbox + 1)
    return Addresses(web, sandbox, mail, next_free(mail + 1))


def next_free(port: int) -> int:
    return next(candidate for candidate in range(port, 65_536) if not why_not(candidate))


def why_not(port: int) -> str:
    """Say why this process cannot listen on the port; empty if it can."""
    with socket.socket() as candidate:
        # As the servers do it: connections of an earlier run that linger in TIME_WAIT do not count.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except PermissionError:
            return "this user may not listen there"
        except OSError as error:
            return f"another program listens there ({error.strerror})"
    return ""
