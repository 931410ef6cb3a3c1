import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.outside.in_flight import ask_many


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 8))
def test_each_item_is_answered_once_and_no_more_than_is_allowed_are_in_doubt(delays: list[int], limit: int) -> None:
    asked: list[int] = []
    most = 0

    async def ask(number: int) -> int:
        asked.append(number)
        for _ in range(delays[number]):
            await asyncio.sleep(0)
        return number

    taken: list[int] = []
    with asyncio.Runner() as runner:
        for number in ask_many(runner.get_loop(), ask, range(len(delays)), limit):
            most = max(most, len(asked) - len(taken))
            if number is not None:
                taken.append(number)
    assert sorted(taken) == list(range(len(delays)))
    assert asked == list(range(len(delays)))
    assert most <= limit + max(1, limit // 2)


def test_nothing_goes_on_once_the_caller_has_stopped(loop: asyncio.AbstractEventLoop) -> None:
    finished: list[int] = []

    async def ask(number: int) -> int:
        await asyncio.sleep(number * 1000)
        finished.append(number)
        return number

    answers = ask_many(loop, ask, range(10), 4)
    assert [next(answers), next(answers)] == [0, None]
    answers.close()  # type: ignore[attr-defined]  # it is a generator
    assert finished == [0]
    assert asyncio.all_tasks(loop) == set()


def test_a_fault_in_asking_reaches_the_caller(loop: asyncio.AbstractEventLoop) -> None:
    async def ask(number: int) -> int:
        await asyncio.sleep(0)
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        list(ask_many(loop, ask, range(3), 2))
