"""The sweep that posts what partners have not been told: claims, posts many at once, records as answers come.

No transaction and no lock on a row is held while anybody is talked to. What a worker that dies leaves behind is posted
again under the same webhook-id: events arrive at least once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from time import monotonic
from typing import Final

from django.db import transaction

from loans.models import OutwardDelivery
from loans.outward import endpoints
from loans.outward.claiming import Claimed, Outcome, claim, free_abandoned, record, release
from loans.outward.payload import body_of, event_as_json, headers_of
from loans.outward.posting import Answer, Post, post_all
from loans.outward.retrying import STRIKES_TO_REST, next_attempt
from loans.worker_lock import worker_lock

RECORD_AT_MOST: Final = 100
RECORD_WITHIN: Final = 0.5
"""Seconds that an answer waits for others: what is not recorded when a worker dies is posted again."""

Status = OutwardDelivery.Status


def send_waiting(*, clock: Callable[[], datetime], longest: float = 60.0) -> int:
    """Post what should have been posted by now, until nothing is left or `longest` seconds are over.

    Returns how many answers were recorded. `clock` tells the time, aware. Any number of workers may do so at once.
    """
    free_abandoned(now=clock())
    with worker_lock() as holder:
        run = Run(holder, clock, until=monotonic() + longest)
        done = sum(run.record(answers) for answers in _together(run.watch(post_all(run.posts()))))
        release(run.left, holder)
    return done


@dataclass(slots=True)
class Run:
    """One run of one worker. `failures` counts those in a row by endpoint; `left` was claimed and not posted."""

    holder: int
    clock: Callable[[], datetime]
    until: float
    claimed: dict[int, Claimed] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)
    failures: Counter[int] = field(default_factory=Counter)
    well: set[int] = field(default_factory=set)
    resting: set[int] = field(default_factory=set)
    news: list[tuple[int, Callable[[int, datetime], None]]] = field(default_factory=list)

    def posts(self) -> Iterator[Post]:
        """What there is to post, claimed as it is asked for."""
        while monotonic() < self.until and (batch := claim(self.holder, now=self.clock())):
            now = self.clock()
            secrets = endpoints.secrets_of({one.endpoint_id for one in batch}, now=now)
            for one in batch:
                signing = secrets[one.endpoint_id]
                if not signing:
                    endpoints.disable(one.endpoint_id, why="no secret of it can be read: give it a new one", now=now)
                if not signing or one.endpoint_id in self.resting or monotonic() >= self.until:
                    self.left.append(one.delivery_id)
                    continue
                self.claimed[one.delivery_id] = one
                yield _post(one, signing, self.clock())

    def watch(self, answers: Iterable[Answer | None]) -> Iterator[Answer | None]:
        """Pass them on, and note at once whose endpoint is not to be posted to any more."""
        for answer in answers:
            if answer is not None:
                self._note(self.claimed[answer.delivery_id].endpoint_id, answer)
            yield answer

    def record(self, answers: Sequence[Answer]) -> int:
        """Write down what became of these, and what has been noted of endpoints."""
        now = self.clock()
        outcomes = [judge(self.claimed.pop(answer.delivery_id), answer, now=now) for answer in answers]
        with transaction.atomic():
            recorded = record(outcomes, self.holder, now=now)
            while self.news:
                endpoint_id, change = self.news.pop(0)
                change(endpoint_id, now)
        return recorded

    def _note(self, endpoint_id: int, answer: Answer) -> None:
        if is_taken(answer):
            self.failures[endpoint_id] = 0
            if endpoint_id not in self.well:
                self.well.add(endpoint_id)
                self.news.append((endpoint_id, _well))
            return
        self.failures[endpoint_id] += 1
        if endpoint_id in self.resting:
            return
        gone = answer.status == HTTPStatus.GONE
        if gone or self.failures[endpoint_id] >= STRIKES_TO_REST:
            self.resting.add(endpoint_id)
            self.news.append((endpoint_id, _gone if gone else _rests))


def is_taken(answer: Answer) -> bool:
    """2xx is the only success."""
    return answer.status is not None and HTTPStatus(200) <= answer.status < HTTPStatus(300)


def judge(claimed: Claimed, answer: Answer, *, now: datetime) -> Outcome:
    """What an answer means for the event; after 410 it waits for its endpoint to be mended."""
    status = answer.status
    if is_taken(answer):
        return Outcome(claimed.delivery_id, Status.DELIVERED, status, "")
    reason = answer.why or f"answered {status}"
    if status == HTTPStatus.GONE:
        return Outcome(claimed.delivery_id, Status.WAITING, status, reason, now)
    again = next_attempt(claimed.attempts, now=now, asked=answer.asked)
    return Outcome(claimed.delivery_id, Status.DEAD if again is None else Status.WAITING, status, reason, again)


def _well(endpoint_id: int, _now: datetime) -> None:
    endpoints.note_well(endpoint_id)


def _gone(endpoint_id: int, now: datetime) -> None:
    endpoints.disable(endpoint_id, why="it answered 410 Gone", now=now)


def _rests(endpoint_id: int, now: datetime) -> None:
    endpoints.let_rest(endpoint_id, now=now)


def _post(one: Claimed, secrets: Sequence[str], now: datetime) -> Post:
    body = body_of(event_as_json(one.event_id, one.kind, one.occurred_at, one.data))
    return Post(one.delivery_id, one.url, body, headers_of(one.event_id, body, secrets, now=now))


def _together(answers: Iterable[Answer | None]) -> Iterator[list[Answer]]:
    """Answers in groups that are worth a transaction; the first of a group waits no longer than `RECORD_WITHIN`."""
    group: list[Answer] = []
    since = monotonic()
    for answer in answers:
        if answer is not None:
            since = since if group else monotonic()
            group.append(answer)
        if group and (len(group) >= RECORD_AT_MOST or monotonic() - since >= RECORD_WITHIN):
            yield group
            group = []
    if group:
        yield group
