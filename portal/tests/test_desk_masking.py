"""Addresses are masked in whatever words they stand, and quickly whatever the words are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.masking import mask_text

PHONE, EMAIL = "+8613812345678", "li.ming@example.test"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("550 5.1.1 <li.ming@example.test>: user unknown", "550 5.1.1 <l•••@example.test>: user unknown"),
        ("rcpt=li.ming%40example.test&x=1", "r•••@example.test&x=1"),
        ("call +8613812345678 now", "call +86•••••5678 now"),
        ("to=%2B8613812345678&type=1", "to=+86•••••5678&type=1"),
        ("0044 20 is not one, 00447911123456 is", "0044 20 is not one, +44•••••3456 is"),
        ("用户@例子.test", "用•••@例子.test"),
        ("err:000 at 12:30, id 4711", "err:000 at 12:30, id 4711"),
        ("", ""),
    ],
)
def test_what_looks_like_an_address_is_masked_and_the_rest_stays(written: str, shown: str) -> None:
    assert mask_text(written) == shown


@pytest.mark.parametrize(
    "written",
    ["13812345678", "8613812345678", "008613812345678", "%2B8613812345678", "+8613812345678", "138123=\r\n45678"],
)
def test_a_known_phone_is_masked_however_it_is_written(written: str) -> None:
    assert mask_text(f"<{written}>", [PHONE]) == "<+86•••••5678>"


@pytest.mark.parametrize(
    "written",
    [EMAIL, "LI.MING@Example.test", "li.ming=40example.test", "li.ming+40example.test", "li.min=\ng@exam=\nple.test"],
)
def test_a_known_email_is_masked_however_it_is_written(written: str) -> None:
    assert mask_text(f"<{written}>", [EMAIL]) == "<l•••@example.test>"


def test_a_short_number_that_is_known_hides_no_other_words() -> None:
    assert mask_text("err 12345", ["12345"]) == "err 12345"


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_around_it_brings_a_known_address_to_light(before: str, after: str) -> None:
    shown = mask_text(f"{before} {EMAIL} {PHONE} {after}", [EMAIL, PHONE])
    assert EMAIL not in shown.replace(before, "").replace(after, "")
    assert PHONE not in shown.replace(before, "").replace(after, "")


@pytest.mark.parametrize("filler", ["x", "@", ".", "a@", "%40", "+1", "a.b@c.", "=\n", "1"])
def test_a_hostile_text_is_masked_in_time(filler: str) -> None:
    text = filler * (64 * 1024 // len(filler))
    start = time.process_time()
    mask_text(text, [EMAIL, PHONE])
    assert time.process_time() - start < 1
