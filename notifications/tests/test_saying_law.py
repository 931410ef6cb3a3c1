"""A person says whose law holds for a borrower: on record, and from the next claim and plan on."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch
from notifications.calendar import overdue_stage
from notifications.coverage import check_coverage
from notifications.evidence.verify import find_problems
from notifications.law_words import law_words
from notifications.models import NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.policy import Purpose
from notifications.policy_files import policy_for
from notifications.saying_law import GUESS, LawNotSaidError, Seen, say_law
from notifications.states import Status
from notifications.tests.cases import Told, make_case
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt
from notifications.tests.packs import files_of

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 11, 22, 21, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
"""China lets collection go out until ten, the United States until nine."""


@pytest.fixture
def agent() -> User:
    return make_agent()


def say(borrower: User, law: str, agent: User, **other: Any) -> str:
    said: dict[str, Any] = {"reason": "showed a contract", "now": NOON, "seen": Seen.of(borrower), **other}
    law = say_law(borrower_id=borrower.pk, law=law, agent=agent, **said)
    borrower.refresh_from_db()
    return law


def data_of(event: NoticeEvent) -> dict[str, Any]:
    assert (event.kind, event.installment_id, event.prompt_id, event.delivery_id) == ("law", None, None, None)
    return dict(event.data)


def test_what_is_said_holds_and_is_on_record_with_what_held_before_who_said_it_and_why(agent: User) -> None:
    borrower = make_borrower()
    assert say(borrower, "us", agent) == "us"
    assert (borrower.jurisdiction, borrower.jurisdiction_said_at) == ("us", NOON)
    event = NoticeEvent.objects.get()
    assert (event.borrower_id, event.actor_id, event.at) == (borrower.pk, agent.pk, NOON)
    assert data_of(event) == {
        "before": "cn",
        "before_said": False,
        "after": "us",
        "after_said": True,
        "reason": "showed a contract",
    }


def test_what_is_given_back_to_guessing_is_guessed_from_the_phone_at_which_they_are_reached(agent: User) -> None:
    borrower = make_borrower(phone=False, email=False, time_zone="America/Denver")
    say(borrower, "eu", agent)
    assert say(borrower, GUESS, agent, now=NOON + timedelta(hours=1), reason="was a mistake") == "us"
    assert (borrower.jurisdiction, borrower.jurisdiction_said_at) == ("us", None)
    last = NoticeEvent.objects.last()
    assert last
    assert data_of(last) == {
        "before": "eu",
        "before_said": True,
        "after": "us",
        "after_said": False,
        "reason": "was a mistake",
    }


def test_that_a_guess_is_right_can_be_said_too(agent: User) -> None:
    borrower = make_borrower()
    say(borrower, "cn", agent)
    assert borrower.jurisdiction_said_at == NOON


@pytest.mark.parametrize("law", ["cn", GUESS])
def test_what_is_so_already_is_not_said_again(law: str, agent: User) -> None:
    borrower = make_borrower()
    if law != GUESS:
        say(borrower, law, agent)
    events = NoticeEvent.objects.count()
    with pytest.raises(LawNotSaidError, match="so already"):
        say(borrower, law, agent)
    assert NoticeEvent.objects.count() == events


@pytest.mark.parametrize("law", ["eu", GUESS])
def test_what_was_changed_since_it_was_seen_is_looked_at_again(law: str, agent: User) -> None:
    borrower = make_borrower()
    say(borrower, "us", agent)
    seen = Seen.of(borrower)
    say(borrower, "uk", agent, now=NOON + timedelta(minutes=1))
    say(borrower, "us", agent, now=NOON + timedelta(minutes=2))
    with pytest.raises(LawNotSaidError, match="changed meanwhile"):
        say(borrower, law, agent, seen=seen)
    borrower.refresh_from_db()
    assert borrower.jurisdiction == "us"
    assert NoticeEvent.objects.count() == 3


@pytest.mark.parametrize("law", ["xx", "", "CN", "de"])
def test_a_law_without_a_file_cannot_be_said(law: str, agent: User) -> None:
    with pytest.raises(ValueError, match="no policy"):
        say(make_borrower(), law, agent)


@pytest.mark.parametrize("text", ["", "cn then", "nonsense", "cn 2026-11-20T04:00:00"])
def test_a_page_that_says_nothing_of_what_was_seen_changes_nothing(text: str, agent: User) -> None:
    with pytest.raises(LawNotSaidError, match="changed meanwhile"):
        say(make_borrower(), "us", agent, seen=Seen.parse(text))


def test_what_was_seen_is_read_as_it_is_written() -> None:
    for seen in (Seen("cn", None), Seen("de", NOON), Seen("us", NOON + timedelta(microseconds=7))):
        assert Seen.parse(str(seen)) == seen


class TestWhatIsQueued:
    @pytest.mark.parametrize("law", ["cn", "us"])
    def test_is_judged_by_the_hours_of_the_law_that_holds_when_it_is_claimed(self, law: str, agent: User) -> None:
        borrower = make_borrower(jurisdiction="us" if law == "cn" else "cn")
        sms = make_delivery(collected(borrower, 0))
        say(borrower, law, agent)
        dispatch.dispatch("sms", clock=lambda: EVENING)
        sms.refresh_from_db()
        assert sms.held_by.startswith("us/collection/hours/") == (law == "us")
        assert (sms.held_by == "") == (law == "cn")

    @pytest.mark.parametrize("law", ["cn", "us"])
    def test_is_judged_by_the_caps_of_the_law_that_holds_when_it_is_claimed(self, law: str, agent: User) -> None:
        """A week has a cap in the United States alone."""
        [most] = [one.most for one in policy_for("us", Purpose.COLLECTION, TODAY).caps_on("sms") if one.span == "week"]
        borrower = make_borrower(jurisdiction="us" if law == "cn" else "cn")
        for hours in range(most):
            at = NOON - timedelta(hours=20 * (hours + 1))
            make_delivery(collected(borrower, 1 + hours), status=Status.SENT, sent_at=at, claimed_at=at)
        one_more = make_delivery(collected(borrower, 0))
        say(borrower, law, agent)
        dispatch.dispatch("sms", clock=lambda: NOON)
        one_more.refresh_from_db()
        assert one_more.held_by.startswith("us/collection/caps/sms/week/") == (law == "us")
        assert (one_more.held_by == "") == (law == "cn")

    def test_keeps_the_moment_for_which_it_was_planned(self, agent: User) -> None:
        borrower = make_borrower(jurisdiction="us")
        make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))
        plan_upcoming(clock(EVENING))
        prompt = Prompt.objects.get()
        before = list(prompt.deliveries.order_by("pk").values_list("channel", "next_attempt_at", "held_by"))
        say(borrower, "cn", agent)
        plan_upcoming(clock(EVENING))
        assert list(prompt.deliveries.order_by("pk").values_list("channel", "next_attempt_at", "held_by")) == before
        assert Prompt.objects.get().deadline == prompt.deadline


def collected(borrower: User, days: int) -> Prompt:
    row = make_installment(make_loan(borrower), due_on=TODAY - timedelta(days=1 + days))
    return make_prompt(row, kind=Prompt.Kind.OVERDUE, stage=overdue_stage(1 + days))


def test_what_is_planned_next_is_planned_by_the_law_that_was_said_though_nobody_else_is_under_it(agent: User) -> None:
    borrower = make_borrower(jurisdiction="us")
    make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))
    say(borrower, "uk", agent)
    assert User.objects.places() == [("cn", "Asia/Shanghai"), ("uk", "Asia/Shanghai")]  # the agent, the borrower
    assert plan_upcoming(clock()) == 1
    assert check_coverage(clock()) == 0


class TestInAPack:
    @pytest.fixture
    def case(self, agent: User) -> Told:
        case = make_case()
        say(case.borrower, "us", agent, reason="lives in Boston, mail to li@example.test")
        return case

    @pytest.mark.parametrize(
        ("language", "line"),
        [
            ("en", "law that holds for them · United States, said by a person; before: China, guessed · lives in"),
            ("zh-hans", "适用的法律 · 美国（由人指明）；此前：中国（推测） · lives in"),
            ("zh-hant", "適用的法律 · 美國（由人指明）；此前：中國（推測） · lives in"),
        ],
    )
    def test_it_is_told_in_the_borrowers_language_with_its_reason_and_no_address(
        self, case: Told, language: str, line: str
    ) -> None:
        User.objects.filter(pk=case.borrower.pk).update(locale=language)
        files = files_of(case)
        assert find_problems(files) == []
        assert b'"law"' in files["events.jsonl"]
        readme = files["README.txt"].decode()
        assert line in readme
        assert "li@example.test" not in readme


def test_a_law_of_a_country_is_named_by_its_code() -> None:
    with translation.override("en"):
        assert [law_words(code) for code in ("eu", "de")] == ["European Union", "DE"]
