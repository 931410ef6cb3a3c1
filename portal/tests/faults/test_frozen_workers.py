"""Workers that stop for a while and go on as if nothing had happened: a paused machine, a swapped-out process."""

import pytest
from django.db import connection

from notifications.models import Delivery, NoticeEvent
from notifications.signatures import delivery_id_of
from notifications.states import Status
from portal.tests.faults.ledger import OUTSIDE
from portal.tests.faults.run import Run

pytestmark = pytest.mark.faults


def sleep_amid(run: Run) -> bool:
    """Freeze the workers amid a block; where all that they held just then had come to the provider, whose receipts
    close it whoever sleeps, let them go on and say so.
    """
    crew, names = run.world.crew, [worker.name for worker in run.world.workers]
    for name in names:
        crew.freeze(name)
    with connection.cursor() as cursor:
        # What they had sent off to the database is done by then, and written.
        cursor.execute("SELECT pg_sleep(0.3)")
    came = {delivery_id_of(reference) for channel in OUTSIDE for reference in run.world.sandbox.list_copies(channel)}
    if set(Delivery.objects.filter(status=Status.SENDING).values_list("pk", flat=True)) - came:
        return True
    for name in names:
        crew.thaw(name)
    return False


def test_workers_sleep_longer_than_their_lease_and_wake_up(run: Run) -> None:
    """Another one, with a lease of two seconds, takes over meanwhile. Their locks are held all the time."""
    world = run.world
    run.begin()
    run.wait_for("sms", 0.1)
    run.wait_until("all slept, and held something", lambda: sleep_amid(run))
    world.start_hasty_worker()
    run.wait_until("nobody held a claim", lambda: not Delivery.objects.filter(status=Status.SENDING).exists())
    freed = NoticeEvent.objects.filter(data__reason__startswith="its worker").count()
    for worker in world.workers:
        world.crew.thaw(worker.name)
    run.prove()
    assert freed > 0
