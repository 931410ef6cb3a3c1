"""One row of everything that stands between two firms, for tests of the desk."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from loans import discrepancies
from loans.api.keys import rotate_key
from loans.models import Event, Feed, OutwardDelivery, Report
from loans.outages import declare_outage
from loans.tests.asking import make_program
from loans.tests.factories import make_platform
from loans.tests.outward import hear, tell
from loans.tests.positions import say
from notifications.feeds import watch_feeds
from notifications.statement_watch import watch_statements
from notifications.suppliers import FAILS, pause
from notifications.tests.factories import NOON
from portal.tests.desk import World

DAY = timedelta(days=1)


def make_firms(world: World) -> None:
    """A discrepancy, an outage that holds an installment, a feed, an endpoint, an event out and in, a key, a client,
    and alarms about a feed, a statement and a provider."""
    bank, platform = world.loan.bank, make_platform()
    say(world.installment, bank, Decimal(0), now=NOON - 4 * DAY)
    say(world.installment, platform, world.installment.total, now=NOON - 4 * DAY)
    discrepancies.sweep(NOON - 2 * DAY)
    declare_outage(bank, starts_at=NOON - DAY, ends_at=NOON + 9 * DAY, now=NOON, reason="Their switch is down.")
    Feed.objects.create(partner=bank, kind=Report.Kind.STATEMENT, every_hours=24)
    rotate_key(bank, now=timezone.now(), overlap=DAY)
    hear(bank, "https://events.a-rather-long-name-of-a-bank.example/dueproof/hook")
    tell(world.loan, 2)
    OutwardDelivery.objects.update(status="dead", attempts=14, reason="answered 503")
    make_program(bank)
    watch_feeds(NOON + 3 * DAY)
    watch_statements(NOON)
    pause("kannel", why=FAILS + "gateway cannot be reached", now=NOON)
    Event.objects.create(
        report=world.report, partner=bank, place=0, event_id="a-rather-long-id-of-an-event-of-a-partner-0123456789",
        type="position.snapshot", loan_number=world.loan.external_id, occurred_at=NOON, status=Event.Status.REFUSED,
        code="currency", reason="the loan is in CNY, not in HKD", decided_at=NOON,
    )  # fmt: skip
