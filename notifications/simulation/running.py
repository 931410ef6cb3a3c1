"""Runs one person's ladders from day to day: the real calendar and ladder, a policy's rules, and dice for providers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from itertools import count

from notifications import calendar, ladder
from notifications.models import Delivery, Prompt
from notifications.simulation.book import Due, Person
from notifications.simulation.dice import Dice, Luck
from notifications.simulation.rules import Moved, Rules, Wish
from notifications.simulation.tally import Tally
from notifications.slots import working_days
from notifications.timing import at_local, local_day

Kind = Prompt.Kind
Status = Delivery.Status


@dataclass(eq=False, slots=True)
class _Telling:
    """One telling to come or past. `luck` is thrown when it goes out; the caps are asked then, as in life."""

    channel: str
    rung: int
    at: datetime
    moved: Moved
    luck: Luck | None = None
    was_capped: bool = False

    def seen_at(self, now: datetime) -> ladder.Telling:
        """As the ladder sees it at `now`."""
        status = Status.QUEUED
        if self.luck is not None:
            ended = Status.DELIVERED if self.luck.arrived else Status.FAILED
            status = ended if self.luck.known_at <= now else Status.SENT
        capped = self.luck is None and self.moved is Moved.CAPPED
        return ladder.Telling(self.channel, status, self.rung, self.at, capped)


@dataclass(eq=False, slots=True)
class _Prompt:
    """One prompt whose ladder runs until `is_over`."""

    due: Due
    kind: Kind
    stage: int
    course: ladder.Course
    rung: int
    tellings: list[_Telling] = field(default_factory=list)
    is_over: bool = False

    @property
    def name(self) -> str:
        return f"{self.due.due_on}:{self.due.firms}:{self.kind}:{self.stage}"


@dataclass(slots=True)
class Run:
    """The days of one person. What is to happen is a heap of moments; each step may add later ones."""

    person: Person
    rules: Rules
    dice: Dice
    tally: Tally
    steps: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    running: dict[tuple[Due, Kind], _Prompt] = field(default_factory=dict)
    contacts: dict[tuple[Kind, str], list[datetime]] = field(default_factory=dict)
    order: "count[int]" = field(default_factory=count)

    def go(self) -> None:
        """Play all days of the tally."""
        days = working_days(self.person.jurisdiction, self.person.zone)
        for due in self.person.dues:
            leads = self.rules.leads_of(due.plan)
            for lead in leads:
                self._plan_on(calendar.opens_on(due.due_on, lead, leads, days), due, Kind.UPCOMING, lead)
            for stage in self.rules.stages_of(due.plan):
                self._plan_on(due.due_on + timedelta(days=stage), due, Kind.OVERDUE, stage)
        while self.steps:
            now, _number, step = heappop(self.steps)
            step(now)

    def _at(self, moment: datetime, step: Callable[[datetime], None]) -> None:
        heappush(self.steps, (moment, next(self.order), step))

    def _plan_on(self, day: date, due: Due, kind: Kind, stage: int) -> None:
        if self.tally.first <= day <= self.tally.last:
            midnight = at_local(day, time.min, self.person.zone)
            self._at(midnight, lambda now: self._plan(due, kind, stage, now))

    def _plan(self, due: Due, kind: Kind, stage: int, now: datetime) -> None:
        """A later stage ends the ladder of an earlier one, as `overtaking` does."""
        if earlier := self.running.get((due, kind)):
            _end(earlier)
        if self._is_settled(due, now):
            return
        rungs = self._course(ladder.ladder_of(kind))
        first = rungs.order[0] if rungs.order else len(rungs.ladder.rungs)
        latest = self._latest(due, kind)
        prompt = self.running[due, kind] = _Prompt(due, kind, stage, rungs, first)
        if not rungs.order:
            self._look(prompt, now)
            return
        wished = self._after_the_firm(prompt, now, latest)
        if wished is None:
            _end(prompt)
            return
        moment = self._tell(prompt, first, wished, latest)
        last_try = self._last_try(prompt, moment)
        last_call = self.rules.hours(self.person, kind, now).last_open(latest, self.person.zone) if latest else None
        prompt.course = self._course(rungs.ladder, last_try, last_call)
        self._at(prompt.course.patience(first, moment), lambda then: self._look(prompt, then))

    def _course(
        self, rungs: ladder.Ladder, deadline: datetime | None = None, last_call: datetime | None = None
    ) -> ladder.Course:
        places = {self.person.first: 1} if self.person.first else None
        open_to = self.person.channels
        return ladder.Course.of(rungs, open_to=open_to, places=places, deadline=deadline, last_call=last_call)

    def _after_the_firm(self, prompt: _Prompt, now: datetime, latest: datetime | None) -> datetime | None:
        """From when on the portal tells it: at once, or when the firm's time is over; None where the firm told it."""
        turn = next((turn for turn in prompt.due.senders if turn.kind == prompt.kind), None)
        if turn is None:
            return now
        reported = self.dice.reports(f"{self.person.key}:{prompt.name}")
        self.tally.note_firm(local_day(now, self.person.zone), turn.firm, reported=reported)
        if reported:
            return None
        moment = self.rules.allow(Wish(self.person, prompt.kind, "", now, latest, ())).at
        room = self._last_try(prompt, moment) - moment
        return moment + min(timedelta(hours=turn.hours), room / 2)

    def _latest(self, due: Due, kind: Kind) -> datetime | None:
        """As `Prompt.latest`."""
        return calendar.end_of_due_day(due.due_on, self.person.zone) if kind in Prompt.BEFORE_DUE else None

    def _last_try(self, prompt: _Prompt, moment: datetime) -> datetime:
        """Until when channels are tried."""
        if prompt.kind != Kind.UPCOMING:
            return calendar.overdue_deadline(moment, self.person.zone)
        days = working_days(self.person.jurisdiction, self.person.zone)
        hours = self.rules.hours(self.person, prompt.kind, moment)
        return calendar.deadline(prompt.due.due_on, prompt.stage, self.person.zone, moment, days, hours)

    def _tell(self, prompt: _Prompt, rung: int, now: datetime, latest: datetime | None) -> datetime:
        """Put one telling into the days to come; returns when."""
        channel = str(prompt.course.ladder.rungs[rung].channel)
        allowed = self.rules.allow(Wish(self.person, prompt.kind, channel, now, latest, ()))
        telling = _Telling(channel, rung, allowed.at, allowed.moved)
        prompt.tellings.append(telling)
        self._at(allowed.at, lambda then: self._send(prompt, telling, then))
        return allowed.at

    def _send(self, prompt: _Prompt, telling: _Telling, now: datetime) -> None:
        if prompt.is_over or self._is_settled(prompt.due, now):
            _end(prompt)
            return
        contacts = self.contacts.setdefault((prompt.kind, telling.channel), [])
        allowed = self.rules.allow(Wish(self.person, prompt.kind, telling.channel, now, now, contacts))
        if allowed.at > now:
            if allowed.moved is Moved.CAPPED and not telling.was_capped:
                telling.was_capped = True
                self.tally.note_capped(local_day(now, self.person.zone), telling.channel)
            telling.at, telling.moved = allowed.at, allowed.moved
            self._at(allowed.at, lambda then: self._send(prompt, telling, then))
            return
        contacts.append(now)
        self.tally.note_telling(local_day(now, self.person.zone), telling.channel, telling.moved)
        telling.luck = self.dice.throw(f"{self.person.key}:{prompt.name}", telling.channel, now)
        self._at(telling.luck.known_at, lambda then: self._look(prompt, then))
        if telling.luck.answered_at:
            self._at(telling.luck.answered_at, lambda _then: _end(prompt))

    def _look(self, prompt: _Prompt, now: datetime) -> None:
        if prompt.is_over or self._is_settled(prompt.due, now):
            _end(prompt)
            return
        seen = [telling.seen_at(now) for telling in prompt.tellings]
        match ladder.decide(prompt.course, rung=prompt.rung, tellings=seen, now=now):
            case ladder.Wait(until):
                self._at(until, lambda then: self._look(prompt, then))
            case ladder.Climb(rung, _why):
                prompt.rung = rung
                moment = self._tell(prompt, rung, now, self._latest(prompt.due, prompt.kind))
                self._at(prompt.course.patience(rung, moment), lambda then: self._look(prompt, then))
            case ladder.Unreached(_why):
                self.tally.note_person(local_day(now, self.person.zone))
                _end(prompt)
            case ladder.Told():
                _end(prompt)

    def _is_settled(self, due: Due, now: datetime) -> bool:
        return due.settled_on is not None and due.settled_on <= local_day(now, self.person.zone)


def _end(prompt: _Prompt) -> None:
    """What is still to come of it does not go out."""
    prompt.is_over = True
