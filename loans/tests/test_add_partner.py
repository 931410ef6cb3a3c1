"""An operator makes a firm known, and later changes what is known of it."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

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


def test_whether_a_firm_is_new_or_has_another_name_now_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Harbour Bank", "Habour Bank"):
        call_command("add_partner", "harbour", "--kind", "bank", "--name", name)
    assert capsys.readouterr().out.splitlines() == [
        "harbour: Harbour Bank (bank), new",
        "harbour: Habour Bank (bank), known before as Harbour Bank",
    ]


@pytest.mark.parametrize(
    ("name", "phone", "said"),
    [
        ("Harbour\r\nBcc: x@example.test", "", "--name holds a control character"),
        ("Harbour\u202e", "", "--name holds a control character"),
        (" ", "", "blank"),
        ("Harbour Bank", "400\n820", "--phone holds a control character"),
        ("Harbour Bank", "javascript:alert(1)", "--phone holds what nobody can dial"),
    ],
)
def test_what_no_subject_and_no_button_can_hold_is_refused(name: str, phone: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("add_partner", "harbour", "--kind", "bank", "--name", name, "--phone", phone)
    assert not Partner.objects.exists()


@pytest.mark.parametrize("code", ["Harbour", "HARBOUR", "ｈａｒｂｏｕｒ"])
def test_a_code_in_other_letters_is_no_second_firm(code: str) -> None:
    add()
    with pytest.raises(CommandError, match=rf"{code} is harbour in other letters.*write harbour"):
        call_command("add_partner", code, "--kind", "bank", "--name", "Another", "--another")
    assert Partner.objects.count() == 1


@pytest.mark.parametrize("name", ["Harbour Bank", "HARBOUR bank", "Ｈarbour Ｂank"])
def test_a_second_firm_of_a_name_is_made_only_where_that_is_said(name: str) -> None:
    add()
    with pytest.raises(CommandError, match=r"harbour has this name.*say --another"):
        call_command("add_partner", "harbour2", "--kind", "platform", "--name", name)
    assert Partner.objects.count() == 1
    call_command("add_partner", "harbour2", "--kind", "platform", "--name", name, "--another")
    call_command("add_partner", "harbour2", "--kind", "platform", "--name", name)
    assert Partner.objects.count() == 2


def test_the_database_keeps_a_code_in_other_letters_out() -> None:
    add()
    with pytest.raises(IntegrityError), transaction.atomic():
        Partner.objects.create(code="Harbour", kind="bank", name="Another")
