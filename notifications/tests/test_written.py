"""What borrowers write that is neither a code nor "stop" goes to a person, once, and its sender is told so, once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from pytest_django import Settings

from accounts.models import Consent, ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from notifications.agent_tasks import TaskNotYoursError, finish, reveal, ways_to_reach
from notifications.channels.inbound import InboundText as Words
from notifications.channels.segments import segments
from notifications.coverage import check_coverage
from notifications.evidence.case import read_case
from notifications.evidence.timeline import lines_of
from notifications.inbound_texts import receive
from notifications.models import AgentTask, InboundText, NoticeEvent, Preference, Prompt
from notifications.preferences import is_on, set_channel
from notifications.tests.factories import NOON, clock, make_prompt
from notifications.tests.test_policy_files import write as write_policy
from notifications.tests.test_races import at_once
from notifications.tests.written import say, task_about_texts
from notifications.written import act_by

pytestmark = pytest.mark.django_db
Kind, Outcome = AgentTask.Kind, AgentTask.Outcome
HOUR = timedelta(hours=1)
ANSWER = "Thank you. A person reads this and answers you by Tue 24 November."


def end(task: AgentTask, outcome: str = Outcome.ANSWERED, *, agent: User | None = None) -> AgentTask:
    """By an agent who has read all that was written until now."""
    task.refresh_from_db()
    return finish(
        task_id=task.pk,
        agent=agent or make_agent(),
        outcome=outcome,
        note="Read.",
        now=NOON + HOUR,
        text_id=task.text_id,
    )


def test_what_a_machine_does_not_understand_is_a_task_for_a_person(borrower: User) -> None:
    assert say(borrower, "Remove me from your list") == ANSWER
    task, text = AgentTask.objects.get(), InboundText.objects.get()
    assert (task.borrower, task.kind, task.text, task.status) == (borrower, Kind.WRITTEN, text, "open")
    assert (task.created_at, task.act_by) == (NOON, datetime(2026, 11, 24, 14, 0, tzinfo=UTC))
    assert (task.prompt, task.installment, text.outcome) == (None, None, "for a person to read")
    event = NoticeEvent.objects.get()
    assert (event.kind, event.borrower_id, event.prompt_id, event.installment_id) == ("wrote", borrower.pk, None, None)
    assert event.data == {"task": task.pk, "text": text.pk}


def test_its_sender_is_answered_once_and_what_follows_joins_the_task(borrower: User) -> None:
    assert say(borrower, "I paid yesterday") == ANSWER
    assert say(borrower, "Are you there?", now=NOON + HOUR) == ""
    task = AgentTask.objects.get()
    assert (task.text, task.created_at) == (InboundText.objects.latest("pk"), NOON)
    assert task.act_by == datetime(2026, 11, 24, 14, 0, tzinfo=UTC), "what follows does not put it off"
    end(task)
    assert say(borrower, "Thanks", now=NOON + 2 * HOUR) == ANSWER
    assert AgentTask.objects.count() == 2


@pytest.mark.parametrize("words", ["STOP", "please stop", "退订", "1234", "ok 1234"])
def test_stop_and_codes_are_no_task(borrower: User, words: str) -> None:
    say(borrower, words)
    assert not AgentTask.objects.exists()
    assert not NoticeEvent.objects.filter(kind="wrote").exists()


def test_somebody_whom_nobody_knows_stays_in_the_list_alone(borrower: User) -> None:
    words = Words(senders=("+8613711111111",), text="Who are you?", provider="kannel", occurred_at=None)
    assert receive([words], b"", now=NOON) == ""
    assert InboundText.objects.get().borrower is None
    assert not AgentTask.objects.exists()


def test_a_number_of_two_borrowers_is_a_task_about_each_and_one_answer(borrower: User) -> None:
    other = make_borrower(phone=False)
    ContactPoint.objects.create(user=other, kind="phone", address=str(borrower.phone), source="partner")
    assert say(borrower, "Wrong number?") == ANSWER
    assert set(AgentTask.objects.values_list("borrower", flat=True)) == {borrower.pk, other.pk}
    assert say(borrower, "Hello?") == ""


@pytest.mark.parametrize(
    ("locale", "answer"),
    [
        ("zh-hans", "谢谢您。会有人阅读这条短信，并在11月24日（周二）前答复您。"),
        ("zh-hant", "謝謝您。會有人閱讀這則簡訊，並在11月24日（週二）前答覆您。"),
    ],
)
def test_chinese_is_read_by_a_person_and_answered_in_chinese(borrower: User, locale: str, answer: str) -> None:
    borrower.locale = locale
    borrower.save()
    assert say(borrower, "我昨天已经还款了，请查一下") == answer
    assert AgentTask.objects.get().kind == Kind.WRITTEN


def test_the_answer_costs_one_message(borrower: User) -> None:
    answers = []
    for locale in ("en", "zh-hans", "zh-hant"):
        writer = make_borrower(locale=locale)
        answers.append(say(writer, "?", now=datetime(2026, 12, 28, 4, 0, tzinfo=UTC)))
    assert [segments(answer) for answer in answers] == [1, 1, 1]
    assert translation.get_language() == "en"


def test_who_gets_no_sms_is_read_and_not_answered_by_one(borrower: User) -> None:
    say(borrower, "stop")
    assert say(borrower, "And remove my number, too") == ""
    assert AgentTask.objects.get().kind == Kind.WRITTEN


# Until when


@pytest.mark.parametrize(
    ("jurisdiction", "zone", "now", "until"),
    [
        # A Sunday: Monday and Tuesday are worked.
        ("cn", "Asia/Shanghai", "2026-11-22T12:00", "2026-11-24T22:00"),
        # The day before the National Day holiday, which ends on 7 October.
        ("cn", "Asia/Shanghai", "2026-09-30T12:00", "2026-10-09T22:00"),
        # The day before Thanksgiving: the days are Friday and Monday.
        ("us", "America/New_York", "2026-11-25T23:30", "2026-11-30T21:00"),
        ("uk", "Europe/London", "2026-12-24T09:00", "2026-12-30T21:00"),
    ],
)
def test_it_is_read_within_two_working_days_of_the_borrowers_place(
    jurisdiction: str, zone: str, now: str, until: str
) -> None:
    borrower = User(jurisdiction=jurisdiction, time_zone=zone)
    here = borrower.zone
    wanted = datetime.fromisoformat(until).replace(tzinfo=here)
    assert act_by(borrower, datetime.fromisoformat(now).replace(tzinfo=here)) == wanted


def test_where_the_law_leaves_less_time_that_holds(borrower: User, tmp_path: Path, settings: Settings) -> None:
    settings.POLICY_FOLDER = str(tmp_path)
    path = write_policy(tmp_path, "cn.toml")
    figure = '[[texts.opt_out]]\nvalue = 1\ncitation = "a law"\nvalid_from = 2026-11-22\nmark = "O"\n'
    path.write_text(path.read_text("utf-8") + figure, "utf-8")
    assert act_by(borrower, NOON) == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert act_by(borrower, NOON - timedelta(days=1)) == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


# What comes of it


def test_read_and_answered_is_on_record_and_proves_nothing_about_an_installment(borrower: User) -> None:
    agent, task = make_agent(), task_about_texts(borrower)
    done = end(task, agent=agent)
    assert (done.status, done.outcome, done.assignee) == ("done", "answered", agent)
    event = NoticeEvent.objects.latest("pk")
    assert (event.kind, event.actor_id, event.prompt_id, event.installment_id) == ("text_read", agent.pk, None, None)
    assert event.data == {"task": task.pk, "outcome": "answered"}


def test_who_wants_no_more_gets_no_more_and_it_says_which_agent_heard_it(borrower: User) -> None:
    agent, task = make_agent(), task_about_texts(borrower, "Lose my number")
    end(task, Outcome.OPTED_OUT, agent=agent)
    assert not is_on(borrower, "sms")
    consents = Consent.objects.filter(user=borrower, given=False, source="agent")
    assert list(consents.order_by("pk").values_list("channel", flat=True)) == ["sms", "voice"]
    actors = NoticeEvent.objects.filter(kind="preference").values_list("actor_id", flat=True)
    assert list(actors) == [agent.pk, agent.pk]


def test_they_are_obeyed_also_where_sms_is_the_last_channel(borrower: User) -> None:
    ContactPoint.objects.filter(user=borrower, kind="email").update(unreachable_since=NOON)
    end(task_about_texts(borrower), Outcome.OPTED_OUT)
    assert not is_on(borrower, "sms")


def test_who_had_switched_it_off_already_is_no_obstacle(borrower: User) -> None:
    task = task_about_texts(borrower)
    set_channel(borrower, "sms", enabled=False, now=NOON)
    assert end(task, Outcome.OPTED_OUT).outcome == "opted_out"
    assert Consent.objects.filter(channel="sms").count() == 1


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.NOT_NEEDED])
def test_nothing_else_switches_anything_off(borrower: User, outcome: str) -> None:
    end(task_about_texts(borrower), outcome)
    assert not Preference.objects.exists()


def test_each_kind_of_task_has_its_own_outcomes(borrower: User) -> None:
    task = task_about_texts(borrower)
    for foreign in (Outcome.TOLD, Outcome.NOT_REACHED, Outcome.KEEP_WAITING):
        with pytest.raises(ValueError, match="no outcome"):
            end(task, foreign)
    assert set(AgentTask.OUTCOMES) == set(Kind)
    assert [kind for kind in Kind if Outcome.OPTED_OUT in AgentTask.OUTCOMES[kind]] == [Kind.WRITTEN]
    assert [kind for kind in Kind if Outcome.ANSWERED in AgentTask.OUTCOMES[kind]] == [Kind.WRITTEN]


def test_a_task_is_not_finished_over_words_that_its_agent_has_not_seen(borrower: User) -> None:
    task, agent = task_about_texts(borrower), make_agent()
    say(borrower, "And remove me from your list", now=NOON + HOUR)
    for seen in (task.text_id, None):
        with pytest.raises(TaskNotYoursError, match="wrote again meanwhile"):
            finish(task_id=task.pk, agent=agent, outcome="answered", note="Read.", now=NOON + HOUR, text_id=seen)
    assert AgentTask.objects.open().get() == task
    assert end(task, agent=agent).status == "done"


def test_who_has_the_task_reads_the_number(borrower: User) -> None:
    task, agent = task_about_texts(borrower), make_agent()
    AgentTask.objects.update(assignee=agent)
    shown = [point.address for point in reveal(task_id=task.pk, agent=agent, now=NOON)]
    assert shown == [point.address for point in ways_to_reach(task)] == [borrower.phone, borrower.email]


# What it is not


def test_it_covers_no_installment() -> None:
    prompt = make_prompt(status=Prompt.Status.ESCALATED, planned_at=NOON - timedelta(days=1))
    Installment.objects.update(known_at=NOON - timedelta(days=1))
    later = clock(NOON + timedelta(days=1))
    assert check_coverage(later) == 1
    task_about_texts(prompt.borrower)
    assert check_coverage(later) == 1
    end(AgentTask.objects.get())
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.ESCALATED


def test_a_pack_of_evidence_does_not_take_it_for_a_telling() -> None:
    prompt = make_prompt()
    end(task_about_texts(prompt.borrower))
    lines = lines_of(read_case(prompt.borrower_id, installment_id=prompt.installment_id))
    told = [line.words for line in lines if line.source.startswith("events.jsonl")]
    assert told == ["wrote a text message for a person to read", "a person read what they wrote"]


def test_the_database_holds_that_a_task_is_about_one_thing(borrower: User) -> None:
    task = task_about_texts(borrower)
    prompt = make_prompt()
    for change in ({"prompt": prompt}, {"installment": prompt.installment}, {"text": None}, {"kind": "still_waiting"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AgentTask.objects.filter(pk=task.pk).update(**change)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_texts_that_come_at_once_open_one_task_and_are_answered_once() -> None:
    borrower = make_borrower()
    answers = at_once(*[lambda number=number: say(borrower, f"Hello {number}") for number in "abcd"])
    assert sorted(answers) == ["", "", "", ANSWER]
    assert InboundText.objects.count() == 4
    assert AgentTask.objects.count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_text_that_comes_while_its_task_is_finished_is_with_a_person_either_way() -> None:
    for _time in range(5):
        borrower, agent = make_borrower(), make_agent()
        task = task_about_texts(borrower)

        def close(task: AgentTask = task, agent: User = agent) -> str:
            try:
                finish(task_id=task.pk, agent=agent, outcome="answered", note="x", now=NOON, text_id=task.text_id)
            except TaskNotYoursError:
                return "refused"
            return "done"

        def write(borrower: User = borrower) -> str:
            return say(borrower, "Remove me")

        at_once(close, write)
        latest = InboundText.objects.filter(borrower=borrower).latest("pk")
        assert AgentTask.objects.open().get(borrower=borrower).text == latest


def test_who_wants_no_more_is_called_by_no_machine_either(borrower: User, settings: Settings) -> None:
    """47 CFR 64.1200(a)(10) speaks of calls and texts."""
    settings.VOICE_PROVIDERS = ["sandbox_voice"]
    say(borrower, "stop calling me")
    end(AgentTask.objects.get(), Outcome.OPTED_OUT)
    assert [is_on(borrower, channel) for channel in ("sms", "voice", "email")] == [False, False, True]
