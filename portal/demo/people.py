"""The borrowers of the demonstration: five with a story, the others a crowd."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

CROWD_SEED: Final = 20
CROWD: Final = 55


@dataclass(frozen=True, slots=True)
class Person:
    """One borrower, as the bank's file describes them. The last four digits of a phone choose the sandbox's fault."""

    number: int
    name: str
    phone: str
    email: str
    locale: str = "zh-hans"
    time_zone: str = "Asia/Shanghai"


TOLD: Final = Person(1, "陈雨", "+8613800108801", "chen.yu@example.test")
DEAD_PHONE: Final = Person(2, "林梅", "+8613800110002", "lin.mei@example.test")
PAID: Final = Person(3, "Wang Jun", "+8613800108803", "wang.jun@example.test", locale="en")
UNREACHABLE: Final = Person(4, "趙嵐", "+8613800120009", "zhao.lan+bounce@example.test", locale="zh-hant")
NOT_TOLD: Final = Person(5, "Sun Hao", "+8613800108805", "sun.hao@example.test", locale="en")
STORIES: Final = (TOLD, DEAD_PHONE, PAID, UNREACHABLE, NOT_TOLD)

_FAMILY_NAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_GIVEN_NAMES: Final = ("伟", "芳", "娜", "敏", "静", "秀英", "丽", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "超")
_ELSEWHERE: Final = (
    ("Asia/Hong_Kong", "zh-hant"),
    ("Asia/Taipei", "zh-hant"),
    ("Europe/London", "en"),
    ("America/New_York", "en"),
    ("Pacific/Auckland", "en"),
)


def crowd() -> Iterator[Person]:
    """The others, the same at every start; every eleventh lives in another zone."""
    chance = random.Random(CROWD_SEED)  # noqa: S311
    for number in range(len(STORIES) + 1, len(STORIES) + CROWD + 1):
        name = chance.choice(_FAMILY_NAMES) + chance.choice(_GIVEN_NAMES)
        zone, locale = _ELSEWHERE[number // 11 % 5] if number % 11 == 0 else ("Asia/Shanghai", "zh-hans")
        yield Person(number, name, f"+861390{number:03d}{7000 + number}", f"b{number}@example.test", locale, zone)
