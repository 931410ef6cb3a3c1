"""The command that gives a partner a key."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from loans.api import keyring
from loans.encryption import decrypt
from loans.models import PartnerKey
from loans.tests.factories import make_bank
from loans.tests.pushing import event, push

pytestmark = pytest.mark.django_db


def rotate(*arguments: str) -> tuple[str, str]:
    """What it printed: the secret, and what is said beside it."""
    keyring.forget()
    out, err = StringIO(), StringIO()
    call_command("rotate_partner_key", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_it_prints_a_secret_that_signs() -> None:
    make_bank()
    secret, said = rotate("harbour")
    assert secret.startswith("whsec_")
    assert secret not in said
    assert decrypt(PartnerKey.objects.get().secret) == secret
    assert push("harbour", secret, event("outage.ended")).status_code == 202


def test_older_keys_count_as_long_as_was_said_and_no_longer() -> None:
    make_bank()
    old, _said = rotate("harbour")
    new, said = rotate("harbour", "--overlap", "3")
    key = PartnerKey.objects.get(valid_until__isnull=False)
    assert key.prefix in said
    assert key.valid_until
    assert timedelta(days=2.9) < key.valid_until - timezone.now() <= timedelta(days=3)
    assert {push("harbour", one, event("outage.ended")).status_code for one in (old, new)} == {202}
    rotate("harbour", "--overlap", "5")
    assert PartnerKey.objects.get(pk=key.pk).valid_until == key.valid_until
    last, _said = rotate("harbour", "--overlap", "0")
    answers = [push("harbour", one, event("outage.ended")).status_code for one in (old, new, last)]
    assert answers == [401, 401, 202]


@pytest.mark.parametrize("arguments", [("nobody",), ("harbour", "--overlap", "-1"), ("harbour", "--overlap", "nan")])
def test_a_mistake_makes_no_key(arguments: tuple[str, ...]) -> None:
    make_bank()
    with pytest.raises(CommandError):
        rotate(*arguments)
    assert not PartnerKey.objects.exists()
