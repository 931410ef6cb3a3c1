"""Raw messages at the desk open no link, prove no report and show nobody's number."""

import base64
from typing import Final

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import Callback, Delivery, InboundText, Receipt
from notifications.signatures import link_token, reference_of
from notifications.tests.cases import bounce
from notifications.tests.factories import NOON, hear, make_delivery, make_receipt
from portal.admin.raw import MOST_SHOWN
from portal.tests.desk import World, desk_of, make_agent_and_operator, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
NOT_SHOWN: Final = "bytes, not shown: a part is in base64, in which nothing can be masked."


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def desk() -> Client:
    return desk_of(make_agent_and_operator())


def pages(desk: Client, delivery: Delivery, raw: bytes) -> list[str]:
    """What the desk shows of a receipt, and of the message that it was read out of."""
    receipt = make_receipt(delivery, "failed", raw, provider_reference=f"<{reference_of(delivery.pk)}@x.example>")
    places = [("receipt", receipt.pk), ("callback", receipt.callback_id), ("delivery", delivery.pk)]
    Delivery.objects.filter(pk=delivery.pk).update(provider_reference=receipt.provider_reference)
    answers = [desk.get(reverse(f"admin:notifications_{name}_change", args=[pk])) for name, pk in places]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    return [answer.content.decode() for answer in answers]


def test_a_devices_clock_does_not_break_the_page_of_its_receipt(desk: Client, world: World) -> None:
    delivery = make_delivery(world.prompt, "push", status=Delivery.Status.SENT, sent_at=NOON)
    hear("webpush", f"shown=yes&at=253402300799&reference={reference_of(delivery.pk)}".encode())
    receipt = Receipt.objects.get(delivery=delivery)
    assert desk.get(reverse("admin:notifications_receipt_change", args=[receipt.pk])).status_code == 200


def test_no_link_of_a_returned_message_can_be_opened_from_the_desk(desk: Client, world: World) -> None:
    token = link_token(world.email.pk, NOON)
    raw = bounce(world.email, returned=f"http://portal.example/k/{token}/")
    receipt, callback, _delivery = pages(desk, world.email, raw)
    for page in (receipt, callback):
        assert "/k/…" in page
        assert token[:12] not in page


def test_no_page_shows_the_half_of_a_reference_by_which_a_report_counts(desk: Client, world: World) -> None:
    reference = reference_of(world.email.pk)
    for page in pages(desk, world.email, bounce(world.email)):
        assert f"{reference[8:13]}-…" in page
        assert reference[14:] not in page


def test_a_message_with_a_part_in_base64_is_said_not_to_be_shown(desk: Client, world: World) -> None:
    hidden = base64.b64encode(f"http://portal.example/k/{link_token(world.email.pk, NOON)}/".encode()).decode()
    raw = bounce(world.email, returned=f"--b\nContent-Transfer-Encoding: base64\n\n{hidden}")
    receipt, callback, _delivery = pages(desk, world.email, raw)
    for page in (receipt, callback):
        assert NOT_SHOWN in page
        assert f"{len(raw)} {NOT_SHOWN}" in page
        assert hidden not in page


def test_where_a_message_is_cut_short_no_half_of_a_key_stands(desk: Client, world: World) -> None:
    reference = reference_of(world.email.pk)
    for shown in range(20, 37, 4):
        raw = b" " * (MOST_SHOWN - shown) + reference.encode() + b" " * 1_000
        for page in pages(desk, world.email, raw)[:2]:
            assert reference[14:20] not in page


def test_numbers_of_other_people_in_a_batch_are_masked_beside_a_receipt(desk: Client, world: World) -> None:
    raw = b'[{"phone_number": "13912345678"}, {"phone_number": "8613912345678"}]'
    for page in pages(desk, world.sms, raw):
        assert "3912345678" not in page


@pytest.mark.parametrize("readable", [True, False])
def test_a_link_that_somebody_sends_back_cannot_be_opened_from_the_desk(
    desk: Client, world: World, *, readable: bool
) -> None:
    token = link_token(world.sms.pk, NOON)
    raw = f"{'from=%2B8613912345678&' if readable else ''}text=What+is+https://portal.example/k/{token}/".encode()
    callback = Callback.objects.create(provider="kannel_in", raw=raw, received_at=NOON)
    text = InboundText.objects.create(
        callback=callback, borrower=world.borrower, meaning="other", outcome="for a person to read", received_at=NOON
    )
    page = desk.get(reverse("admin:notifications_inboundtext_change", args=[text.pk])).content.decode()
    assert "/k/…" in page
    assert token[:12] not in page
