"""What is in an evidence pack, and what is not."""

import json
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.direction import DIRECTION_MARKS
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment
from notifications.acknowledgement import acknowledge
from notifications.events import about, record_all
from notifications.evidence import case as evidence_case
from notifications.evidence.case import NothingToPackError
from notifications.evidence.pack import build_pack
from notifications.evidence.verify import find_problems, read_files
from notifications.models import Delivery, NoticeEvent
from notifications.planning import plan_upcoming
from notifications.tests.bundles import deliver, make_pair, settle
from notifications.tests.cases import Told, bounce, dispute, make_case, pay
from notifications.tests.events import make_events, tamper
from notifications.tests.factories import NOON, clock, hear, make_delivery, make_prompt, make_receipt
from notifications.tests.packs import LATER, NAMES, files_of, read

pytestmark = pytest.mark.django_db


def test_a_pack_of_a_whole_case_verifies(case: Told) -> None:
    make_events(3)
    pay(case)
    dispute(case)
    files = files_of(case)
    assert find_problems(files) == []
    assert sorted(files) == sorted(NAMES)


def test_the_events_are_those_of_the_case_and_of_the_borrower_alone(case: Told) -> None:
    other = make_case()
    elsewhere = make_installment(case.loan, due_on=date(2027, 1, 1))
    make_events(1, borrower_id=case.borrower.pk, installment_id=elsewhere.pk)
    [switched] = make_events(1, borrower_id=case.borrower.pk, kind=NoticeEvent.Kind.PREFERENCE)
    events = [json.loads(line) for line in files_of(case)["events.jsonl"].splitlines()]
    assert other.borrower.pk not in {event["borrower"] for event in events}
    assert elsewhere.pk not in {event["installment"] for event in events}
    assert [event["kind"] for event in events] == [
        *("planned", "sent", "sent", "delivered", "failed", "acknowledged", "preference")
    ]
    assert events[-1]["id"] == switched


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_the_message_is_worded_again_as_it_was_sent_but_for_the_key_in_its_link(case: Told, channel: str) -> None:
    sent = case.messages[channel]
    [packed] = [one for one in read(files_of(case), "deliveries.json") if one["channel"] == channel]
    assert packed["message"]["as_sent"]
    assert packed["message"]["subject"] == sent.subject
    assert packed["message"]["text"] == sent.text.replace(sent.action_url, f"{settings.PUBLIC_URL}/k/…")
    assert packed["wording"] == Delivery.objects.get(pk=packed["id"]).wording != ""
    assert packed["facts"]["bank_name"] == "Harbour Bank"


def test_words_that_were_revised_since_are_not_called_the_sent_ones(case: Told) -> None:
    Delivery.objects.filter(pk=case.sms.pk).update(wording="upcoming/3/en@000000000000")
    packed = {one["id"]: one for one in read(files_of(case), "deliveries.json")}
    assert not packed[case.sms.pk]["message"]["as_sent"]
    assert packed[case.email.pk]["message"]["as_sent"]


def test_a_delivery_that_was_never_worded_has_no_message(case: Told) -> None:
    waiting = make_delivery(case.prompt, ordinal=1, facts=None)
    packed = {one["id"]: one for one in read(files_of(case), "deliveries.json")}
    assert packed[waiting.pk]["message"] is None


def test_acknowledgements_say_what_was_seen(case: Told) -> None:
    [packed] = read(files_of(case), "acknowledgements.json")
    assert (packed["amount"], packed["currency"], packed["due_on"]) == ("100.000", "CNY", "2026-11-25")
    assert packed["wording"] == case.sms.wording
    assert packed["acknowledged_at"] == "2026-11-22T04:00:09+00:00"


def test_both_firms_positions_and_the_payments_are_there(case: Told) -> None:
    pay(case)
    files = files_of(case)
    [installment] = read(files, "positions.json")
    assert [(one["firm"], one["status"], one["paid"]) for one in installment["positions"]] == [
        ("Lantern Mall", "paid", "100.000"),
        ("Harbour Bank", "due", "0.000"),
    ]
    [payment] = read(files, "payments.json")
    assert (payment["amount"], payment["status"], payment["settled_at"]) == ("100.000", "received", None)


def test_the_readme_tells_the_story_in_order_on_the_borrowers_clock(case: Told) -> None:
    pay(case)
    opened = dispute(case)
    readme = files_of(case)["README.txt"].decode()
    phone, email = f"+86•••••{case.sms.address[-4:]}", "b•••@example.test"
    days = ("2026-11-22", "2026-11-25")
    story = [line.rpartition("  [")[0] for line in readme.splitlines() if line.startswith(days)]
    assert story == [
        "2026-11-22 12:00:00  Lantern Mall says of installment 1: paid, paid ¥100.00",
        "2026-11-22 12:00:00  Harbour Bank says of installment 1: to be paid, paid ¥0.00",
        "2026-11-22 12:00:00  planned · payment coming up",
        f"2026-11-22 12:00:01  handed over · payment coming up · SMS {phone}",
        f"2026-11-22 12:00:01  handed over · payment coming up · email {email}",
        "2026-11-22 12:00:03  kannel reports: delivered · delivered to the phone",
        f"2026-11-22 12:00:03  delivered · payment coming up · SMS {phone}",
        "2026-11-22 12:00:04  smtp reports: not delivered · 5.1.1 no such mailbox",
        f"2026-11-22 12:00:04  not delivered · payment coming up · email {email} · 5.1.1 no such mailbox",
        f"2026-11-22 12:00:09  acknowledged · payment coming up · SMS {phone} · ¥100.00 · 2026-11-25",
        "2026-11-22 12:00:20  Lantern Mall has seen a payment of ¥100.00",
        f"2026-11-22 12:00:30  Dispute {opened.receipt_number} opened: I was not told",
        "2026-11-25 00:00:00  Installment 1 is due today: ¥100.00",
    ]
    assert f"What {case.borrower.name} was told about loan {case.loan.external_id}" in readme


def test_the_readme_is_in_the_borrowers_language() -> None:
    readme = files_of(make_case(locale="zh-hans"))["README.txt"].decode()
    assert "已送达" in readme


def test_a_dispute_about_an_installment_has_the_pack_of_that_installment(case: Told) -> None:
    make_installment(case.loan, due_on=date(2027, 1, 1))
    files = files_of(case, dispute_id=dispute(case).pk)
    assert find_problems(files) == []
    assert read(files, "case.json")["installments"] == [1]


def test_a_dispute_about_a_loan_has_all_of_it(case: Told) -> None:
    second = make_installment(case.loan, due_on=date(2026, 12, 25))
    told = make_delivery(make_prompt(second))
    files = files_of(case, dispute_id=dispute(case, whole_loan=True).pk)
    assert find_problems(files) == []
    assert read(files, "case.json")["installments"] == [1, 2]
    assert told.pk in [one["id"] for one in read(files, "deliveries.json")]


def test_a_message_that_named_the_installment_beside_another_is_in_its_pack(case: Told) -> None:
    beside = make_installment(case.loan, due_on=case.installment.due_on)
    make_prompt(beside, told_with=case.prompt)
    files = files_of(case, installment_id=beside.pk)
    assert [one["id"] for one in read(files, "deliveries.json")] == [case.sms.pk, case.email.pk]
    assert find_problems(files) == []


def test_each_delivery_says_which_figures_it_named(case: Told) -> None:
    Installment.objects.update(version=2, total=900, outstanding=900)
    figures = {"installment": case.installment.pk, "amount": "100.000", "due_on": case.installment.due_on.isoformat()}
    assert [one["named"] for one in read(files_of(case), "deliveries.json")] == [[figures], [figures]]


def test_of_a_message_that_left_the_installment_out_the_readme_says_so() -> None:
    paid, asked = make_pair()
    plan_upcoming(clock())
    settle(paid)
    sms = deliver("sms")
    record_all([about(sms.prompt, NoticeEvent.Kind.DELIVERED, delivery_id=sms.pk)], at=NOON)

    def line(installment: Installment) -> str:
        pack = build_pack(paid.loan.borrower_id, installment_id=installment.pk, now=LATER)
        readme = read_files(BytesIO(pack))["README.txt"].decode()
        return next(line for line in readme.splitlines() if "delivered" in line)

    assert "it named other installments only" in line(paid)
    assert "it named other installments only" not in line(asked)


def test_the_chain_runs_from_the_first_seal_of_the_case_to_the_newest(case: Told) -> None:
    first = files_of(case)
    for _ in range(3):
        make_events(2)
        build_pack(case.borrower.pk, installment_id=case.installment.pk, now=LATER)
    files = files_of(case)
    seals = read(files, "seals.json")["seals"]
    assert len(seals) == 4
    assert seals[0] == read(first, "seals.json")["seals"][0]
    assert find_problems(files) == []


@pytest.mark.parametrize("first", [True, False], ids=["before the events are read", "after them"])
def test_what_happens_while_a_pack_is_read_does_not_make_it_wrong(
    monkeypatch: pytest.MonkeyPatch, case: Told, first: bool
) -> None:
    email = make_delivery(make_prompt(case.installment, stage=1), Delivery.Channel.EMAIL, status="sent", sent_at=NOON)
    read_them = evidence_case._events

    def meanwhile(*asked: Any) -> list[NoticeEvent]:
        found = [] if first else list(read_them(*asked))
        hear("smtp", bounce(email), now=LATER)
        acknowledge(prompt_id=email.prompt_id, method="link", delivery_id=email.pk, now=LATER)
        return list(read_them(*asked)) if first else found

    monkeypatch.setattr(evidence_case, "_events", meanwhile)
    assert find_problems(files_of(case)) == []


def test_of_a_record_that_was_tampered_with_no_pack_verifies(case: Told) -> None:
    files_of(case)
    tamper("UPDATE notifications_noticeevent SET kind = 'seen' WHERE kind = 'failed'")
    assert any("is not what seal" in problem for problem in find_problems(files_of(case)))


def test_there_is_no_pack_about_what_is_not_the_borrowers(case: Told) -> None:
    stranger = make_borrower()
    with pytest.raises(NothingToPackError, match=f"no installment {case.installment.pk}"):
        build_pack(stranger.pk, installment_id=case.installment.pk, now=LATER)
    with pytest.raises(NothingToPackError, match="no dispute"):
        build_pack(stranger.pk, dispute_id=dispute(case).pk, now=LATER)
    with pytest.raises(ValueError, match="Name an installment or a dispute"):
        build_pack(case.borrower.pk, now=LATER)


def test_the_number_of_queries_does_not_grow_with_the_case(case: Told) -> None:
    about = dispute(case, whole_loan=True)
    files_of(case)
    with CaptureQueriesContext(connection) as small:
        build_pack(case.borrower.pk, dispute_id=about.pk, now=LATER)
    for days in range(1, 6):
        other = make_installment(case.loan, due_on=case.installment.due_on + timedelta(days=30 * days))
        delivery = make_delivery(make_prompt(other))
        make_receipt(delivery, "delivered")
    with CaptureQueriesContext(connection) as large:
        build_pack(case.borrower.pk, dispute_id=about.pk, now=LATER)
    assert len(large) == len(small)


def test_nobodys_words_turn_the_lines_of_a_pack_and_its_files_have_every_character() -> None:
    files = files_of(make_case(name="Lin\u202e 000,1"))
    assert "Lin\ufffd 000,1" in files["README.txt"].decode()
    assert not any(DIRECTION_MARKS.search(files[name].decode()) for name in files if name.endswith((".json", ".txt")))
    assert read(files, "case.json")["borrower"]["name"] == "Lin\u202e 000,1"
    assert find_problems(files) == []
