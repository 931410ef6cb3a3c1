"""The program with which a partner tries the interface, run against a live server whose sweep is running."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from loans import tasks
from loans.models import Loan, Partner
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import make_key

CHECK = Path(settings.BASE_DIR) / "bin" / "partner-check"


def check(url: str, code: str, secret: str, *bank: str) -> tuple[int, str]:
    """Its exit code and what it printed. Meanwhile what it pushes is applied."""
    command = [sys.executable, str(CHECK), url, code, "-", *bank]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin
        assert running.stdout
        running.stdin.write(f"{secret}\n")
        running.stdin.close()
        while running.poll() is None:
            tasks.apply_events()
            try:
                running.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
        return running.returncode, running.stdout.read()


@pytest.mark.parametrize("kind", [Partner.Kind.BANK, Partner.Kind.PLATFORM])
def test_a_partner_finds_every_check_passed(live_server: LiveServer, kind: Partner.Kind) -> None:
    partners = {Partner.Kind.BANK: make_bank(), Partner.Kind.PLATFORM: make_platform()}
    code, said = check(live_server.url, partners[kind].code, make_key(partners[kind]))
    assert code == 0, said
    assert "FAILED" not in said
    assert said.splitlines()[-1] == "20 checks passed, 0 failed"
    assert Loan.objects.get().external_id.startswith("CHECK-")


def test_where_several_banks_are_known_a_platform_names_one(live_server: LiveServer) -> None:
    make_bank()
    meridian = Partner.objects.create(code="meridian", kind=Partner.Kind.BANK, name="Meridian Bank")
    code, said = check(live_server.url, "lantern", make_key(make_platform()), "meridian")
    assert code == 0, said
    assert said.splitlines()[-1] == "20 checks passed, 0 failed"
    assert Loan.objects.get().bank == meridian


def test_who_has_another_key_is_told_what_fails(live_server: LiveServer) -> None:
    bank = make_bank()
    secret = make_key(bank)
    bank.keys.update(valid_until="2026-11-01T00:00Z", valid_from="2026-10-01T00:00Z")
    code, said = check(live_server.url, "harbour", secret)
    assert code == 1
    assert "FAILED  an opened loan is kept, answered 202 and applied: expected 202, got 401" in said


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("portal.example", "whsec_AAAA", "portal.example is no address of a portal: write it as https://"),
        ("http://127.0.0.1:1", "whsec_AAAAA", "The secret is not whole: it is whsec_ and what follows it"),
        ("http://127.0.0.1:1", "whsec_AAAA", "http://127.0.0.1:1 does not answer ("),
    ],
)
def test_what_cannot_be_checked_at_all_is_said_in_a_sentence(url: str, secret: str, said: str) -> None:
    command = [sys.executable, str(CHECK), url, "harbour", "-"]
    ran = subprocess.run(command, input=f"{secret}\n", capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(said)
    assert len(ran.stderr.splitlines()) == 1
