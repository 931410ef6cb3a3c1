"""A delivery report that comes by mail proves less than one that is signed: it ends no failure."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import ContactPoint
from notifications import receipts
from notifications.models import Callback, Delivery, NoticeEvent, Receipt
from notifications.signatures import reference_of
from notifications.tests.cases import bounce
from notifications.tests.factories import NOON, hear, make_delivery

pytestmark = pytest.mark.django_db
MAIL = Delivery.Channel.EMAIL


def arrived(delivery: Delivery, action: str = "delivered", status: str = "2.0.0") -> bytes:
    raw = bounce(delivery).replace(b"Action: failed", f"Action: {action}".encode())
    return raw.replace(b"Status: 5.1.1", f"Status: {status}".encode())


def make_mail(**fields: Any) -> Delivery:
    return make_delivery(channel=MAIL, **{"status": "sent", "sent_at": NOON, "attempts": 1, **fields})


def standing(delivery: Delivery) -> tuple[str, list[str]]:
    events = NoticeEvent.objects.filter(delivery_id=delivery.pk).order_by("pk").values_list("kind", flat=True)
    return Delivery.objects.get(pk=delivery.pk).status, list(events)


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "as a set"])
@pytest.mark.parametrize("before", ["sent", "unconfirmed", "sending", "retrying"])
def test_a_mail_that_a_report_called_failed_stays_failed_and_the_contradiction_is_on_record(
    before: str, together: bool
) -> None:
    mail = make_mail(status=before, attempts=2, sent_at=NOON if before in {"sent", "unconfirmed"} else None)
    for raw in (bounce(mail), arrived(mail)):
        receipts.store(provider="smtp", raw=raw, now=NOON)
        if not together:
            receipts.apply_waiting(now=NOON)
    receipts.apply_waiting(now=NOON)
    assert standing(mail) == ("failed", ["failed", "conflict"])
    assert list(Receipt.objects.order_by("pk").values_list("kind", "moved")) == [("failed", True), ("delivered", False)]
    conflict = NoticeEvent.objects.get(kind="conflict")
    assert conflict.data["callback"] == Callback.objects.order_by("-pk")[0].pk
    assert ContactPoint.objects.get(deliveries=mail).unreachable_since == NOON


def test_a_mail_that_its_server_refused_at_once_was_never_on_its_way() -> None:
    mail = make_mail(status="failed", sent_at=None, attempts=1)
    hear("smtp", arrived(mail))
    assert standing(mail) == ("failed", ["conflict"])


def test_a_mail_that_we_gave_up_after_several_tries_may_have_arrived_by_one_of_them() -> None:
    mail = make_mail(status="failed", sent_at=None, attempts=2)
    hear("smtp", arrived(mail))
    assert standing(mail) == ("delivered", ["delivered"])


@pytest.mark.parametrize("before", ["sending", "retrying", "sent", "unconfirmed"])
@pytest.mark.parametrize("first", [("delayed", "4.4.1"), ("relayed", "2.0.0"), ("expanded", "2.0.0")])
def test_what_was_delayed_or_handed_on_first_arrives_as_ever(first: tuple[str, str], before: str) -> None:
    mail = make_mail(status=before)
    hear("smtp", arrived(mail, *first))
    hear("smtp", arrived(mail), now=NOON + timedelta(hours=5))
    assert standing(mail)[0] == "delivered"


def test_an_arrival_that_is_reported_before_a_failure_stands() -> None:
    mail = make_mail()
    hear("smtp", arrived(mail))
    hear("smtp", bounce(mail))
    assert standing(mail) == ("delivered", ["delivered", "conflict"])


def test_an_arrival_that_is_reported_twice_is_no_contradiction() -> None:
    mail = make_mail()
    for _ in range(2):
        hear("smtp", arrived(mail))
    assert standing(mail) == ("delivered", ["delivered"])


def test_of_several_mailboxes_behind_one_address_one_that_took_the_mail_is_enough() -> None:
    mail = make_mail()
    blocks = b"Final-Recipient: rfc822; a@example.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    hear("smtp", arrived(mail).replace(b"Original-Recipient", blocks + b"Original-Recipient"))
    assert standing(mail) == ("delivered", ["delivered", "conflict"])
    assert ContactPoint.objects.get(deliveries=mail).unreachable_since is None


def test_a_mail_firm_that_signs_may_say_that_what_failed_arrived_after_all() -> None:
    mail = make_mail(status="failed")
    summary = f'[{{"type": "delivered", "reference": "{reference_of(mail.pk)}", "message_id": "", "reject_reason": "",'
    hear("anymail", f'{summary} "status": "", "at": ""}}]\n'.encode())
    assert standing(mail) == ("delivered", ["delivered"])


def test_a_gateway_may_say_that_what_failed_arrived_after_all() -> None:
    sms = make_delivery(status="failed", sent_at=NOON)
    hear("kannel", f"reference={reference_of(sms.pk)}&type=1".encode())
    assert standing(sms) == ("delivered", ["delivered"])
