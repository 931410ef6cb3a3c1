"""Why something was done, in the reader's language: the record keeps reasons in English."""

from collections.abc import Iterable
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_text
from notifications.handing_on import WAITS
from notifications.number_replaced import ANOTHERS, THEIRS
from notifications.outcomes import REFUSED_BY
from notifications.passed_by import DUE_DAY_OVER, OVERTAKEN
from notifications.policy_files import rule_named
from notifications.policy_words import describe
from notifications.putting_off import NOT_LATE_YET
from notifications.silence import NONE_COME, TOO_LATE
from notifications.spoken import HALTED, NOT_NOW
from notifications.states import HELD_BY, SAID_NOTHING
from notifications.suppliers import FAILS, NONE_ARRIVE, SLOW, UNDELIVERED
from notifications.told_meanwhile import ARRIVED

_OF_A_FIRM: Final = "firm:"
KNOWN: Final[dict[str, Promise]] = {
    "not delivered": _("not delivered"),
    "contact hours": _("contact hours"),
    "not confirmed in time": _("not confirmed in time"),
    "not acknowledged in time": _("not acknowledged in time"),
    "no channel reached them": _("no channel reached them"),
    "nothing arrived and the time to act is running out": _("nothing arrived and the time to act is running out"),
    "nobody was telling them before the due date": _("nobody was telling them before the due date"),
    "fell overdue untold": _("fell overdue untold"),
    "the bank does not show what the platform has seen": _("the bank does not show what the platform has seen"),
    TOO_LATE: _("no receipt in time"),
    NONE_COME: _("its provider brings no receipts"),
    "its worker died while handing it over": _("the worker died while handing it over"),
    "number is malformed": _("the number is malformed"),
    "gateway cannot be reached": _("the gateway cannot be reached"),
    "push service cannot be reached": _("the push service cannot be reached"),
    "no answer after the message was sent": _("no answer after the message was sent"),
    "no answer after the request was sent": _("no answer after the message was sent"),
    SLOW: _("takes messages, and most bring no receipt in time"),
    NONE_ARRIVE: _("takes messages, and no longer says of most that they arrive"),
    UNDELIVERED: _("takes messages, and most are reported as not delivered"),
    "Nobody is telling this borrower: look at the planner and the workers, then call the borrower.": _(
        "Nobody is telling this borrower: look at the planner and the workers, then call the borrower."
    ),
    "This firm has sent nothing for longer than it may: ask it, before its borrowers notice.": _(
        "This firm has sent nothing for longer than it may: ask it, before its borrowers notice."
    ),
    OVERTAKEN: _("overtaken by a later stage"),
    "its message arrived without naming it": _("its message arrived without naming it"),
    "its ladder could not be looked at": _("its ladder could not be looked at"),
    DUE_DAY_OVER: _("its due day is over"),
    NOT_LATE_YET: _("its due day is not over"),
    WAITS: _("a firm has seen the money for one that was told with it"),
    ANOTHERS: _('the "stop" came from a number that their firm has replaced'),
    THEIRS: _('the "stop" came from the number that their firm names again'),
    "acknowledged": _("acknowledged"),
    "sender not known": _("sender not known"),
    "for a person to read": _("for a person to read"),
    "switched off": _("switched off"),
    "switched off before": _("switched off before"),
    "switched on": _("switched on"),
    "switched on before": _("switched on before"),
    "switched off, a person calls": _("switched off, a person calls"),
    "code names nothing": _("code names nothing"),
    "disputed": _("disputed"),
    "an outage of a firm": _("an outage of a firm"),
    "told by a firm": _("told by a firm"),
    "told in person": _("told in person"),
    "not to be told when a person told the others": _("not to be told when a person told the others"),
    "outside of contact hours, since they wrote": _("outside of contact hours, since they wrote"),
    "told in another way": _("told in another way"),
    ARRIVED: _("its message has arrived: no person need call"),
    HALTED: _("halted"),
    NOT_NOW: _("not to be told now"),
    "silent": _("nothing was reported"),
    "no_proof": _("only said to be sent"),
    "not_reached": _("nobody reached, as the firm says"),
    "told_together": _("told together with one of which the firm reached nobody"),
    "paid or changed meanwhile": _("paid or changed meanwhile"),
    "takes back an earlier booking": _("takes back an earlier booking"),
    "money that went out": _("money that went out"),
    "no amount": _("no amount"),
    "announced, not booked yet": _("announced, not booked yet"),
    "this payment was booked by an earlier line": _("this payment was booked by an earlier line"),
    "no end-to-end id and no loan number that we know": _("no end-to-end id and no loan number that we know"),
    "the transactions of the entry do not add up to its amount": _(
        "the transactions of the entry do not add up to its amount"
    ),
    "the bank names no amount for this one of several transactions": _(
        "the bank names no amount for this one of several transactions"
    ),
    "takes back a booking that has not come yet": _("takes back a booking that has not come yet"),
    "takes back another amount than was booked": _("takes back another amount than was booked"),
    "this payment was returned by an earlier line": _("this payment was returned by an earlier line"),
    "several loans have a payment with this end-to-end id": _("several loans have a payment with this end-to-end id"),
    "more than twice what the whole loan comes to": _("more than twice what the whole loan comes to"),
    "dated before there was such a loan": _("dated before there was such a loan"),
    "dated after the day on which it was reported": _("dated after the day on which it was reported"),
    "the text names more than one loan": _("the text names more than one loan"),
    "the text names more than one installment": _("the text names more than one installment"),
}
"""Those that we write ourselves, as they are written."""

FAULTS: Final[dict[str, Promise]] = {
    "answer broken off": _("answer broken off"),
    "certificate not trusted": _("certificate not trusted"),
    "connection lost": _("connection lost"),
    "name not found": _("name not found"),
    "no TLS": _("no TLS"),
    "no address": _("no address"),
    "no connection": _("no connection"),
    "no HTTP": _("no HTTP"),
    "time-out": _("time-out"),
}
"""What was wrong with a connection: comes behind one of our reasons and a colon."""


def reason_words(reason: str, known_addresses: Iterable[str] = ()) -> str:
    """A reason of ours in the active language; a provider's or an agent's as it is, with its addresses masked."""
    if reason.startswith(HELD_BY):
        return held_words(reason.removeprefix(HELD_BY))
    if reason.startswith(REFUSED_BY):
        provider, _colon, why = reason.removeprefix(REFUSED_BY).partition(": ")
        return gettext("refused by %(provider)s: %(why)s") % {"provider": provider, "why": reason_words(why)}
    if reason.startswith(SAID_NOTHING):
        return gettext("answered, and nothing was said: %s") % reason_words(reason.removeprefix(SAID_NOTHING))
    said, _colon, fault = reason.partition(": ")
    if said in KNOWN and fault in FAULTS:
        return gettext("%(what)s: %(fault)s") % {"what": KNOWN[said], "fault": FAULTS[fault]}
    ours = KNOWN.get(reason)
    return str(ours) if ours else mask_text(reason, known_addresses)


def held_words(rule_id: str) -> str:
    """That a rule held a message, with its source; empty where none did. What the files have no more is named by its
    id.
    """
    firm = rule_id.removeprefix(_OF_A_FIRM)
    if firm != rule_id:
        return gettext("held: it was the turn of %(firm)s to send it") % {"firm": firm}
    return gettext("held: %(rule)s") % {"rule": rule_words(rule_id)} if rule_id else ""


def rule_words(rule_id: str) -> str:
    """The rule of this id with its source; empty without one."""
    rule = rule_named(rule_id) if rule_id else None
    return describe(rule) if rule else str(KNOWN.get(rule_id, rule_id))


def provider_words(why: str) -> str:
    """Why a provider is passed over, as `suppliers` keeps it, in the active language."""
    if why.startswith(FAILS):
        return gettext("does not take messages: %s") % reason_words(why.removeprefix(FAILS))
    return reason_words(why)
