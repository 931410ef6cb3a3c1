"""What is written as PostgreSQL's text of an array is read by it as the same values."""

from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications import arrays

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def read(literal: str, kind: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [literal])
        return list(cursor.fetchone()[0])


class TestArrays(TestCase):
    @given(st.lists(st.none() | WORDS | st.sampled_from(["NULL", "null", "", '"', "\\", "{}", ",", " "])))
    def test_texts(self, values: list[str | None]) -> None:
        assert read(arrays.texts(values), "text") == values

    @given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)))
    def test_numbers(self, values: list[int | None]) -> None:
        assert read(arrays.numbers(values), "bigint") == values

    @given(st.lists(st.booleans()))
    def test_booleans(self, values: list[bool]) -> None:
        assert read(arrays.booleans(values), "boolean") == values
