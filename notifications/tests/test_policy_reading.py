"""Mistakes in policy files are refused with their place, and nothing else happens."""

import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.policy import PolicyError, Rule
from notifications.policy_files import SHIPPED
from notifications.policy_reading import read_rules, rules_in

TEXTS = {path.stem: path.read_text("utf-8") for path in SHIPPED.glob("*.toml")}
FIGURE = 'citation = "a law"\nvalid_from = 2020-01-01\nmark = "V"\n'
HOURS = {
    purpose: f'[[{purpose}.hours]]\nvalue = "08:00-20:00"\n{FIGURE}\n'
    for purpose in ("service", "statutory", "collection")
}


def read(more: str = "") -> tuple[Rule, ...]:
    return read_rules("".join(HOURS.values()) + more, "xx", "xx.toml")


def test_hours_for_each_purpose_are_all_that_a_file_needs() -> None:
    assert [rule.id for rule in read()] == [
        "xx/service/hours/2020-01-01",
        "xx/statutory/hours/2020-01-01",
        "xx/collection/hours/2020-01-01",
    ]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ("[[colection.hours]]", r"xx\.toml: 'colection' has no meaning here\. The nearest name is 'collection'"),
        ("[[collection.ours]]", r"xx\.toml \[collection\]: 'ours' .* nearest name is 'hours'"),
        ("[[collection.caps.smss.day]]", r"\[collection\.caps\]: 'smss' .* nearest name is 'sms'"),
        ("[[collection.caps.sms.month]]", r"\[collection\.caps\.sms\]: 'month' .* there are day, week"),
        ("[[collection.notices.default]]", r"\[collection\]: 'notices' has no meaning"),
        ("[[disputes.complain]]", r"\[disputes\]: 'complain' .* nearest name is 'complaint'"),
        ("[collection.caps.sms]\nday = 3", r"\[collection\.caps\.sms\.day\]: a figure is a table of its own"),
        ("[[disputes]]", r"\[disputes\]: this must hold objection, objection_extended"),
        (f"[[collection.caps.sms.day]]\nvalue = 0\n{FIGURE}", r"sms\.day\]: value must be a whole number from 1"),
        (f"[[collection.caps.sms.day]]\nvalue = true\n{FIGURE}", "value must be a whole number"),
        (f"[[collection.caps.sms.day]]\nvalue = 2.0\n{FIGURE}", "value must be a whole number"),
        (f"[[collection.caps.sms.day]]\n{FIGURE}", r"sms\.day\]: value is missing"),
        (f"[[collection.cool_off.voice]]\nvalue = 99999\n{FIGURE}", "from 1 to 3660"),
        (f"[[collection.cool_off.voice]]\nvalue = 7\ncitaton = 1\n{FIGURE}", "nearest name is 'citation'"),
        (f"[[statutory.notices.default]]\nvalue = 14\n{FIGURE}", "when is missing"),
        (f'[[statutory.notices.default]]\nvalue = 14\nwhen = "then"\n{FIGURE}', "one of before, after"),
        (f'[[statutory.notices.default]]\nvalue = 0\nwhen = "after"\n{FIGURE}', "from 1 to"),
        (f'[[disputes.complaint]]\nvalue = 8\nunit = "weeks"\n{FIGURE}', "one of days, months"),
        (f'[[service.hours]]\nvalue = "22:00-08:00"\n{FIGURE}', r"\[service\.hours\] no\. 2: .*never open"),
        (f'[[service.hours]]\nvalue = "all day"\n{FIGURE}', "write them as 08:00-22:00"),
        (f"[[service.hours]]\nvalue = 8\n{FIGURE}", "value must be one line of text"),
        (f'[[service.hours]]\nvalue = "08:00-21:00"\n{FIGURE}', r"xx/service/hours/2020-01-01: which one holds\?"),
        (f"x = {'[' * 5000}", "not a TOML file"),
        (f"x = {'9' * 5000}", "not a TOML file"),
    ],
)
def test_a_mistake_is_refused_with_its_place(more: str, refusal: str) -> None:
    with pytest.raises(PolicyError, match=refusal) as refused:
        read(more)
    assert str(refused.value).startswith("xx.toml")


@pytest.mark.parametrize(
    ("line", "instead", "refusal"),
    [
        ('citation = "a law"', "", "citation is missing"),
        ('citation = "a law"', 'citation = " "', "citation must be one line of text"),
        ('citation = "a law"', 'citation = "a\\nb"', "citation must be one line of text"),
        ("valid_from = 2020-01-01", "", "valid_from is missing"),
        ("valid_from = 2020-01-01", 'valid_from = "2020-01-01"', "without quotation marks"),
        ("valid_from = 2020-01-01", "valid_from = 2020-01-01T00:00:00", "must be a day"),
        ("valid_from = 2020-01-01", "valid_from = 2020-02-30", "not a TOML file"),
        ('mark = "V"', "", "mark is missing"),
        ('mark = "V"', 'mark = "X"', "mark must be one of V, S, R, O"),
        ('mark = "V"', 'mark = ["V"]', "mark must be one of V, S, R, O"),
        ('mark = "V"', 'mark = "V"\nnote = ""', "note must be one line of text"),
    ],
)
def test_a_figure_without_its_source_is_refused(line: str, instead: str, refusal: str) -> None:
    figure = f"[[collection.caps.sms.day]]\nvalue = 3\n{FIGURE}".replace(line, instead)
    with pytest.raises(PolicyError, match=refusal):
        read(figure)


def test_all_mistakes_of_a_file_are_named_at_once() -> None:
    document = """
        [[service.hours]]
        value = "22:00-08:00"
        citation = " "
        valid_from = "2020-01-01"
        [[statutory.notices.default]]
        citaton = "a law"
        [[colection.hours]]
        [collection.caps.sms]
        day = 3
    """
    with pytest.raises(PolicyError) as refused:
        read_rules(document, "xx", "xx.toml")
    hours, notice = "xx.toml [service.hours]: ", "xx.toml [statutory.notices.default]: "
    expected = [
        hours + "valid_from must be a day, such as 2025-02-28 without quotation marks.",
        hours + "citation must be one line of text.",
        hours + "mark is missing: it must be one of V, S, R, O.",
        hours + "Contact hours that never open",
        notice + "'citaton' has no meaning here. The nearest name is 'citation'",
        notice + "when is missing: it must be one of before, after.",
        notice + "valid_from is missing: it must be a day",
        notice + "citation is missing: it must be one line of text.",
        notice + "mark is missing",
        notice + "value is missing: it must be a whole number from 0 to 3660.",
        "xx.toml: 'colection' has no meaning here. The nearest name is 'collection'",
        "xx.toml [collection.caps.sms.day]: a figure is a table of its own: write [[collection.caps.sms.day]] above",
        "xx.toml: xx has no contact hours: add [[statutory.hours]] with a figure.",
        "xx.toml: xx has no contact hours: add [[collection.hours]] with a figure.",
    ]
    found = str(refused.value).split("\n")
    assert tuple(found) == refused.value.faults
    assert {one for one in expected if not any(line.startswith(one) for line in found)} == set()
    assert len(found) == len(expected)


@pytest.mark.parametrize("purpose", ["service", "statutory", "collection"])
def test_a_purpose_without_hours_is_refused(purpose: str) -> None:
    others = "".join(hours for other, hours in HOURS.items() if other != purpose)
    caps = f"[[{purpose}.caps.sms.day]]\nvalue = 3\n{FIGURE}"
    with pytest.raises(PolicyError, match=rf"^xx\.toml: xx has no contact hours: add \[\[{purpose}\.hours\]\]"):
        read_rules(others + caps, "xx", "xx.toml")


class TestADayAndItsWeek:
    @staticmethod
    def cap(span: str, most: int, day: str) -> str:
        return f'[[collection.caps.sms.{span}]]\nvalue = {most}\ncitation = "a"\nvalid_from = {day}\nmark = "V"\n'

    def test_a_day_may_have_as_many_as_its_week(self) -> None:
        assert len(read(self.cap("day", 3, "2020-01-01") + self.cap("week", 3, "2021-01-01"))) == 5

    def test_but_not_more(self) -> None:
        with pytest.raises(PolicyError, match="from 2021-01-01 on, collection by sms has a cap of 4 a day and of 3"):
            read(self.cap("day", 4, "2020-01-01") + self.cap("week", 3, "2021-01-01"))

    def test_at_any_time(self) -> None:
        week = self.cap("week", 5, "2020-01-01") + self.cap("week", 3, "2022-01-01")
        with pytest.raises(PolicyError, match="from 2022-01-01 on"):
            read(week + self.cap("day", 4, "2021-01-01"))

    def test_figures_that_hold_at_different_times_do_not_meet(self) -> None:
        day = self.cap("day", 4, "2020-01-01") + self.cap("day", 2, "2022-01-01")
        assert read(day + self.cap("week", 3, "2022-01-01"))


def reads_or_refuses(read_it: Callable[[], tuple[Rule, ...]]) -> None:
    """Anything else that is raised fails the test."""
    rules: tuple[Rule, ...] = ()
    refusal = "xx.toml"
    try:
        rules = read_it()
    except PolicyError as error:
        refusal = str(error)
    assert refusal.startswith("xx.toml")
    assert all(rule.id.startswith("xx/") for rule in rules)


@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_a_file_with_any_text_changed_is_read_or_refused(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]
    for _change in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 30))
        text = (
            text[:place]
            + data.draw(st.text(max_size=10) | st.sampled_from(["[[", "]]", '"', "\n"]))
            + text[place + length :]
        )
    reads_or_refuses(lambda: read_rules(text, "xx", "xx.toml"))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below `node`."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [place for key in keys for place in [(node, key), *places(node[key])]]


@given(st.sampled_from(sorted(TEXTS)), st.data(), values, st.sampled_from(["replace", "remove", "rename", "repeat"]))
def test_a_file_with_any_value_changed_is_read_or_refused(name: str, data: st.DataObject, value: Any, how: str) -> None:
    document = deepcopy(tomllib.loads(TEXTS[name]))
    container, key = data.draw(st.sampled_from(places(document)))
    if how == "replace":
        container[key] = value
    elif how == "repeat" and isinstance(container, list):
        container.append(container[key])
    elif how == "rename" and isinstance(container, dict):
        container[data.draw(st.text(max_size=12))] = container.pop(key)
    else:
        del container[key]
    reads_or_refuses(lambda: rules_in(document, "xx", "xx.toml"))
