import contextlib
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.models import User
from accounts.phones import calling_code, is_landline, is_service_number, normalize_phone


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("13800138000", "+8613800138000"),
        (" 138-0013-8000 ", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("0086 138 0013 8000", "+8613800138000"),
        ("86 138 0013 8000", "+8613800138000"),
        ("+852 5123 4567", "+85251234567"),
        ("(+44) 20 7946 0958", "+442079460958"),
    ],
)
def test_a_number_is_kept_in_e164(written: str, kept: str) -> None:
    assert normalize_phone(written) == kept


@pytest.mark.parametrize("written", ["138001399", "+86138001380", "1380013800", "138001380001"])
def test_a_mainland_mobile_number_that_lacks_a_digit_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        normalize_phone(written)


@pytest.mark.parametrize(
    ("written", "kept"), [("010 6552 9988", "+861065529988"), ("0757 8318 6366", "+8675783186366")]
)
def test_a_number_with_its_area_code_is_none_of_those(written: str, kept: str) -> None:
    assert normalize_phone(written) == kept


@given(st.text(max_size=60))
@example("+1")
@example("tel:+")
def test_any_text_becomes_e164_or_is_refused(written: str) -> None:
    with contextlib.suppress(ValidationError):
        kept = normalize_phone(written)
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", kept)
        assert normalize_phone(kept) == kept


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["13800138000", "+0123456789", "+86 13800138000", "+12345", "", "x"])
def test_the_database_keeps_nothing_but_e164(phone: str) -> None:
    with pytest.raises(IntegrityError, match="user_phone_e164"):
        User.objects.bulk_create([User(phone=phone)])


@pytest.mark.parametrize(
    ("number", "landline"),
    [
        ("+862112345678", True),
        ("+85221234567", True),
        ("+442079460000", True),
        ("+8613800139999", False),
        ("+12125550123", False),
        ("+86", False),
        ("", False),
    ],
)
def test_a_landline_is_told_where_mobiles_have_other_numbers(number: str, landline: bool) -> None:
    assert is_landline(number) is landline


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+8613800139999", "+86"),
        ("+861", "+86"),
        ("+12125550123", "+1"),
        ("+85221234567", "+852"),
        ("+852", "+852"),
        ("+999", ""),
        ("+", ""),
        ("", ""),
        ("8613800139999", ""),
        ("+²", ""),
    ],
)
def test_the_code_of_a_country_is_read_from_the_first_digits(number: str, code: str) -> None:
    assert calling_code(number) == code


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        ("+864008101234", True),
        ("+868008101234", True),
        ("+8695588", True),
        ("+8696110", True),
        ("+18005551234", True),
        ("+448001234567", True),
        ("+8613800138000", False),
        ("+861065123456", False),
        ("+8695588123456", False),
        ("+14155552671", False),
        ("95588", False),
        ("", False),
    ],
)
def test_numbers_at_which_firms_are_called_are_known(number: str, is_one: bool) -> None:
    assert is_service_number(number) == is_one
