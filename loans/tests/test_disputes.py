"""Disputes: opened once, answered, decided once."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans import disputes, signals
from loans.disputes import (
    MAX_FILES_A_DISPUTE,
    AlreadyDecidedError,
    TooManyFilesError,
    add_message,
    answer,
    decide,
)
from loans.models import Dispute, DisputeFile, DisputeMessage, Installment
from loans.receipt_numbers import ALPHABET, new_receipt_number
from loans.tests.disputes import FILE, NOON, heard, make_dispute
from loans.tests.factories import make_installment, make_loan

pytestmark = pytest.mark.django_db


def test_a_receipt_number_is_readable_and_without_look_alikes() -> None:
    number = new_receipt_number()
    assert re.fullmatch(rf"D-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", number)
    assert not set("01OIL5S8BUZ") & set(ALPHABET)
    assert len({new_receipt_number() for _ in range(1000)}) == 1000


def test_an_opened_dispute_holds_words_files_and_a_day_for_its_decision() -> None:
    dispute = make_dispute(files=[FILE])
    dispute.refresh_from_db()
    assert (dispute.status, dispute.answer_due_on) == (Dispute.Status.OPEN, date(2026, 12, 7))
    message = dispute.messages.get()
    assert (message.words, message.by_agent, message.author) == ("Nobody told me.", False, dispute.borrower)
    file = message.files.get()
    assert (file.name, bytes(file.content), file.size, file.dispute) == ("bill.pdf", FILE.content, FILE.size, dispute)


@pytest.mark.parametrize(
    ("zone", "due_on"), [("Asia/Shanghai", date(2026, 12, 8)), ("America/New_York", date(2026, 12, 7))]
)
def test_the_fifteen_days_are_counted_in_the_borrowers_calendar(zone: str, due_on: date) -> None:
    loan = make_loan(make_borrower(time_zone=zone))
    dispute = make_dispute(loan, now=datetime(2026, 11, 22, 17, 0, tzinfo=UTC))  # after midnight in Shanghai
    assert dispute.answer_due_on == due_on


def test_opening_tells_the_floor_above_within_the_transaction() -> None:
    with heard(signals.dispute_opened) as calls:
        dispute = make_dispute(about="prompt:17")
    assert calls == [{"dispute_id": dispute.pk, "about": "prompt:17"}]


def test_a_receiver_that_fails_leaves_no_dispute() -> None:
    def fail(**_facts: Any) -> None:
        raise RuntimeError("no")

    loan = make_loan()
    signals.dispute_opened.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            make_dispute(loan)
    finally:
        signals.dispute_opened.disconnect(fail)
    assert not Dispute.objects.filter(loan=loan).exists()


def test_a_form_sent_twice_opens_one_dispute() -> None:
    loan, token = make_loan(), uuid4()
    first = make_dispute(loan, form_token=token, files=[FILE])
    with heard(signals.dispute_opened) as calls:
        second = make_dispute(loan, form_token=token, files=[FILE])
    assert second == first
    assert calls == []
    assert (DisputeMessage.objects.count(), DisputeFile.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [{"words": "Nobody told me, ever."}, {"kind": Dispute.Kind.OTHER}, {"files": [FILE]}],
    ids=["words", "kind", "files"],
)
def test_who_goes_back_and_changes_the_form_loses_nothing(change: dict[str, Any]) -> None:
    loan, token = make_loan(), uuid4()
    assert make_dispute(loan, form_token=token) != make_dispute(loan, form_token=token, **change)


def test_the_same_token_of_somebody_else_leads_nowhere() -> None:
    token = uuid4()
    assert make_dispute(form_token=token) != make_dispute(form_token=token)


def test_a_receipt_number_that_is_taken_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = make_dispute().receipt_number
    numbers = iter([taken, taken, "D-AAAA-CCCC"])
    monkeypatch.setattr(disputes, "new_receipt_number", lambda: next(numbers))
    assert make_dispute().receipt_number == "D-AAAA-CCCC"


def test_drawing_a_number_again_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = make_dispute().receipt_number
    monkeypatch.setattr(disputes, "new_receipt_number", lambda: taken)
    with pytest.raises(IntegrityError):
        make_dispute()


@pytest.mark.parametrize("about", ["prompt:17", "", "a" * 64])
def test_what_it_is_about_is_passed_on_unread(about: str) -> None:
    with heard(signals.dispute_opened) as calls:
        make_dispute(about=about)
    assert calls[0]["about"] == about


@pytest.mark.parametrize("about", ["a" * 65, "prompt 17", "提示", "prompt:17\n", "<b>"])
def test_what_it_is_about_has_a_bound_form(about: str) -> None:
    with pytest.raises(ValueError, match="about"):
        make_dispute(about=about)


def test_nobody_disputes_the_loan_of_another() -> None:
    with pytest.raises(ValueError, match="is not of borrower"):
        make_dispute(make_loan(), borrower=make_borrower())


def test_an_installment_of_another_loan_is_refused() -> None:
    other = make_installment(due_on=date(2026, 12, 1))
    with pytest.raises(ValueError, match="is not of loan"):
        make_dispute(make_loan(), installment=other)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of dispute"):
        make_dispute(kind="revenge")


def test_an_answer_is_written_and_told_and_the_clock_goes_on() -> None:
    dispute, agent = make_dispute(), make_agent()
    with heard(signals.dispute_answered) as calls:
        message = answer(dispute=dispute, agent=agent, words="Please send the slip.", now=NOON + timedelta(days=1))
    stored = Dispute.objects.get(pk=dispute.pk)
    assert (stored.status, stored.answer_due_on) == (Dispute.Status.ANSWERED, dispute.answer_due_on)
    assert dispute.status == Dispute.Status.ANSWERED
    assert (message.by_agent, message.author, message.words) == (True, agent, "Please send the slip.")
    assert calls == [{"dispute_id": dispute.pk, "message_id": message.pk}]


def test_an_answer_sent_twice_is_told_once() -> None:
    dispute, agent, token = make_dispute(), make_agent(), uuid4()
    first = answer(dispute=dispute, agent=agent, words="Hello", now=NOON, form_token=token)
    with heard(signals.dispute_answered) as calls:
        assert answer(dispute=dispute, agent=agent, words="Hello", now=NOON, form_token=token) == first
    assert calls == []
    assert dispute.messages.filter(by_agent=True).count() == 1


def test_a_decision_is_kept_with_its_maker_and_reasons() -> None:
    dispute, agent, later = make_dispute(), make_agent(), NOON + timedelta(days=2)
    with heard(signals.dispute_decided) as calls:
        decide(dispute=dispute, agent=agent, decision=Dispute.Decision.UPHELD, words="You are right.", now=later)
    stored = Dispute.objects.get(pk=dispute.pk)
    assert (stored.status, stored.decision) == (Dispute.Status.DECIDED, Dispute.Decision.UPHELD)
    assert (stored.decided_by, stored.decided_at) == (agent, later)
    assert stored.messages.latest("pk").words == "You are right."
    assert calls == [{"dispute_id": dispute.pk}]


def make_decided() -> Dispute:
    dispute = make_dispute()
    decide(dispute=dispute, agent=make_agent(), decision=Dispute.Decision.REJECTED, words="No.", now=NOON)
    return dispute


@pytest.mark.parametrize(
    "step",
    [
        lambda dispute, agent: decide(dispute=dispute, agent=agent, decision="upheld", words="Yes.", now=NOON),
        lambda dispute, agent: answer(dispute=dispute, agent=agent, words="Wait.", now=NOON),
        lambda dispute, _agent: add_message(
            dispute=dispute, borrower=dispute.borrower, words="But", files=[FILE], now=NOON
        ),
    ],
    ids=["decide", "answer", "add"],
)
def test_after_the_decision_every_step_is_told_so_and_changes_nothing(step: Callable[[Dispute, User], Any]) -> None:
    dispute = make_decided()
    before = Dispute.objects.filter(pk=dispute.pk).values().get()
    with pytest.raises(AlreadyDecidedError, match=dispute.receipt_number):
        step(dispute, make_agent())
    assert Dispute.objects.filter(pk=dispute.pk).values().get() == before
    assert (dispute.messages.count(), dispute.files.count()) == (2, 0)


def test_words_of_the_borrower_make_it_our_turn_again() -> None:
    dispute = make_dispute()
    answer(dispute=dispute, agent=make_agent(), words="Which day?", now=NOON)
    message = add_message(dispute=dispute, borrower=dispute.borrower, words="Monday", files=[FILE], now=NOON)
    assert Dispute.objects.get(pk=dispute.pk).status == Dispute.Status.OPEN
    assert (message.by_agent, message.files.count()) == (False, 1)


def test_words_sent_twice_are_kept_once() -> None:
    dispute, token = make_dispute(), uuid4()
    for _ in range(2):
        add_message(
            dispute=dispute, borrower=dispute.borrower, words="Monday", files=[FILE], now=NOON, form_token=token
        )
    assert (dispute.messages.count(), dispute.files.count()) == (2, 1)
    add_message(dispute=dispute, borrower=dispute.borrower, words="Tuesday", files=[], now=NOON, form_token=token)
    assert dispute.messages.latest("pk").words == "Tuesday"


def test_words_sent_twice_undo_nothing_that_came_between() -> None:
    dispute, agent, token = make_dispute(), make_agent(), uuid4()

    def send() -> DisputeMessage:
        return add_message(
            dispute=dispute, borrower=dispute.borrower, words="Monday", files=[], now=NOON, form_token=token
        )

    first = send()
    answer(dispute=dispute, agent=agent, words="Thank you.", now=NOON)
    assert send() == first
    assert Dispute.objects.get(pk=dispute.pk).status == Dispute.Status.ANSWERED
    decide(dispute=dispute, agent=agent, decision=Dispute.Decision.UPHELD, words="Yes.", now=NOON)
    assert send() == first


def test_nobody_adds_to_the_dispute_of_another() -> None:
    with pytest.raises(ValueError, match="is not of borrower"):
        add_message(dispute=make_dispute(), borrower=make_borrower(), words="Me too", files=[], now=NOON)


def test_there_must_be_something_to_add() -> None:
    dispute = make_dispute()
    with pytest.raises(ValueError, match="Neither words nor files"):
        add_message(dispute=dispute, borrower=dispute.borrower, words="", files=[], now=NOON)


def test_a_dispute_holds_so_many_files_and_no_more() -> None:
    dispute = make_dispute(files=[FILE] * 3)
    for _ in range(MAX_FILES_A_DISPUTE // 3 - 1):
        add_message(dispute=dispute, borrower=dispute.borrower, words="", files=[FILE] * 3, now=NOON)
    with pytest.raises(TooManyFilesError):
        add_message(dispute=dispute, borrower=dispute.borrower, words="more", files=[FILE], now=NOON)
    assert dispute.files.count() == MAX_FILES_A_DISPUTE
    add_message(dispute=dispute, borrower=dispute.borrower, words="only words", files=[], now=NOON)


@pytest.mark.parametrize("words", ["", "  \n"])
def test_answers_and_decisions_need_words(words: str) -> None:
    dispute, agent = make_dispute(), make_agent()
    with pytest.raises(ValueError, match="needs words"):
        answer(dispute=dispute, agent=agent, words=words, now=NOON)
    with pytest.raises(ValueError, match="needs words"):
        decide(dispute=dispute, agent=agent, decision=Dispute.Decision.UPHELD, words=words, now=NOON)


def test_an_unknown_decision_is_refused() -> None:
    with pytest.raises(ValueError, match="no decision"):
        decide(dispute=make_dispute(), agent=make_agent(), decision="maybe", words="Hm.", now=NOON)


def held(installment: Installment) -> list[Dispute]:
    return list(Dispute.objects.holding([installment.pk]))


def test_an_undecided_dispute_holds_its_installment_or_its_whole_loan() -> None:
    loan = make_loan()
    first, second = (make_installment(loan, due_on=date(2026, 12, day)) for day in (1, 2))
    stranger = make_installment(due_on=date(2026, 12, 1))
    about_one = make_dispute(loan, installment=first)
    assert (held(first), held(second), held(stranger)) == ([about_one], [], [])
    about_all = make_dispute(loan)
    assert set(held(first)) == {about_one, about_all}
    assert (held(second), held(stranger)) == ([about_all], [])
    assert Dispute.objects.holding([first.pk, second.pk, stranger.pk]).count() == 2
    for dispute in (about_one, about_all):
        decide(dispute=dispute, agent=make_agent(), decision=Dispute.Decision.REJECTED, words="No.", now=NOON)
    assert held(first) == []
