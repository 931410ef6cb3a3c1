"""What a mail server has taken where its words are few, odd, or come too late: nothing goes out twice unawares."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifications.channels.base import Result
from notifications.tests.mail_servers import (
    TOGETHER,
    Chunked,
    find_message_id,
    make_channel,
    make_messages,
    results_of,
    run_mail_server,
)
from notifications.tests.outside import MisbehavingServer, hand_over, run_server

OK = b"250 OK\r\n"
PATIENCE = 10.0


def serve_first(answers: list[bytes], then: Callable[[Chunked], None]) -> Callable[..., None]:
    """Takes the first connection's mails with these answers, one each, and does `then`; later ones are served well."""

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        shared.requests.append(b"a connection")
        client = Chunked(connection)
        if len(shared.requests) == 1:
            for answer in answers:
                if not (mail := client.read_mail()):
                    return
                shared.requests.append(find_message_id(mail).encode())
                client.say(answer)
            then(client)
            return
        while mail := client.read_mail():
            shared.requests.append(find_message_id(mail).encode())
            client.say(client.REPLY)

    return serve


def stay_until(over: threading.Event) -> None:
    """Neither read nor say anything."""
    assert over.wait(PATIENCE)


def taken_by(server: MisbehavingServer) -> list[bytes]:
    return [request for request in server.requests if request != b"a connection"]


def test_a_server_that_goes_on_after_its_goodbye_may_have_taken_what_follows() -> None:
    goodbye = OK * 2 + b"421 4.3.2 bye\r\n" + b"503 what\r\n"
    messages = make_messages(6)
    with run_server(serve_first([OK * 4, goodbye, *[OK * 4] * 4], lambda client: None)) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED, Result.TEMPORARY] + [Result.UNKNOWN] * 4
    assert len(set(taken_by(server))) == len(taken_by(server))


def test_a_server_that_stays_after_its_goodbye_and_says_no_more_is_not_believed() -> None:
    goodbye, over = OK * 2 + b"421 4.3.2 bye\r\n", threading.Event()
    messages = make_messages(4)
    with run_server(serve_first([OK * 4, goodbye], lambda client: stay_until(over))) as server:
        outcomes = hand_over(make_channel(server.port, timeout=0.2), messages)
        over.set()
    assert results_of(outcomes, messages) == [Result.ACCEPTED, Result.TEMPORARY, Result.UNKNOWN, Result.UNKNOWN]


@pytest.mark.parametrize("half", [b"25", b"250", b"250 OK", b"250 OK\r\n25", b"250 OK\r\n" * 3 + b"250 O"])
def test_a_reply_that_broke_off_leaves_its_mail_in_doubt(half: bytes) -> None:
    messages = make_messages(2)
    with run_server(serve_first([OK * 4, half], lambda client: None)) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED, Result.UNKNOWN]


@pytest.mark.parametrize("odd", [b"252 maybe\r\n", b"450 4.2.0 no\r\n", b"+25\r\n"])
def test_a_mail_that_is_taken_against_a_refusal_is_in_doubt(odd: bytes) -> None:
    messages = make_messages(2)
    with run_server(serve_first([OK * 4, OK * 2 + odd + OK], lambda client: None)) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.ACCEPTED, Result.UNKNOWN]


def test_a_reply_without_an_end_is_left() -> None:
    messages = make_messages(1)
    with run_server(serve_first([OK * 2 + b"250-x\r\n" * 101], lambda client: None)) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert results_of(outcomes, messages) == [Result.UNKNOWN]


def test_a_reply_whose_lines_keep_coming_has_one_time_out() -> None:
    over = threading.Event()

    def drip(client: Chunked) -> None:
        with suppress(OSError):
            while not over.wait(0.05):
                client.say(b"250-still\r\n")

    messages = make_messages(2)
    with run_server(serve_first([OK * 4, OK * 3], drip)) as server:
        began = monotonic()
        outcomes = hand_over(make_channel(server.port, timeout=0.4), messages)
        took = monotonic() - began
        over.set()
    assert results_of(outcomes, messages) == [Result.ACCEPTED, Result.UNKNOWN]
    assert took < 3


@pytest.mark.parametrize(("answer", "dot"), [("252 maybe", False), ("550 5.1.1 no", True)])
def test_a_server_that_may_have_a_recipient_is_given_no_empty_mail(answer: str, dot: bool) -> None:
    messages = make_messages(1)
    with run_mail_server({"EHLO": TOGETHER, "RCPT": answer}) as server:
        outcomes = hand_over(make_channel(server.port), messages)
    assert outcomes[0].result in (Result.TEMPORARY, Result.PERMANENT)
    assert ("." in server.commands) is dot


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
def test_what_went_out_of_a_window_before_the_path_got_stuck_is_not_sent_again(
    encrypted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path holds less than a window, as one to another town does; the server takes four mails of it and stops."""
    connect = socket.create_connection

    def connect_far(*arguments: object, **more: object) -> socket.socket:
        far: socket.socket = connect(*arguments, **more)  # type: ignore[arg-type]
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        return far

    monkeypatch.setattr(socket, "create_connection", connect_far)
    certificate, context = make_certificate(tmp_path), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    over = threading.Event()
    serve_plain = serve_first([OK * 4] * 5, lambda client: stay_until(over))

    def serve(connection: socket.socket, shared: MisbehavingServer) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with context.wrap_socket(connection, server_side=True) if encrypted else connection as within:
            serve_plain(within, shared)

    messages = make_messages(9, ("a" * 70 + "\n") * 430)
    with run_server(serve) as server:
        outcomes = hand_over(make_channel(server.port, use_ssl=encrypted, timeout=0.5), messages)
        over.set()
    taken = taken_by(server)
    assert len(set(taken)) == len(taken) >= 5
    results = zip(messages, results_of(outcomes, messages), strict=True)
    surely_not = {message.reference for message, result in results if result is Result.TEMPORARY}
    assert not surely_not & {message_id.decode()[1:].partition("@")[0] for message_id in taken}


def make_certificate(folder: Path) -> Path:
    """For 127.0.0.1, signed by itself, with its key in the same file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stub")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    path = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + secret)
    return path
