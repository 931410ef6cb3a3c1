"""What was sent is read in its own words after they have been revised."""

import hashlib
import json

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from notifications import claiming, kept_words
from notifications.claiming import holding
from notifications.evidence.case import read_case
from notifications.evidence.told_records import delivery_records
from notifications.kept_words import keep_words, words_of
from notifications.models import Delivery, KeptWords, Prompt
from notifications.placing import place
from notifications.rendering import find_wording
from notifications.telling import telling_of
from notifications.tests.factories import NOON, make_delivery, make_prompt, word_these
from notifications.wording.samples import sample_facts
from notifications.wording.source import Wording, read_version, read_written

pytestmark = pytest.mark.django_db
TODAYS, BEFORE = "is due {due_when}", "falls due {due_when}"


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_words, "_KEPT", set())


def before(wording: Wording) -> KeptWords:
    """The words that this wording had before it was revised, kept."""
    written = wording.written.replace(TODAYS, BEFORE)
    assert written != wording.written
    digest = hashlib.sha256(written.encode()).hexdigest()[:12]
    return KeptWords.objects.create(version=f"{wording.version.partition('@')[0]}@{digest}", words=written)


def told(channel: str, version: str) -> Delivery:
    prompt = make_prompt(status=Prompt.Status.TOLD)
    facts = sample_facts("en", due_on=prompt.installment and prompt.installment.due_on).as_json()
    return make_delivery(prompt, channel, status="sent", sent_at=NOON, facts=facts, wording=version)


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_words_are_kept_when_a_message_is_claimed(channel: str) -> None:
    delivery = make_delivery(channel=channel, facts=None)
    with holding() as holder:
        [worded], _steps = word_these([delivery.pk], now=NOON)
        claiming.claim([worded.kept], holder=holder, provider="x", now=NOON)
    kept = KeptWords.objects.get()
    assert kept.version == worded.kept.wording
    assert json.loads(kept.words)[0]["subject"] == find_wording("upcoming", 3, "en").subject


def test_and_when_one_is_placed_in_the_portal() -> None:
    delivery = make_delivery(channel="in_app", facts=None)
    assert place(clock=lambda: NOON, longest=1) == 1
    delivery.refresh_from_db()
    assert KeptWords.objects.get().version == delivery.wording


def test_a_process_asks_once_for_each_version(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    versions = {find_wording("upcoming", stage, "en").version for stage in (0, 1)}
    for _ in range(2):
        kept_words._KEPT.clear()
        with django_capture_on_commit_callbacks(execute=True):
            keep_words(versions)
    with CaptureQueriesContext(connection) as ran:
        keep_words(versions)
    assert len(ran) == 0
    assert KeptWords.objects.count() == len(versions)


def test_words_whose_transaction_came_to_nothing_are_kept_the_next_time() -> None:
    keep_words([find_wording("upcoming", 0, "en").version])
    assert not kept_words._KEPT


def test_every_wording_reads_back_as_it_was() -> None:
    wording = find_wording("schedule_changed", 1, "zh-hant")
    again = read_written(wording.version, wording.written)
    assert all(getattr(again, name) == getattr(wording, name) for name in Wording.__slots__)
    assert read_version(wording.version) is wording


def test_a_message_in_the_portal_is_shown_in_the_words_of_its_day() -> None:
    kept = before(find_wording("upcoming", 3, "en"))
    delivery = told("in_app", kept.version)
    shown = telling_of(delivery.prompt, delivery)
    assert shown is not None
    assert shown.rendered is not None
    assert "falls due Wed 25 November" in shown.rendered.heading
    assert shown.same_words


@pytest.mark.parametrize("channel", ["email", "sms", "voice", "in_app", "push"])
def test_a_pack_has_the_words_of_its_day(channel: str) -> None:
    kept = before(find_wording("upcoming", 3, "en"))
    delivery = told(channel, kept.version)
    prompt = delivery.prompt
    [record] = delivery_records(read_case(prompt.borrower_id, installment_id=prompt.installment_id))
    assert record["message"]["as_sent"] is True
    assert ("falls due" in record["message"]["text"]) is (channel in {"email", "in_app"})


def test_words_that_were_not_kept_are_todays_and_said_to_be() -> None:
    delivery = told("email", "upcoming/3/en@000000000000")
    prompt = delivery.prompt
    [record] = delivery_records(read_case(prompt.borrower_id, installment_id=prompt.installment_id))
    assert record["message"]["as_sent"] is False
    assert "is due" in record["message"]["text"]


def test_kept_words_that_are_not_those_of_their_version_are_not_used() -> None:
    wording = find_wording("upcoming", 3, "en")
    KeptWords.objects.create(version="upcoming/3/en@0123456789ab", words=wording.written)
    assert words_of(["upcoming/3/en@0123456789ab", "", "x"]) == {}


def test_words_that_name_what_nothing_fills_in_any_more_are_not_used() -> None:
    written = find_wording("upcoming", 3, "en").written.replace("{amount}", "{sum_of_old}")
    version = f"upcoming/3/en@{hashlib.sha256(written.encode()).hexdigest()[:12]}"
    KeptWords.objects.create(version=version, words=written)
    assert words_of([version]) == {}


def test_kept_words_are_never_changed() -> None:
    kept = before(find_wording("upcoming", 3, "en"))
    with pytest.raises(DatabaseError, match="Cannot update or delete"):
        KeptWords.objects.filter(pk=kept.pk).update(words="[]")
