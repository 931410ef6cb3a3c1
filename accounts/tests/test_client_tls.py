"""Whose certificates are believed, over real TLS: without trust nothing leaves."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from accounts.outside.posts import Answer, Request
from accounts.tests.asking import post
from accounts.tests.servers import OK, Server, always, run_server

AUTHORITY = "An authority of this test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ca.pem`, and key and certificate of `localhost` in `server.pem`."""
    folder = tmp_path_factory.mktemp("tls")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY)])
    now = datetime.now(UTC)

    def certify(name: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        identifier = x509.SubjectKeyIdentifier.from_public_key
        return (
            x509.CertificateBuilder(ca_name, name, public, x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(identifier(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            .sign(ca_key, hashes.SHA256())
        )

    pem = serialization.Encoding.PEM
    bare = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    own = certify(named, key.public_key(), ca=False)
    (folder / "ca.pem").write_bytes(certify(ca_name, ca_key.public_key(), ca=True).public_bytes(pem))
    (folder / "server.pem").write_bytes(key.private_bytes(pem, *bare) + own.public_bytes(pem))
    return folder


@contextmanager
def run_tls_server(authority: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with run_server(always(OK), context) as server:
        yield server


def trust_only(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def test_a_server_whose_authority_is_trusted_is_posted_to_over_http_1(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_only(monkeypatch, authority / "ca.pem")
    with run_tls_server(authority) as server:
        assert post(*[Request(f"https://localhost:{server.port}/", {})] * 3) == [Answer(200, b"ok")] * 3
    assert {request.split(b"\r\n")[0] for request in server.requests} == {b"POST / HTTP/1.1"}
    assert len(server.connections) == 1


def test_one_whose_authority_is_not_trusted_gets_nothing(authority: Path) -> None:
    with run_tls_server(authority) as server:
        answers = post(*[Request(f"https://localhost:{server.port}/", {}, b"secret")] * 2)
    assert answers == [Answer(0, fault="certificate not trusted", left=False)] * 2
    assert server.requests == []


def test_one_that_has_another_name_gets_nothing(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authority / "ca.pem")
    with run_tls_server(authority) as server:
        [answer] = post(Request(f"https://127.0.0.1:{server.port}/", {}, b"secret"))
    assert (answer.left, answer.fault, server.requests) == (False, "certificate not trusted", [])


def test_one_without_tls_gets_nothing() -> None:
    with run_server(always(OK)) as server:
        [answer] = post(Request(f"https://127.0.0.1:{server.port}/", {}, b"secret"), answer_seconds=0.3)
    assert (answer.left, answer.status) == (False, 0)


def test_a_folder_of_authorities_is_looked_at_where_it_is_named(
    authority: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # OpenSSL looks authorities up by a digest of their name in small letters: X509_NAME_hash.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY.lower())]).public_bytes()[2:]
    digest = int.from_bytes(sha1(name).digest()[:4], "little")
    (tmp_path / f"{digest:08x}.0").write_bytes((authority / "ca.pem").read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with run_tls_server(authority) as server:
        assert post(Request(f"https://localhost:{server.port}/", {})) == [Answer(200, b"ok")]


def test_on_a_machine_without_authorities_those_of_certifi_are_believed(
    authority: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setattr("certifi.where", lambda: str(authority / "ca.pem"))
    with run_tls_server(authority) as server:
        assert post(Request(f"https://localhost:{server.port}/", {})) == [Answer(200, b"ok")]
