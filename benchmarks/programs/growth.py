"""`growth`: planning, claiming and the first page beside years of history, against none; a month of it removed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import pgtrigger
from django.db import transaction

from benchmarks.bench import Bench
from benchmarks.book import make_book
from benchmarks.figures import Figure
from benchmarks.history import PERIODS, make_history
from benchmarks.measure import Trial, alternate, compare, timed
from benchmarks.product import DELIVERIES, EVENTS, PLANNED, PROMPTS, TOLD, purge_before, seal_events
from benchmarks.programs.claim import claim
from benchmarks.programs.planning import time_planning
from benchmarks.tables import checkpoint, count, empty, execute, leave_unchecked, scalar, settle
from benchmarks.twins import clone, current_name, remove, url_of, use
from benchmarks.web.pages import Readers
from benchmarks.web.server import sign_in, web_server
from benchmarks.worker import Workers, workers

PARTS: Final = ("planning", "claim", "page")
_MONTHS: Final = f"SELECT count(DISTINCT date_trunc('month', planned_at)) FROM {PROMPTS}"


def run(bench: Bench) -> Iterator[Figure]:
    """One figure a part, whose limit is the same without history; `growth` is the least of them."""
    name = current_name()
    twin = f"{name}_grown"
    n = make_book(bench.size.growth, now=bench.now, past=PERIODS)
    empty(*TOLD)
    people = range(1, min(n, bench.size.page_borrowers) + 1)
    cookies = sign_in(people)
    clone(name, twin)
    with ExitStack() as stack:
        stack.callback(remove, twin)
        stack.callback(use, name)
        use(twin)
        history = make_history(bench.size.growth_history)
        young, old = (_open(bench, stack, database, cookies) for database in (name, twin))
        contestants: dict[str, Callable[[], Trial]] = {}
        for part in PARTS:
            contestants |= {f"{part} without": getattr(young, part), part: getattr(old, part)}
        series = alternate(bench.size.times, contestants)
        figures = [compare(f"growth.{part}", series[part], limit=series[f"{part} without"]) for part in PARTS]
        yield from figures
        least = min(figures, key=lambda figure: figure.of_limit or 0.0)
        yield Figure(name="growth", n=history, of_limit=least.of_limit, notes=f"the least of the parts: {least.name}")
        use(twin)
        rounds = max(1, min(bench.size.times, scalar(_MONTHS) // 2))
        purges = alternate(rounds, {"ours": lambda: purge_next(bench.now), "limit": delete_next})
    yield compare("growth.purge", purges["ours"], limit=purges["limit"])


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two databases, with workers and a web server of its own."""

    bench: Bench
    database: str
    pool: Workers
    readers: Readers
    last: int
    """The last prompt of the history."""

    def planning(self) -> Trial:
        """A day is planned; what an earlier round has planned is taken away first."""
        use(self.database)
        self._forget()
        return time_planning(self.pool, self.bench.size.growth)

    def claim(self) -> Trial:
        """What was planned is claimed."""
        use(self.database)
        settle(*PLANNED)
        return claim(self.pool, self.bench.size.growth)

    def page(self) -> Trial:
        use(self.database)
        return self.readers.look_at_news(self.bench.size.growth_page_rounds)[0]

    def _forget(self) -> None:
        with transaction.atomic(), pgtrigger.ignore():
            leave_unchecked()
            execute(f"DELETE FROM {EVENTS} WHERE prompt_id > %s", [self.last])
            execute(f"DELETE FROM {DELIVERIES} WHERE prompt_id > %s", [self.last])
            execute(f"DELETE FROM {PROMPTS} WHERE id > %s", [self.last])
        settle(*PLANNED)
        checkpoint()


def _open(bench: Bench, stack: ExitStack, database: str, cookies: Mapping[int, str]) -> Side:
    url = url_of(database)
    pool = stack.enter_context(workers(bench.logs, bench.now, DATABASE_URL=url))
    port = stack.enter_context(web_server(bench.logs, f"web-{database}", DATABASE_URL=url))
    use(database)
    return Side(bench, database, pool, Readers(port, cookies), scalar(f"SELECT COALESCE(max(id), 0) FROM {PROMPTS}"))


def purge_next(now: datetime) -> Trial:
    """The oldest month, by the product, with the VACUUM that gives its room back."""
    seal_events(now)
    month = _after_oldest()
    return _timed(lambda: purge_before(month, now))


def delete_next() -> Trial:
    """The oldest month, by three plain DELETEs and the same VACUUM."""
    month = _after_oldest()

    def delete() -> None:
        with transaction.atomic(), pgtrigger.ignore():
            execute(f"DELETE FROM {EVENTS} WHERE at < %s", [month])
            execute(
                f"DELETE FROM {DELIVERIES} WHERE prompt_id IN (SELECT id FROM {PROMPTS} WHERE planned_at < %s)", [month]
            )
            execute(f"DELETE FROM {PROMPTS} WHERE planned_at < %s", [month])

    return _timed(delete)


def _timed(work: Callable[[], object]) -> Trial:
    checkpoint()
    before = count(PROMPTS)

    def remove() -> None:
        work()
        for table in PLANNED:
            execute(f"VACUUM {table}")

    trial = timed(0, remove)
    return replace(trial, n=before - count(PROMPTS))


def _after_oldest() -> date:
    oldest: datetime = scalar(f"SELECT min(planned_at) FROM {PROMPTS}")
    return (oldest.date().replace(day=1) + timedelta(days=32)).replace(day=1)
