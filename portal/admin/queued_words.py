"""What an agent reads of a message that they have just had queued: whether it goes out now, or what holds it."""

from django.utils import timezone
from django.utils.translation import gettext

from notifications.capping import room_for
from notifications.halting import halts_of, waits_for
from notifications.models import Delivery
from portal.admin.cells import halted, moment_in
from portal.admin.timeline_told import channel_of


def queued_words(delivery: Delivery) -> str:
    """At once, when a halt is lifted, when a firm's messages are applied, when the borrower's contact hours open, or
    when a cap leaves room.
    """
    way, now = channel_of(delivery), timezone.now()
    halts = halts_of(delivery.prompt, delivery.channel)
    if halts:
        named = ", ".join(f"#{one.pk} ({halted(one)})" for one in halts)
        return gettext("%(way)s waits until what is halted is lifted: %(halts)s.") % {"way": way, "halts": named}
    if firm := waits_for(delivery.prompt):
        return gettext("%(way)s waits until what %(firm)s has sent is applied.") % {"way": way, "firm": firm}
    zone = delivery.prompt.borrower.zone
    room = room_for(delivery.prompt.borrower, delivery.prompt.kind, delivery.channel, now=now)
    if room and room.at > max(delivery.next_attempt_at, now):
        held = {"way": way, "moment": moment_in(room.at, zone), "zone": zone.key}
        return gettext("%(way)s is held: the law leaves no room for it before %(moment)s (%(zone)s).") % held
    if delivery.next_attempt_at <= now:
        return gettext("On its way: %s.") % way
    held = {"way": way, "moment": moment_in(delivery.next_attempt_at, zone), "zone": zone.key}
    return gettext("%(way)s is held until contact hours open: %(moment)s (%(zone)s).") % held
