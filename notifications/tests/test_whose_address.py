"""An address that firms named tells of loans of theirs, and of no others."""

from datetime import timedelta
from typing import Final

import pytest

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from accounts.verification import confirm_phone
from loans.disputes import open_dispute
from loans.models import Loan, Partner
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.agent_tasks import ways_to_reach
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.preferences import LastChannel, is_on, set_channel
from notifications.reach import reachable
from notifications.resending import CannotResendError, resend
from notifications.states import Status, Step, advance
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt
from notifications.tests.written import say

pytestmark = pytest.mark.django_db
EMAIL, PHONE = ContactPoint.Kind.EMAIL, ContactPoint.Kind.PHONE
DUE: Final = TODAY + timedelta(days=3)


@pytest.fixture
def loan() -> Loan:
    """Of Harbour and Lantern, who named the phone; the email is another bank's word."""
    loan = make_loan(make_borrower())
    other = Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    ContactPoint.objects.filter(kind=PHONE).update(named_by=[make_bank().pk])
    ContactPoint.objects.filter(kind=EMAIL).update(named_by=[other.pk])
    return loan


def channels() -> set[str]:
    return set(Delivery.objects.values_list("channel", flat=True))


def test_the_first_way_is_one_that_the_loans_own_firms_named(loan: Loan) -> None:
    make_installment(loan, due_on=DUE)
    ContactPoint.objects.filter(kind=PHONE).update(unreachable_since=NOON)
    plan_upcoming(clock())
    assert channels() == {"in_app"}


def test_each_loan_of_one_person_takes_its_own_way(loan: Loan) -> None:
    make_installment(loan, due_on=DUE)
    theirs = make_loan(loan.borrower, bank=Partner.objects.get(code="other"), platform=None)
    make_installment(theirs, due_on=DUE)
    plan_upcoming(clock())
    rows = Delivery.objects.exclude(channel="in_app").values_list("prompt__installment__loan", "channel")
    assert set(rows) == {(loan.pk, "sms"), (theirs.pk, "email")}


def test_an_address_that_its_owner_chose_tells_of_everything(loan: Loan) -> None:
    make_installment(loan, due_on=DUE)
    ContactPoint.objects.filter(kind=PHONE).update(unreachable_since=NOON)
    ContactPoint.objects.filter(kind=EMAIL).update(named_by=[])
    plan_upcoming(clock())
    assert channels() == {"email", "in_app"}


def test_an_address_that_the_platform_named_tells_of_the_loan_too(loan: Loan) -> None:
    make_installment(loan, due_on=DUE)
    ContactPoint.objects.filter(kind=PHONE).update(named_by=[make_platform().pk])
    plan_upcoming(clock())
    assert channels() == {"sms", "in_app"}


def test_the_ladder_does_not_climb_to_another_firms_word_but_to_a_person(loan: Loan) -> None:
    sms = make_delivery(make_prompt(make_installment(loan, due_on=DUE)), status=Status.SENT)
    advance([Step(delivery_id=sms.pk, to=Status.FAILED)], now=NOON)
    climb(clock())
    assert channels() == {"sms"}
    assert AgentTask.objects.get().prompt == sms.prompt


def test_a_dispute_is_told_where_the_loans_firms_said(loan: Loan) -> None:
    ContactPoint.objects.filter(kind=PHONE).update(unreachable_since=NOON)
    open_dispute(
        borrower=loan.borrower, loan=loan, installment=None, kind="other", words="?", files=[], about="", now=NOON
    )
    assert Prompt.objects.get().kind == Prompt.Kind.DISPUTE_OPENED
    assert channels() == {"in_app"}


def test_an_agent_does_not_send_there_either_and_reads_why(loan: Loan) -> None:
    prompt = make_prompt(make_installment(loan, due_on=DUE))
    with pytest.raises(CannotResendError, match="named by another firm"):
        resend(prompt_id=prompt.pk, channel="email", agent=make_agent(), now=NOON)


def test_nor_is_an_agent_given_it_to_write_to(loan: Loan) -> None:
    prompt = make_prompt(make_installment(loan, due_on=DUE))
    task = AgentTask.objects.create(
        prompt=prompt, borrower=loan.borrower, kind=AgentTask.Kind.UNREACHABLE, act_by=NOON, created_at=NOON
    )
    assert [point.kind for point in ways_to_reach(task)] == ["phone"]


class TestSwitchingOff:
    """The last way for one loan stays on, though another loan has another."""

    def test_it_is_refused_where_no_other_way_may_tell_of_a_loan(self, loan: Loan) -> None:
        make_installment(loan, due_on=DUE)
        with pytest.raises(LastChannel):
            set_channel(loan.borrower, "sms", enabled=False)
        assert set_channel(loan.borrower, "email", enabled=False)

    def test_it_may_be_where_nothing_of_that_loan_is_to_be_paid(self, loan: Loan) -> None:
        make_installment(loan, due_on=DUE, state="settled", outstanding=0, paid=100)
        assert set_channel(loan.borrower, "sms", enabled=False)

    def test_it_may_be_once_the_other_is_confirmed(self, loan: Loan) -> None:
        make_installment(loan, due_on=DUE)
        ContactPoint.objects.filter(kind=EMAIL).update(named_by=[])
        assert set_channel(loan.borrower, "sms", enabled=False)

    def test_where_nothing_reaches_them_none_is_switched_off_and_stop_says_that_a_person_calls(
        self, loan: Loan
    ) -> None:
        ContactPoint.objects.update(unreachable_since=NOON)
        with pytest.raises(LastChannel):
            set_channel(loan.borrower, "sms", enabled=False)
        assert "a person calls" in say(loan.borrower, "stop")

    def test_stop_ends_the_calls_of_a_machine_too(self, loan: Loan) -> None:
        """47 CFR 64.1200(a)(10) has both in one sentence, and the call would go to the very number."""
        say(loan.borrower, "stop")
        assert not is_on(loan.borrower, "voice")

    def test_stop_is_obeyed_and_its_answer_says_that_a_person_calls(self, loan: Loan) -> None:
        make_installment(loan, due_on=DUE)
        assert "a person calls" in say(loan.borrower, "stop")
        assert not is_on(loan.borrower, "sms")


def test_what_another_person_has_proved_to_be_theirs_tells_of_nobody_elses_debts(loan: Loan) -> None:
    """The number changed hands: its new holder signs in with it."""
    phone, holder = loan.borrower.phone or "", make_borrower(phone=False)
    User.objects.filter(pk=loan.borrower_id).update(phone=None)
    User.objects.filter(pk=holder.pk).update(phone=phone)
    assert confirm_phone(holder, phone)
    assert set(reachable([loan.borrower_id])[loan.borrower_id]) == {"email"}
