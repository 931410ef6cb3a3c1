"""What an alarm is about and what is wrong, in the reader's language; its own row says it in English, for logs."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loans.models import Report
from loans.templatetags.loans import moment, short_day
from notifications.models import Alarm, Delivery
from notifications.suppliers import FAILS, NONE_ARRIVE, SLOW, UNDELIVERED
from portal.admin.queue import list_of
from portal.admin.reasons import reason_words

Kind = Alarm.Kind
_FAULTS: Final[dict[str, Promise]] = {
    "gap": _("At least one statement before this one has not come: ask the bank for it."),
    "break": _("The opening balance is not the closing balance of the statement before: ask the bank."),
    "sum": _("The entries do not make the closing balance of the opening one: ask the bank."),
}


def about(alarm: Alarm) -> SafeString | str:
    """The record that it is about, with a link where the desk has a page of it. Asks the database nothing."""
    facts, named = alarm.facts, alarm.subject.partition(":")[2]
    if alarm.kind == Kind.FEED and facts:
        return _link("loans_feed", facts["feed"], f"{facts['firm']} · {_kind_of_report(facts['kind'])}")
    if alarm.kind == Kind.REFUSED:
        return _link("loans_partner", facts["partner"], facts["firm"])
    if alarm.kind == Kind.UNREAD:
        which = f"partner__id__exact={facts['partner']}&kind__exact={facts['kind']}&status__exact=received"
        return _linked(list_of(Report, which), f"{facts['firm']} · {_kind_of_report(facts['kind'])}")
    if alarm.kind == Kind.OUTAGE:
        return _link("loans_outage", facts["outage"], facts["firm"])
    if alarm.kind == Kind.DOUBTED:
        return _link("loans_payment", facts["payment"], f"{facts['firm']} · {facts['loan']}")
    if alarm.kind == Kind.STATEMENT:
        return _link("loans_statement", facts["statement"], f"{facts['firm']} · {facts['named']}")
    if alarm.kind == Kind.COVERAGE and alarm.due_on:
        return _due(alarm.due_on)
    if alarm.kind == Kind.UNTOLD and alarm.due_on:
        return _link("loans_loan", facts["loan"], _due(alarm.due_on))
    if alarm.kind == Kind.QUEUE:
        return str(Delivery.Channel(named).label)
    return named


def wrong(alarm: Alarm) -> str:
    """A sentence or two, also for alarms of a release that kept no facts."""
    words = _WORDS.get(Kind(alarm.kind))
    return words(alarm) if words else reason_words(alarm.detail)


def _of_a_feed(alarm: Alarm) -> str:
    facts = alarm.facts
    if not facts:
        return reason_words(alarm.detail)
    named = {"firm": facts["firm"], "kind": _kind_of_report(facts["kind"])}
    if not facts["heard_at"]:
        return gettext("“%(kind)s” has never come from %(firm)s: ask it, before its borrowers notice.") % named
    since = moment(datetime.fromisoformat(facts["heard_at"]))
    words = gettext("“%(kind)s” has not come from %(firm)s since %(since)s: ask it, before its borrowers notice.")
    return words % {**named, "since": since}


def _of_a_provider(alarm: Alarm) -> str:
    name = alarm.subject.partition(":")[2]
    why = alarm.detail.removeprefix(f"{name} ")
    if why == SLOW:
        return gettext("%s takes messages, and most bring no receipt in time.") % name
    if why == NONE_ARRIVE:
        return gettext("%s takes messages, and no longer says of most that they arrive.") % name
    if why == UNDELIVERED:
        return gettext("%s takes messages, and most are reported as not delivered.") % name
    if why.startswith(FAILS):
        named = {"provider": name, "reason": reason_words(why.removeprefix(FAILS))}
        return gettext("%(provider)s does not take messages: %(reason)s") % named
    return reason_words(alarm.detail)


def _of_a_statement(alarm: Alarm) -> str:
    return str(_FAULTS[alarm.facts["fault"]])


def _of_a_clock(alarm: Alarm) -> str:
    named = {"worker": alarm.facts["worker"], "seconds": abs(alarm.facts["seconds"])}
    if alarm.facts["seconds"] > 0:
        return gettext("The clock of %(worker)s is %(seconds)d s ahead of the database's: set it right (NTP).") % named
    return gettext("The clock of %(worker)s is %(seconds)d s behind the database's: set it right (NTP).") % named


def _of_refusals(alarm: Alarm) -> str:
    facts = alarm.facts
    named = {"firm": facts["firm"], "since": moment(datetime.fromisoformat(facts["since"]))}
    if facts["signed"]:
        words = gettext("Nothing that %(firm)s pushes has been taken since %(since)s: ask it, before borrowers notice.")
    else:
        words = gettext(
            "Nothing pushed under the name of %(firm)s has been taken since %(since)s, and nothing was signed with its "
            "key: ask it whether it has the right one, or whether somebody else uses its name."
        )
    return gettext("%(words)s The last refusal: %(code)s.") % {"words": words % named, "code": facts["code"]}


def _of_what_is_unread(alarm: Alarm) -> str:
    facts = alarm.facts
    named = {"firm": facts["firm"], "since": moment(datetime.fromisoformat(facts["since"]))}
    if facts["kind"] == Report.Kind.EVENTS:
        words = gettext(
            "Messages of %(firm)s have waited to be applied since %(since)s. Nothing about its loans is called overdue "
            "meanwhile, and reminders go out without them: look at the workers of the queue “intake”."
        )
    else:
        words = gettext(
            "Files of %(firm)s have waited to be applied since %(since)s. Nothing about its loans is called overdue "
            "meanwhile, and reminders go out without them: look at the workers of the queue “intake”, or take the same "
            "files in once more."
        )
    return words % named


def _of_an_outage(alarm: Alarm) -> str:
    named = {"firm": alarm.facts["firm"], "since": moment(datetime.fromisoformat(alarm.facts["since"]))}
    words = gettext(
        "The outage of %(firm)s has lasted since %(since)s, and nothing that it touches is demanded: ask the firm "
        "whether it is over, and end it."
    )
    return words % named


def _of_a_booking(alarm: Alarm) -> str:
    words = gettext(
        "%(firm)s says that it booked a payment of loan %(loan)s, and it cannot be true as it says it. What it is for "
        "is not called overdue meanwhile: ask the bank."
    )
    return words % {"firm": alarm.facts["firm"], "loan": alarm.facts["loan"]}


def _of_an_untold_one(alarm: Alarm) -> str:
    return gettext(
        "It fell overdue, and nobody had told its borrower in time: call them, and write down here how it came about."
    )


def _of_a_queue(alarm: Alarm) -> str:
    since = moment(datetime.fromisoformat(alarm.facts["since"]))
    words = gettext(
        "What was to go out at %(since)s still waits, and for ten minutes nobody has worked on the queue “%(queue)s”: "
        "look at its workers and at beat."
    )
    return words % {"since": since, "queue": alarm.facts["channel"]}


_WORDS: Final[dict[Kind, Callable[[Alarm], str]]] = {
    Kind.FEED: _of_a_feed,
    Kind.PROVIDER: _of_a_provider,
    Kind.STATEMENT: _of_a_statement,
    Kind.CLOCK: _of_a_clock,
    Kind.REFUSED: _of_refusals,
    Kind.UNREAD: _of_what_is_unread,
    Kind.OUTAGE: _of_an_outage,
    Kind.DOUBTED: _of_a_booking,
    Kind.UNTOLD: _of_an_untold_one,
    Kind.QUEUE: _of_a_queue,
}


def _due(day: date) -> str:
    return gettext("the installment due on %s") % short_day(day)


def _kind_of_report(kind: str) -> str:
    return str(Report.Kind(kind).label)


def _link(model: str, pk: int, words: str) -> SafeString:
    return _linked(reverse(f"admin:{model}_change", args=[pk]), words)


def _linked(address: str, words: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, words)
