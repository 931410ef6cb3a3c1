"""The one place from which the benchmarks call the product, so that a change of the product is followed here alone.

Nothing here does any of the work that is measured: each function is what a task, a view or a channel calls itself.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from benchmarks.measure import MissingError
from benchmarks.servers import CALLBACK_TOKEN
from benchmarks.web.client import write_request
from loans.api.keys import rotate_key
from loans.api.signature import sign
from loans.intake.events.sweep import apply_kept
from loans.models import Partner
from notifications import dispatch, planning, purging, receipts
from notifications.channels.base import Channel, Outcome, Result
from notifications.channels.email import EmailChannel
from notifications.channels.registry import PROVIDERS, channel_for
from notifications.claiming import Kept, Line, claim, holding
from notifications.clock import Clock
from notifications.composing import word
from notifications.events import Fact, record_all
from notifications.evidence import checking, sealing
from notifications.models import Callback, NoticeEvent
from notifications.outcomes import record_outcomes
from notifications.signatures import reference_of
from notifications.tellings import tellings_of

PROMPTS: Final = "notifications_prompt"
DELIVERIES: Final = "notifications_delivery"
EVENTS: Final = "notifications_noticeevent"
PLANNED: Final = (PROMPTS, DELIVERIES, EVENTS)
"""What planning writes to: one prompt, a delivery a channel, an event."""
STARTED_ON: Final = 2
"""Channels that a prompt starts on: the first rung's and the portal's own."""

RECEIPTS: Final = "notifications_receipt"
CALLBACKS: Final = "notifications_callback"
TOLD: Final = (*PLANNED, RECEIPTS, CALLBACKS, "notifications_seal", "notifications_supplier")
"""What was told and what came of it: emptied between trials, while the loans stay."""


def plan(now: datetime, wake: Callable[[], None]) -> int:
    """What the task `plan` does; returns how many prompts are new."""
    clock = Clock.at(now)
    return planning.plan_upcoming(clock, wake) + planning.plan_overdue(clock, wake)


def drain(channel: str, now: datetime) -> int:
    """What the task `send` does: until nothing more is to be sent; returns how many went."""
    return _until_done(lambda: dispatch.dispatch(channel, clock=lambda: now))


def claim_and_record(channel: str, now: datetime) -> int:
    """What the task `send` does, with a provider that has taken everything before it was asked; returns how many."""
    return _claim_and_record(channel, now)


def free_the_dead(now: datetime) -> int:
    """What the task `tidy` does with the claims of dead workers."""
    return _until_done(lambda: dispatch.rescue(now=now))


def receipt_path(delivery_id: int) -> str:
    """The callback by which a provider says that this delivery has arrived, as Kannel fills it in."""
    address = reverse("kannel_report", args=[CALLBACK_TOKEN])
    said = "id%3ASBX000000001+sub%3A001+dlvrd%3A001+stat%3ADELIVRD+err%3A000"
    return (
        f"{address}?reference={reference_of(delivery_id)}&type=1&answer={said}&smsc_reference=SBX{delivery_id}&time=1"
    )


def receipts_request(delivery_ids: Sequence[int]) -> bytes:
    """One request that brings many receipts, as Alibaba Cloud pushes them."""
    body = [
        {
            "phone_number": "13800138000", "send_time": "2026-11-28 09:00:00", "report_time": "2026-11-28 09:00:03",
            "success": True, "err_code": "DELIVERED", "err_msg": "", "sms_size": "1",
            "biz_id": f"SBX{one:09d}", "out_id": reference_of(one),
        }
        for one in delivery_ids
    ]  # fmt: skip
    path = reverse("aliyun_report", args=[CALLBACK_TOKEN])
    return write_request(path, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def apply_receipts(now: datetime) -> int:
    """What the task `read_callbacks` does; returns how many callbacks were read."""
    return _until_done(lambda: receipts.apply_waiting(now=now))


def callbacks_read() -> int:
    """How many have been read since the last trial."""
    return Callback.objects.filter(applied_at__isnull=False).count()


REPORTS: Final = "loans_report"
APPLIED_EVENTS: Final = "loans_event"


@dataclass(frozen=True, slots=True)
class Pusher:
    """A platform that pushes payments of the book's loans."""

    code: str
    partner_id: int
    secret: str

    @classmethod
    def of(cls, code: str) -> "Pusher":
        """With a key of its own, and no rate that would end a trial."""
        partner = Partner.objects.get(code=code)
        Partner.objects.filter(pk=partner.pk).update(events_per_minute=2**31 - 1)
        _key, secret = rotate_key(partner, now=timezone.now() - timedelta(seconds=1), overlap=timedelta(0))
        return cls(code, partner.pk, secret)

    def request(self, numbers: Sequence[int], path: str = "") -> bytes:
        """One message: that the next installment of each of these loans was paid; signed now, under a new id."""
        events = [self._event(number) for number in numbers]
        body = json.dumps(events[0] if len(events) == 1 else {"events": events}).encode()
        message_id, now = f"msg_{uuid4().hex}", int(timezone.now().timestamp())
        headers = {"Content-Type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(now)}
        headers["webhook-signature"] = sign(self.secret, message_id, now, body)
        return write_request(path or reverse("api_events", args=[self.code]), body=body, headers=headers)

    def _event(self, number: int) -> dict[str, object]:
        loan, today = f"HB-{20260000 + number}", timezone.now().date().isoformat()
        data = {"loan": loan, "currency": "CNY", "payment": f"{loan}-1", "amount": "103.50", "paid_on": today}
        moment = timezone.now().isoformat()
        return {"id": f"e-{number}", "type": "payment.received", "occurred_at": moment, "data": data}


def apply_pushed() -> int:
    """What the task `apply_events` does; returns how many messages were applied."""
    return _until_done(apply_kept)


def write_events(rows: int, now: datetime) -> int:
    """Record as many events as a sending of `rows` mails does, in the same portions."""
    kind = NoticeEvent.Kind.SENT
    for first in range(0, rows, dispatch.RECORD_AT_MOST):
        last = min(first + dispatch.RECORD_AT_MOST, rows)
        record_all(
            (
                Fact(
                    kind=kind, borrower_id=one, prompt_id=one, delivery_id=one, data={"channel": "email", "reason": ""}
                )
                for one in range(first + 1, last + 1)
            ),
            at=now,
        )
    return rows


def seal_events(now: datetime) -> int:
    """What the task `seal` does; returns how many events were sealed."""
    return _until_done(lambda: sealing.seal_events(now))


def verify_events() -> int:
    """What `verify_evidence` does; returns how many events held."""
    return checking.verify_seals().events


def purge_before(month: date, now: datetime) -> int:
    """What `purge_history` does, where history need be kept for no year at all; returns how many prompts went."""
    return purging.purge(month, now=now, years=0).record.prompts


def widen_sms(in_flight: int) -> None:
    """Let this process have so many text messages in flight, as another arrangement of the channel would."""
    from notifications.channels.kannel import KannelChannel

    def build() -> Channel:
        return KannelChannel(
            url=settings.KANNEL_URL,
            username=settings.KANNEL_USERNAME,
            password=settings.KANNEL_PASSWORD,
            sender=settings.SMS_SENDER,
            callback_url=settings.SMS_CALLBACK_URL,
            in_flight=in_flight,
        )

    PROVIDERS["kannel"] = replace(PROVIDERS["kannel"], build=build)


@dataclass(frozen=True, slots=True)
class Mail:
    """One message of ours as a peer and a limit get it; `raw` is what goes out after DATA, less the final dot."""

    subject: str
    text: str
    html: str
    raw: str
    reference: str


def sample_mail(delivery_id: int, now: datetime) -> Mail:
    """Render one delivery."""
    message = word(tellings_of([delivery_id], now=now), now=now)[0][0].message
    channel = channel_for("email")
    assert isinstance(channel, EmailChannel)
    assert message
    mail = channel._prepare(message, eight_bits=True)
    assert not isinstance(mail, Outcome)
    return Mail(message.subject, message.text, message.html, mail.content.decode(), message.reference)


def change_for(borrower_ids: Sequence[int]) -> None:
    """Let something change on the first page of each of these: a cent of the next installment was paid, or was not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loans_installment SET paid = 0.01 - paid, outstanding = total - waived - (0.01 - paid)"
            " WHERE state = 'open' AND loan_id IN (SELECT id FROM loans_loan WHERE borrower_id = ANY(%s))",
            [list(borrower_ids)],
        )


def first_page() -> str:
    return reverse("home")


def page_again(body: bytes, headers: bytes) -> tuple[str, dict[str, str]]:
    """What a browser asks for that has the page before it: the path, and headers."""
    seen = re.search(rb'hx-get="([^"]+)"', body)
    if seen is None:
        raise MissingError("the first page does not ask again")
    return seen[1].decode().replace("&amp;", "&"), {"HX-Request": "true"}


def _claim_and_record(channel: str, now: datetime) -> int:
    line, done = Line(channel), 0
    with holding() as holder, channel_for(channel) as way:
        while claimed := _claim(line, holder, way.provider, now):
            answers = [(reference_of(one), f"SBX{one:09d}") for one in claimed]
            record_outcomes([Outcome(reference, Result.ACCEPTED, said) for reference, said in answers], way, now=now)
            done += len(claimed)
    return done


@transaction.atomic
def _claim(line: Line, holder: int, provider: str, now: datetime) -> list[int]:
    """As a worker claims a block, with all that it is worded from, without its wording."""
    claimed = [telling.delivery_id for telling in line.tellings(now=now, limit=dispatch.BLOCK)]
    claim([Kept(one, "{}") for one in claimed], holder=holder, provider=provider, now=now)
    return claimed


def _until_done(step: Callable[[], int]) -> int:
    done = 0
    while count := step():
        done += count
    return done
