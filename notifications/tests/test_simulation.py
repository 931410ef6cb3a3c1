"""What a policy would have done to a past book: the ladders as they are, by dice instead of providers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.calendar import AT_ANY_HOUR
from notifications.ladder import Course, ladder_of
from notifications.models import Prompt
from notifications.policy import PolicyError
from notifications.simulation.book import Due, FirmsTurn, Person
from notifications.simulation.dice import Dice, Luck
from notifications.simulation.drawing import WIDTH, bar, draw
from notifications.simulation.rules import Allowed, Moved, Rules, Wish, rules_of
from notifications.simulation.running import Run, _Prompt
from notifications.simulation.tally import Tally
from notifications.slots import Plan
from notifications.timing import ContactHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
DUE = date(2026, 3, 10)
BOTH = frozenset({"sms", "email"})
FILE = """
[[service.hours]]
value = "09:00-20:00"
citation = "ours"
valid_from = 2000-01-01
mark = "O"

[[service.caps.sms.day]]
value = 1
citation = "ours"
valid_from = 2000-01-01
mark = "O"

[[statutory.hours]]
value = "09:00-20:00"
citation = "ours"
valid_from = 2000-01-01
mark = "O"

[[collection.hours]]
value = "09:00-20:00"
citation = "ours"
valid_from = 2000-01-01
mark = "O"
"""
SURE = Dice(rates={"sms": 1.0, "email": 1.0}, answering=0.0)
RULES = rules_of("cn")


def person(*dues: Due, channels: frozenset[str] = BOTH) -> Person:
    return Person("B-1", SHANGHAI, "cn", channels, list(dues) or [Due(DUE, "harbour", DUE)])


def play(
    who: Person, *, dice: Dice = SURE, rules: Rules = RULES, first: date = DUE - timedelta(days=10), days: int = 40
) -> Tally:
    tally = Tally(first, first + timedelta(days=days))
    Run(who, rules, dice, tally).go()
    return tally


def went(tally: Tally) -> dict[tuple[int, str], int]:
    """How many went out, by days before (or, negative, after) the due date and channel."""
    return {((DUE - day).days, channel): count.went for (day, channel), count in tally.counts.items()}


def test_each_stage_goes_by_sms_and_unanswered_by_email_until_the_day_it_is_paid() -> None:
    tally = play(person())
    assert went(tally) == {(days, channel): 1 for days in (7, 3, 1) for channel in ("sms", "email")}
    assert tally.persons == {}


def test_one_that_is_never_paid_is_told_on_the_day_and_after_it() -> None:
    tally = play(person(Due(DUE, "harbour", None)))
    assert {days for days, _channel in went(tally)} == {7, 3, 1, 0, -1, -3, -7}


def test_who_answers_is_not_told_again_at_that_stage() -> None:
    tally = play(person(), dice=replace(SURE, answering=1.0))
    emails = sum(number for (_days, channel), number in went(tally).items() if channel == "email")
    assert went(tally)[7, "sms"] == 1
    assert emails < 3


def test_whom_nothing_reaches_goes_to_a_person_before_the_due_date() -> None:
    tally = play(person(), dice=Dice(rates={}, answering=0.0))
    assert min(tally.persons) >= DUE - timedelta(days=7)
    assert sum(tally.persons.values()) == 3
    assert all(day < DUE for day in tally.persons)


def test_before_a_holiday_the_first_stage_opens_while_people_work() -> None:
    """Nobody in China works from 15 to 23 February 2026."""
    due = Due(date(2026, 2, 23), "harbour", None)
    tally = play(person(due), dice=Dice(rates={}, answering=0.0), first=date(2026, 2, 10), days=13)
    assert min(tally.persons) == date(2026, 2, 14)


def test_a_sunday_has_until_the_close_of_its_hours_as_in_life() -> None:
    """Due on Monday: the last working day was Friday, so Sunday's channels have the day, not two hours."""
    monday = date(2026, 11, 23)
    stay_away = Dice(rates=dict.fromkeys(["sms", "email", "push"], 0.0), answering=0.0)
    run = Run(person(), rules_of(upcoming=(1, 0)), stay_away, Tally(monday, monday))
    prompt = _Prompt(Due(monday, "harbour", None), Prompt.Kind.UPCOMING, 1, Course.of(ladder_of("upcoming")), 0)
    sunday = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    assert run._last_try(prompt, sunday) == datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def test_no_climb_of_what_is_late_is_worth_an_odd_hour() -> None:
    latest: dict[str, set[bool]] = {"upcoming": set(), "overdue": set()}

    def allow(wish: Wish) -> Allowed:
        latest[wish.kind].add(wish.latest is not None and wish.latest > wish.at)
        return Allowed(wish.at, Moved.NOT)

    play(person(Due(DUE, "harbour", None)), rules=Rules("", (7,), (1,), allow, lambda *_of: AT_ANY_HOUR))
    assert latest == {"upcoming": {True, False}, "overdue": {False}}


def test_a_loan_is_told_by_the_leads_of_its_own_plan_unless_others_are_tried() -> None:
    plan = Plan(1, 1, (14, 0), (5,))
    unpaid = Due(DUE, "harbour", None, plan=plan)
    far = date(2026, 2, 20)
    tally = play(person(unpaid), first=far, days=40)
    assert sorted({day for (day, channel) in went(tally) if channel == "sms"}) == [-5, 0, 14]
    tried = play(person(unpaid), rules=rules_of("cn", upcoming=(3, 0), overdue=(1,)), first=far, days=40)
    assert sorted({day for (day, channel) in went(tried) if channel == "sms"}) == [-1, 0, 3]


def test_the_channel_that_somebody_put_first_comes_first() -> None:
    who = person(Due(DUE, "harbour", None))
    who.first = "email"
    tally = play(who, dice=Dice(rates={"sms": 1.0, "email": 1.0}, answering=1.0), rules=rules_of("cn", upcoming=(0,)))
    assert {channel for _day, channel in went(tally)} == {"email"}


def test_somebody_without_any_channel_goes_to_a_person_and_is_told_nothing() -> None:
    tally = play(person(channels=frozenset()))
    assert went(tally) == {}
    assert sum(tally.persons.values()) == 3


def test_what_was_paid_early_is_never_told() -> None:
    assert went(play(person(Due(DUE, "harbour", DUE - timedelta(days=8))))) == {}


def test_a_payment_stops_the_ladder_that_runs() -> None:
    tally = play(person(Due(DUE, "harbour", DUE - timedelta(days=2))))
    assert {days for days, _channel in went(tally)} == {7, 3}


def test_what_waits_for_contact_hours_is_counted_as_held() -> None:
    first = play(person()).counts[DUE - timedelta(days=7), "sms"]
    assert (first.went, first.held, first.capped) == (1, 1, 0)
    always = play(person(), rules=rules_of("cn", hours=ContactHours.parse("00:00-24:00")))
    assert always.counts[DUE - timedelta(days=7), "sms"].held == 0


def test_other_leads_are_other_days() -> None:
    tally = play(person(), rules=rules_of("cn", upcoming=[5, 2]))
    assert {days for days, _channel in went(tally)} == {5, 2}


def test_a_cap_counts_what_went_out_and_puts_the_rest_off() -> None:
    tomorrow = timedelta(days=1)

    def allow(wish: Wish) -> Allowed:
        if wish.contacts and wish.at < max(wish.contacts) + tomorrow:
            return Allowed(max(wish.contacts) + tomorrow, Moved.CAPPED)
        return Allowed(wish.at, Moved.NOT)

    two = person(Due(DUE, "harbour", DUE), Due(DUE, "another bank", DUE))
    tally = play(two, rules=replace(RULES, allow=allow, upcoming=(7,)))
    sms = {(DUE - day).days: (count.went, count.capped) for (day, name), count in tally.counts.items() if name == "sms"}
    assert sms == {7: (1, 1), 6: (1, 0)}


def test_a_cap_of_a_policy_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "xx.toml"
    path.write_text(FILE)
    dues = [Due(DUE, f"bank {number}", DUE) for number in range(3)]
    count = play(person(*dues, channels=frozenset({"sms"})), rules=rules_of(str(path), upcoming=[7])).counts
    first = DUE - timedelta(days=7)
    assert [count[first + timedelta(days=later), "sms"].went for later in range(3)] == [1, 1, 1]
    assert [count[first + timedelta(days=later), "sms"].capped for later in range(3)] == [2, 0, 0]
    assert count[first, "sms"].held == 1


def test_what_a_cap_puts_off_is_counted_also_where_the_ladder_climbs_past_it(tmp_path: Path) -> None:
    """One message a week on either channel: the first stage is told by both, the later two by neither."""
    path = tmp_path / "xx.toml"
    week = FILE.replace("caps.sms.day", "caps.sms.week")
    caps = [part for part in week.split("\n\n") if "caps" in part]
    path.write_text("\n".join([week, *(cap.replace("sms", "email") for cap in caps)]))
    counts = play(person(), rules=rules_of(str(path), upcoming=[7, 3, 1])).counts
    both = {((DUE - day).days, channel): (one.went, one.capped) for (day, channel), one in counts.items()}
    assert both == {
        (7, "sms"): (1, 0),
        (7, "email"): (1, 0),
        **dict.fromkeys([(3, "sms"), (3, "email"), (1, "sms"), (1, "email")], (0, 1)),
    }


@pytest.mark.parametrize("policy", ["zz", "/nowhere/xx.toml"])
def test_a_policy_that_is_not_there_is_named(policy: str) -> None:
    with pytest.raises(PolicyError, match=policy):
        play(person(), rules=rules_of(policy))


def test_only_days_of_the_span_are_counted() -> None:
    tally = play(person(), first=DUE - timedelta(days=3), days=1)
    assert {days for days, _channel in went(tally)} == {3}


def test_the_same_seed_has_the_same_luck_and_another_one_another() -> None:
    people = [replace_key(person(), f"B-{number}") for number in range(60)]
    dice = Dice(seed=7, rates={"sms": 0.5, "email": 0.5}, answering=0.3)

    def outcome(dice: Dice) -> object:
        tally = Tally(DUE - timedelta(days=10), DUE)
        for one in people:
            Run(one, RULES, dice, tally).go()
        return tally.as_json()

    assert outcome(dice) == outcome(dice)
    assert outcome(dice) != outcome(replace(dice, seed=8))


def replace_key(who: Person, key: str) -> Person:
    return Person(key, who.zone, who.jurisdiction, who.channels, who.dues)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["sms", "email"]), st.floats(0, 1)),
    st.floats(0, 1),
    st.frozensets(st.sampled_from(["sms", "email"])),
    st.integers(0, 10),
)
def test_whatever_the_luck_nobody_is_told_twice_on_a_channel_at_one_stage(
    rates: dict[str, float], answering: float, channels: frozenset[str], seed: int
) -> None:
    sent: list[tuple[str, str]] = []

    class Noting(Dice):
        def throw(self, telling: str, channel: str, at: datetime) -> Luck:
            sent.append((telling, channel))
            return super().throw(telling, channel, at)

    tally = play(person(channels=channels), dice=Noting(seed, rates, answering))
    assert len(sent) == sum(went(tally).values())
    assert len(sent) == len(set(sent))
    assert {channel for _days, channel in went(tally)} <= channels
    assert sum(tally.persons.values()) <= 3


# The book


# The drawing


def test_a_bar_is_as_long_as_its_number() -> None:
    assert bar(100, 100) == "█" * WIDTH
    assert bar(50, 100) == "█" * (WIDTH // 2)
    assert bar(1, 10**6) == "▏"
    assert bar(0, 100) == ""


def test_every_day_of_the_span_has_a_line() -> None:
    lines = list(draw(play(person(), days=12)))
    days = [line[:10] for line in lines if line[:4] == "2026"]
    assert days == [(DUE + timedelta(days=offset)).isoformat() for offset in range(-10, 3)]
    assert lines[-1] == "0 people: 6 go out, 3 held, 0 capped, 0 to a person."


def test_what_a_firm_has_to_send_goes_out_only_where_it_is_not_reported() -> None:
    turns = (FirmsTurn("upcoming", "harbour", 4),)
    due = Due(DUE, "harbour", DUE, turns)
    reporting = play(person(due), dice=replace(SURE, reporting=1.0))
    assert (went(reporting), reporting.firms) == ({}, {"harbour": (3, 3)})
    silent = play(person(due), dice=replace(SURE, reporting=0.0))
    assert went(silent) == went(play(person()))
    assert silent.firms == {"harbour": (3, 0)}
