"""No contact, no key to a link and nothing of other people leaves the house in a pack."""

import base64
from collections.abc import Callable
from hashlib import sha256

import pytest

from notifications.evidence.raw import mask_raw
from notifications.evidence.verify import find_problems
from notifications.models import Callback, Delivery
from notifications.receipts import apply_waiting
from notifications.signatures import link_token, reference_of
from notifications.tests.cases import Told, bounce
from notifications.tests.events import tamper
from notifications.tests.factories import NOON, make_delivery, make_receipt
from notifications.tests.packs import files_of, read

pytestmark = pytest.mark.django_db


def test_no_address_of_the_borrower_is_in_any_file(case: Told) -> None:
    files = files_of(case)
    raws = [base64.b64decode(one["raw"]) for one in read(files, "receipts.json")["callbacks"]]
    assert len(raws) == 2
    assert case.borrower.phone
    assert case.borrower.email
    for content in [*files.values(), *raws]:
        for address in (case.borrower.phone, case.borrower.phone[3:], case.borrower.email.partition("@")[0]):
            assert address.encode() not in content


def test_what_providers_sent_is_there_masked_and_with_the_digest_of_the_original(case: Told) -> None:
    packed = read(files_of(case), "receipts.json")
    assert [(one["kind"], one["delivery"]) for one in packed["receipts"]] == [
        ("delivered", case.sms.pk),
        ("failed", case.email.pk),
    ]
    for shown, callback in zip(packed["callbacks"], Callback.objects.order_by("pk"), strict=True):
        assert shown["sha256"] == sha256(bytes(callback.raw)).hexdigest()
        assert shown["masked"]
    bounced = base64.b64decode(packed["callbacks"][1]["raw"]).decode()
    assert "Final-Recipient: rfc822; b•••@example.test\r\nAction: failed" in bounced


def test_a_message_of_a_provider_without_an_address_is_there_byte_for_byte(case: Told) -> None:
    raw = b"type=8&answer=\xff\xfe"
    make_receipt(case.sms, "accepted", raw=raw)
    shown = read(files_of(case), "receipts.json")["callbacks"][-1]
    assert (base64.b64decode(shown["raw"]), shown["masked"]) == (raw, False)


def test_a_message_that_speaks_of_other_people_too_is_left_out(case: Told) -> None:
    receipt = make_receipt(case.sms, "delayed", raw=b"13900000000=ok")
    stranger = make_receipt(make_delivery(), "delivered")
    tamper("UPDATE notifications_receipt SET callback_id = %s WHERE id = %s", receipt.callback_id, stranger.pk)
    shown = read(files_of(case), "receipts.json")["callbacks"][-1]
    assert (shown["id"], shown["raw"], shown["left_out"]) == (receipt.callback_id, None, "speaks of other people, too")
    assert stranger.pk not in [one["id"] for one in read(files_of(case), "receipts.json")["receipts"]]


def test_a_link_that_acknowledges_does_not_leave_the_house_in_a_returned_message(case: Told) -> None:
    url = case.messages["email"].action_url
    folded = url[:-9] + "=\r\n" + url[-9:]
    Callback.keep("smtp", bounce(case.email, returned=f"{url}\r\n{folded}"), NOON)
    apply_waiting(now=NOON)
    shown = base64.b64decode(read(files_of(case), "receipts.json")["callbacks"][-1]["raw"])
    assert url.rstrip("/").rpartition("/")[2][:12].encode() not in shown
    assert shown.count("/k/…".encode()) == 2


def test_what_cannot_be_masked_is_left_out() -> None:
    assert mask_raw(b"Content-type: text/plain\r\ncontent-transfer-encoding: BASE64\r\n\r\nYQ==", []) is None


@pytest.mark.parametrize(
    "written",
    [
        "https://portal.example/k/{}/",
        "https://portal.example/=\r\nk/{}",
        '{{"url": "https:\\/\\/portal.example\\/k\\/{}\\/"}}',
        "event=https%3A%2F%2Fportal.example%2Fk%2F{}%2F",
        "u=https%253A%252F%252Fportal.example%252Fk%252F{}%252F",
        '"https:\\u002F\\u002Fportal.example\\u002Fk\\u002F{}"',
        "https:=2F=2Fportal.example=2Fk=2F{}=2F",
        "&#x2F;k&#x2F;{}",
    ],
)
def test_a_link_that_acknowledges_is_masked_however_it_is_written(written: str) -> None:
    token = link_token(17, NOON)
    shown = mask_raw(written.format(token).encode(), [])
    assert shown is not None
    assert token[:12].encode() not in shown
    assert "…".encode() in shown


@pytest.mark.parametrize("spelt", [str, str.upper, lambda one: one[:20] + "=\r\n" + one[20:]])
def test_of_a_reference_the_half_that_proves_it_ours_is_masked(spelt: Callable[[str], str]) -> None:
    reference = reference_of(17)
    shown = mask_raw(f"Original-Envelope-Id: {spelt(reference)}\r\nbounce+{spelt(reference)}@x".encode(), [])
    assert shown == "Original-Envelope-Id: 00000000-0011-…\r\nbounce+00000000-0011-…@x".encode()


def test_no_reference_by_which_a_report_counts_is_in_any_file(case: Told) -> None:
    named = f"<{reference_of(case.email.pk)}@bounces.dueproof.test>"
    Delivery.objects.filter(pk=case.email.pk).update(provider_reference=named)
    make_receipt(case.email, "accepted", provider_reference=named)
    files = files_of(case)
    raws = [base64.b64decode(one["raw"]) for one in read(files, "receipts.json")["callbacks"]]
    for content in [*files.values(), *raws]:
        for delivery in (case.sms, case.email):
            assert reference_of(delivery.pk)[14:].encode() not in content
    assert find_problems(files) == []
