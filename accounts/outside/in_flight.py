"""Many asked at once, for a caller that takes what they say and writes it down meanwhile."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Told = TypeVar("Told")
Asked_contra = TypeVar("Asked_contra", contravariant=True)
Said_co = TypeVar("Said_co", covariant=True)


class Asking(Protocol[Asked_contra, Said_co]):
    """Whoever asks: so many at once as it was made for."""

    def start(self, item: Asked_contra, /) -> None:
        """Ask as soon as there is room."""

    def take(self) -> Sequence[Said_co]:
        """What has come; waits for the first. Raises what asking raised."""


def ask_many(asking: Asking[Item, Told], items: Iterable[Item], limit: int) -> Iterator[Told | None]:
    """What is told of each item, in the order of its coming; None after what had come together, so that the caller can
    write it down before it waits for more.

    `asking` asks no more than `limit` at once, and no more than half as many again are ready or answered and not yet
    taken: together, that is what a crash leaves in doubt. Items are taken in the caller's thread, as late as possible:
    they may come from a database.
    """
    waiting, room, out = iter(items), limit + max(1, limit // 2), 0
    while True:
        for item in islice(waiting, room - out):
            asking.start(item)
            out += 1
        if not out:
            return
        for told in asking.take():
            out -= 1
            yield told
        yield None


class Threads(Generic[Item, Told]):
    """Asks by a function that blocks, on threads. A context manager: what has not been asked when it is left never is,
    and what is being asked is waited for."""

    def __init__(self, ask: Callable[[Item], Told], limit: int) -> None:
        self._ask = ask
        self._threads = ThreadPoolExecutor(limit)
        self._ended: SimpleQueue[Future[Told]] = SimpleQueue()

    def start(self, item: Item) -> None:
        self._threads.submit(self._ask, item).add_done_callback(self._ended.put)

    def take(self) -> list[Told]:
        told = [self._ended.get().result()]
        while True:
            try:
                told.append(self._ended.get_nowait().result())
            except Empty:
                return told

    def __enter__(self) -> "Threads[Item, Told]":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
