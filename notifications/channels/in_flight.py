"""Many requests at once, for a caller that takes their outcomes one by one and writes each down before the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def ask_many(
    loop: asyncio.AbstractEventLoop, ask: Callable[[Item], Awaitable[Answer]], items: Sequence[Item], limit: int
) -> Iterator[Answer]:
    """An answer for each item, in the order of their coming.

    What is asked and not yet taken by the caller is never more than `limit`: that is what a crash leaves in doubt. The
    loop runs only while the caller waits, in the caller's thread; a second one would fight with it for the interpreter.
    """
    answers: deque[Answer] = deque()
    something = asyncio.Event()
    places = asyncio.Semaphore(limit)
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await places.acquire()
            answers.append(await ask(item))
            something.set()

    workers = [loop.create_task(work()) for _ in range(min(limit, len(items)))]
    for worker in workers:
        worker.add_done_callback(lambda _: something.set())
    try:
        for _ in items:
            while not answers:
                something.clear()
                loop.run_until_complete(something.wait())
                _raise_if_broken(workers)
            yield answers.popleft()
            places.release()
    finally:
        for worker in workers:
            worker.cancel()
        loop.run_until_complete(asyncio.gather(*workers, return_exceptions=True))


def _raise_if_broken(workers: list[asyncio.Task[None]]) -> None:
    for worker in workers:
        if worker.done() and not worker.cancelled() and (error := worker.exception()) is not None:
            raise error
