"""The same work by several connections at once, each with a part of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import connection

CONNECTIONS: Final = 2
"""One for each core of the machine that the figures are of."""


def side_by_side(work: Callable[[int], None]) -> None:
    """Let `work` do part 0, 1, … up to CONNECTIONS at once. Raises what the first of them that failed raised."""

    def part(number: int) -> None:
        try:
            work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in pool.map(part, range(CONNECTIONS)):
            pass
