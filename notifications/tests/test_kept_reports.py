"""Nobody fills the disk with reports on one message of theirs."""

import logging

import pytest

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import receipts
from notifications.kept_reports import MOST_KEPT
from notifications.models import Callback, Delivery, Receipt
from notifications.push_receipts import receive_report
from notifications.push_subscriptions import subscribe
from notifications.signatures import notice_token, reference_of
from notifications.tests.browsers import Browser
from notifications.tests.cases import SECOND, bounce
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
DOOR = "Return-Path: <>\r\nDelivered-To: bounce+{}@bounces.dueproof.test\r\n"


@pytest.fixture
def mail() -> Delivery:
    return make_delivery(channel=Delivery.Channel.EMAIL, status="sent", sent_at=NOON)


def arrive(delivery: Delivery, content: bytes = b"") -> bool:
    raw = DOOR.format(reference_of(delivery.pk)).encode() + (content or bounce(delivery))
    return receipts.store(provider="smtp", raw=raw, now=NOON)


def other_marks(delivery: Delivery) -> bytes:
    """A report that names another message than the one to whose address it comes."""
    other = make_delivery(delivery.prompt, Delivery.Channel.EMAIL, ordinal=1, status="sent")
    return bounce(delivery).replace(reference_of(delivery.pk).encode(), reference_of(other.pk).encode())


@pytest.mark.parametrize("disagrees", [False, True])
@pytest.mark.parametrize("every", [1, MOST_KEPT + 5], ids=["each is read at once", "nobody reads meanwhile"])
def test_of_reports_on_one_mail_a_few_are_kept_and_the_others_are_logged_without_a_word_of_theirs(
    mail: Delivery, every: int, disagrees: bool, caplog: pytest.LogCaptureFixture
) -> None:
    content = other_marks(mail) if disagrees else bounce(mail)
    answers = []
    with caplog.at_level(logging.WARNING):
        for number in range(1, MOST_KEPT + 6):
            answers.append(arrive(mail, content))
            if number % every == 0:
                receipts.apply_waiting(now=NOON)
    assert answers == [True] * MOST_KEPT + [False] * 5
    assert Callback.objects.count() == MOST_KEPT
    assert caplog.text.count(f"by smtp on delivery {mail.pk} was not kept") == 5
    assert "example.test" not in caplog.text


def test_reports_on_another_mail_are_kept_beside_a_flood(mail: Delivery) -> None:
    for _ in range(MOST_KEPT + 5):
        arrive(mail)
    other = make_delivery(channel=Delivery.Channel.EMAIL, status="sent", sent_at=NOON)
    assert arrive(other)
    receipts.apply_waiting(now=NOON)
    other.refresh_from_db()
    assert other.status == "failed"


def test_a_report_on_what_was_told_by_no_mail_or_is_not_there_any_more_is_not_kept(mail: Delivery) -> None:
    sms, gone = make_delivery(status="sent"), Delivery(pk=mail.pk + 1_000_000, address="li@example.test")
    assert [arrive(mail), arrive(sms), arrive(gone)] == [True, False, False]
    assert not receipts.store(provider="smtp", raw=bounce(mail).replace(reference_of(mail.pk).encode(), b"x"), now=NOON)
    assert Callback.objects.count() == 1


def test_of_words_of_one_device_that_nobody_has_read_yet_a_few_are_kept() -> None:
    borrower = make_borrower()
    device = subscribe(borrower, Browser("https://push.example/a").address, user_agent="", now=NOON)
    notice = make_delivery(
        make_prompt(make_installment(make_loan(borrower), due_on=TODAY)), "push", status="sent", sent_at=NOON
    )
    token = notice_token(notice.pk, device.pk, NOON + 1_000 * SECOND)
    for second in range(MOST_KEPT + 5):
        receive_report(token, f"shown=yes&at={second}".encode(), now=NOON)
    assert Callback.objects.count() == MOST_KEPT
    receipts.apply_waiting(now=NOON)
    assert Receipt.objects.filter(moved=True).count() == 1
