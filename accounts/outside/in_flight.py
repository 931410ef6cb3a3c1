"""Many requests at once, for a caller that takes their outcomes and writes them down meanwhile."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import uvloop

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def make_runner() -> asyncio.Runner:
    """A loop for requests: libuv's takes a fifth less of a worker's time for one than Python's own."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def ask_many(
    loop: asyncio.AbstractEventLoop, ask: Callable[[Item], Awaitable[Answer]], items: Iterable[Item], limit: int
) -> Iterator[Answer | None]:
    """An answer for each item, in the order of their coming; None after those that had come together, so that the
    caller can write them down before it waits for more.

    No more than `limit` are asked at once, and no more than half as many again are ready or answered and not yet
    taken: together, that is what a crash leaves in doubt. The loop runs in a thread of its own, so that answers come
    while the caller waits for its database. Items are taken in the caller's thread, as late as possible: they may come
    from a database.
    """
    waiting, room, out = iter(items), limit + max(1, limit // 2), 0
    with _Loop(loop, ask, limit) as asking:
        while True:
            if fresh := list(islice(waiting, room - out)):
                asking.give(fresh)
                out += len(fresh)
            if not out:
                return
            for answer in asking.take():
                out -= 1
                yield answer
            yield None


class _Loop(Generic[Item, Answer]):
    """The loop in its thread, and the tasks that ask. What has not been asked when it is left never is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ask: Callable[[Item], Awaitable[Answer]], limit: int) -> None:
        self._loop, self._ask, self._limit = loop, ask, limit
        self._answers = SimpleQueue[Answer | BaseException]()
        self._thread = threading.Thread(target=loop.run_until_complete, args=(self._run(),), name="asking", daemon=True)

    def give(self, items: Sequence[Item]) -> None:
        self._loop.call_soon_threadsafe(self._put, items)

    def take(self) -> Iterator[Answer]:
        """Those that are there; waits for the first. Raises what asking raised."""
        answer = self._answers.get()
        while True:
            if isinstance(answer, BaseException):
                raise answer
            yield answer
            try:
                answer = self._answers.get_nowait()
            except Empty:
                return

    def __enter__(self) -> "_Loop[Item, Answer]":
        self._ready, self._over = asyncio.Queue[Item](), asyncio.Event()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        asking = [self._loop.create_task(self._ask_on()) for _ in range(self._limit)]
        await self._over.wait()
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask_on(self) -> None:
        while True:
            item = await self._ready.get()
            try:
                self._answers.put(await self._ask(item))
            except (Exception, asyncio.CancelledError) as fault:
                if self._over.is_set():
                    raise
                self._answers.put(fault)

    def _put(self, items: Sequence[Item]) -> None:
        for item in items:
            self._ready.put_nowait(item)
