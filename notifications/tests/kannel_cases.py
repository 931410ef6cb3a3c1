"""A gateway as tests meet it: one that answers in its own way, at a port of this machine."""

import socket
from collections.abc import Callable

from notifications.channels.kannel import KannelChannel
from notifications.tests.outside import MisbehavingServer, read_request, write_answer

ACCEPTED = write_answer("202 Accepted", "0: Accepted for delivery")


def make_channel(url: str, callback_url: str = "http://127.0.0.1:1/x", password: str = "sandbox") -> KannelChannel:
    return KannelChannel(
        url=url, username="sandbox", password=password, sender="10690", callback_url=callback_url, answer_seconds=0.5
    )


def to_port(port: int) -> KannelChannel:
    return make_channel(f"http://127.0.0.1:{port}/cgi-bin/sendsms")


def always(answer: bytes) -> Callable[[socket.socket, MisbehavingServer], None]:
    """A gateway that gives each request the same answer; an empty one drops the connection instead."""

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        while request := read_request(connection):
            shared.requests.append(request)
            if not answer:
                return
            connection.sendall(answer)

    return serve
