"""Many requests at once, for a caller that takes their outcomes one by one and writes each down before the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def ask_many(
    loop: asyncio.AbstractEventLoop, ask: Callable[[Item], Awaitable[Answer]], items: Iterable[Item], limit: int
) -> Iterator[Answer | None]:
    """An answer for each item, in the order of their coming; None whenever there is no more to take at the moment, so
    that the caller can write down what it has before it waits.

    What is asked and not yet taken by the caller is never more than `limit`: that is what a crash leaves in doubt. The
    loop runs only while the caller waits, in the caller's thread; a second one would fight with it for the interpreter.
    Items are taken outside of the loop, as late as possible: they may come from a database.
    """
    waiting = iter(items)
    answers: deque[Answer] = deque()
    asked: set[asyncio.Task[Answer]] = set()

    async def answer(item: Item) -> Answer:
        return await ask(item)

    try:
        while True:
            while len(asked) + len(answers) < limit and (item := next(waiting, None)) is not None:
                asked.add(loop.create_task(answer(item)))
            if answers:
                yield answers.popleft()
            elif asked:
                yield None
                done, asked = loop.run_until_complete(asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED))
                answers.extend(task.result() for task in done)
            else:
                return
    finally:
        for task in asked:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*asked, return_exceptions=True))
