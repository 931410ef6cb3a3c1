"""An operator makes a firm known, and later changes what is known of it."""

import pytest
from django.core.management import CommandError, call_command

from loans.models import Partner

pytestmark = pytest.mark.django_db


def add(*args: str, kind: str = "bank") -> Partner:
    call_command("add_partner", "harbour", "--kind", kind, "--name", "Harbour Bank", *args, stdout=None)
    return Partner.objects.get()


def test_what_is_not_named_stays_as_it_was() -> None:
    assert add().phone == ""
    assert add("--phone", "+862112345678").phone == "+862112345678"
    assert add().phone == "+862112345678"
    assert add("--phone", "").phone == ""


def test_a_bank_does_not_become_a_platform() -> None:
    add()
    with pytest.raises(CommandError, match="cannot change"):
        add(kind="platform")
    assert Partner.objects.get().kind == "bank"
