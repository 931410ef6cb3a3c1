from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.segments import BASIC, ESCAPED, fits, is_gsm, segments

GSM_TEXT = st.text(alphabet=sorted(BASIC | ESCAPED), max_size=500)


def test_an_empty_text_is_one_part() -> None:
    assert segments("") == 1


def test_the_default_alphabet_has_127_letters_and_an_escape() -> None:
    assert len(BASIC) == 127


def test_160_plain_letters_are_one_part_and_161_are_two() -> None:
    assert segments("a" * 160) == 1
    assert segments("a" * 161) == 2


def test_joined_parts_hold_153_plain_letters_each() -> None:
    assert segments("a" * 306) == 2
    assert segments("a" * 307) == 3


def test_a_euro_sign_takes_two_places() -> None:
    assert segments("€" * 80) == 1
    assert segments("€" * 80 + "a") == 2


def test_an_escaped_letter_is_not_split_between_two_parts() -> None:
    # 152 places are taken and the sign needs two of the 153: it moves on, and the last place stays empty.
    assert segments("a" * 152 + "€" + "a" * 151) == 2
    assert segments("a" * 152 + "€" + "a" * 152) == 3


def test_70_chinese_letters_are_one_part_and_71_are_two() -> None:
    assert segments("还" * 70) == 1
    assert segments("还" * 71) == 2
    assert segments("还" * 134) == 2
    assert segments("还" * 135) == 3


def test_one_foreign_letter_makes_the_whole_text_wide() -> None:
    assert segments("a" * 70 + "还") == 2


def test_an_emoji_takes_two_units_and_is_not_split() -> None:
    assert segments("😀" * 35) == 1
    assert segments("😀" * 36) == 2
    assert segments("还" * 66 + "😀" + "还" * 66) == 3


def test_a_text_fits_its_number_of_parts_and_no_fewer() -> None:
    assert fits("a" * 306, 2)
    assert not fits("a" * 307, 2)


@given(GSM_TEXT)
def test_text_in_the_default_alphabet_is_recognised(text: str) -> None:
    assert is_gsm(text)


@given(st.text(max_size=400), st.text(max_size=40))
def test_a_longer_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert segments(text + more) >= segments(text)


@given(st.text(min_size=1, max_size=600))
def test_every_part_is_used_and_none_overflows(text: str) -> None:
    wide = not is_gsm(text)
    width = sum(2 if (ord(letter) > 0xFFFF if wide else letter in ESCAPED) else 1 for letter in text)
    alone, joined = (70, 67) if wide else (160, 153)
    parts = segments(text)
    assert parts == 1 if width <= alone else parts * joined >= width > (parts - 1) * (joined - 1)
