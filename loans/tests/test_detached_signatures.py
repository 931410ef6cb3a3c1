"""A file is taken in only with the signature of its partner, once the partner has a key."""

import base64
import io
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError
from django.utils import timezone

from loans.intake.reports import Outcome, receive_file
from loans.models import FileKey, Partner, Report, StatementLine
from loans.tests.camt_files import write_statement
from loans.tests.factories import make_bank
from loans.tests.import_runs import run
from loans.tests.test_statement_reading import ENTRY

pytestmark = pytest.mark.django_db
CONTENT = write_statement([ENTRY])


def make_key(partner: Partner, *, since: int = -1, until: int | None = None) -> Ed25519PrivateKey:
    """A key that is valid from so many days from now, and until so many days from now."""
    secret, now = Ed25519PrivateKey.generate(), timezone.now()
    FileKey.objects.create(
        partner=partner,
        name=f"key {FileKey.objects.count()}",
        public_key=secret.public_key().public_bytes_raw().hex(),
        valid_from=now + timedelta(days=since),
        valid_until=None if until is None else now + timedelta(days=until),
    )
    return secret


def send(signature: bytes | None, content: bytes = CONTENT) -> Outcome:
    return receive_file("harbour", "statement", "053.xml", io.BytesIO(content), signature=signature)


def refused(signature: bytes | None, content: bytes = CONTENT) -> str:
    outcome = send(signature, content)
    (refusal,) = outcome.refusals
    kept = Report.objects.get(pk=outcome.report_id)
    assert (refusal.code, kept.status, b"".join(kept.raw())) == ("signature", "refused", content)
    assert not StatementLine.objects.exists()
    return refusal.reason


@pytest.mark.parametrize("written", [bytes, bytes.hex, base64.b64encode, lambda raw: base64.b64encode(raw) + b"\n"])
def test_a_signature_of_the_partners_key_is_good_in_every_spelling(written: object) -> None:
    said = written(make_key(make_bank()).sign(CONTENT))  # type: ignore[operator]
    assert send(said.encode() if isinstance(said, str) else said).refusals == []
    kept = Report.objects.get()
    assert (kept.status, kept.signed_by, kept.signature is not None) == ("applied", FileKey.objects.get(), True)


def test_a_partner_without_a_key_need_not_sign() -> None:
    make_bank()
    assert send(None).refusals == []
    assert Report.objects.get().signed_by is None


def test_unsigned_is_refused_and_kept() -> None:
    make_key(make_bank())
    assert "is not signed" in refused(None)


@pytest.mark.parametrize(
    "signature", [b"", b"x", b"x" * 64, b"\xff" * 80, base64.b64encode(b"x" * 63), b"00" * 64, b"zz" * 64]
)
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    make_key(make_bank())
    assert "the signature is not" in refused(signature)


def test_a_signature_of_other_bytes_or_of_another_partners_key_is_refused() -> None:
    secret = make_key(make_bank())
    other = make_key(Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other"))
    assert "not by a valid key" in refused(secret.sign(CONTENT + b" "))
    assert "not by a valid key" in refused(other.sign(CONTENT))


def test_while_keys_change_both_are_good_and_afterwards_only_the_new_one() -> None:
    bank = make_bank()
    old, new, gone, coming = make_key(bank, until=1), make_key(bank), make_key(bank, until=0), make_key(bank, since=1)
    assert "not by a valid key" in refused(gone.sign(CONTENT))
    assert "not by a valid key" in refused(coming.sign(CONTENT))
    assert send(old.sign(CONTENT)).refusals == []
    assert send(new.sign(CONTENT + b"\n"), CONTENT + b"\n").refusals == []


def test_a_partner_whose_keys_have_all_ended_must_sign_all_the_same() -> None:
    make_key(make_bank(), until=0)
    assert "is not signed" in refused(None)


def test_what_was_refused_unsigned_is_taken_in_when_the_signature_comes() -> None:
    secret = make_key(make_bank())
    refused(None)
    assert send(secret.sign(CONTENT)).refusals == []
    assert (Report.objects.get().status, StatementLine.objects.count()) == ("applied", 1)
    assert send(None).refusals != []
    assert Report.objects.get().status == "applied"


def test_the_command_finds_the_signature_beside_the_file(tmp_path: Path) -> None:
    secret, path = make_key(make_bank()), tmp_path / "053.xml"
    path.write_bytes(CONTENT)
    assert run("import_statement", path).code == 2
    Path(f"{path}.sig").write_bytes(secret.sign(CONTENT))
    assert run("import_statement", path).code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"x" * 64)
    path.write_bytes(CONTENT + b"\n")
    assert run("import_statement", path, "--signature", elsewhere).code == 2


def test_a_signature_that_is_named_and_not_there_stops_the_command(tmp_path: Path) -> None:
    make_bank()
    path = tmp_path / "053.xml"
    path.write_bytes(CONTENT)
    with pytest.raises(CommandError, match="there is no such file of a signature"):
        run("import_statement", path, "--signature", tmp_path / "053.sgi")
    assert not Report.objects.exists()
