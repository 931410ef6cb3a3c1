"""One row of everything that operators see and hold, for tests of the desk."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from urllib.parse import quote

from django.urls import reverse

from accounts.models import User
from notifications.halting import halt
from notifications.models import Alarm, Callback, Delivery, Halt, InboundText, LeadPlan, RefusedCalls, Supplier, Sweep
from notifications.tests.factories import NOON
from notifications.tests.sweeps import all_ended
from portal.tests.desk import World

_numbers = count(1)


@dataclass(frozen=True)
class Levers:
    """Open alarms, a halt in force, a provider that is passed over, a refused call, a sweep that does not run, leads of
    a partner, and a text of a borrower.
    """

    alarm: Alarm
    halt: Halt
    supplier: Supplier
    plan: LeadPlan
    callback: Callback
    text: InboundText


def make_levers(world: World, *, by: User | None = None) -> Levers:
    """All about the world's borrower, who wrote their own number and address into their text."""
    number = next(_numbers)
    all_ended(NOON)
    Sweep.objects.filter(name="cover").update(ended_at=NOON - timedelta(hours=1), failed_at=NOON, why="DiskFull")
    RefusedCalls.objects.create(provider=f"kannel{number}", why="unproven", day=NOON.date(), calls=1, last_at=NOON)
    said = f"Call me on {world.borrower.phone} or {world.borrower.email}"
    raw = f"from={quote(str(world.borrower.phone))}&text={quote(said)}&id=7".encode()
    callback = Callback.objects.create(provider="kannel_in", raw=raw, received_at=NOON, applied_at=NOON)
    return Levers(
        alarm=make_alarm(world),
        halt=halt(reason="The bank asked us to.", by=by, now=NOON, channel=Delivery.Channel.SMS),
        supplier=Supplier.objects.create(
            name=f"kannel{number}", paused_until=NOON + timedelta(minutes=8), strikes=2, why="503", changed_at=NOON
        ),
        plan=LeadPlan.objects.create(partner=world.loan.bank, product=f"Plan {number}"),
        callback=callback,
        text=InboundText.objects.create(
            callback=callback,
            borrower=world.borrower,
            meaning="other",
            outcome="for a person to read",
            received_at=NOON,
        ),
    )


def make_alarm(world: World, **fields: object) -> Alarm:
    return Alarm.objects.create(
        **{
            "kind": Alarm.Kind.COVERAGE,
            "subject": f"installment:{world.installment.pk}",
            "detail": "Nobody is telling this borrower: look at the planner and the workers, then call the borrower.",
            "borrower": world.borrower,
            "due_on": world.installment.due_on,
            "opened_at": NOON,
            **fields,
        }
    )


def lift_address(halt: Halt) -> str:
    return reverse("admin:notifications_halt_lift", args=[halt.pk])
