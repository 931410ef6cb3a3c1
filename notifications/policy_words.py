"""Rules in words, for agents: what is held, until when, and by which rule. In the active language."""

from functools import singledispatch

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from notifications.policy import (
    Cap,
    CoolOff,
    DisputeClock,
    HoursRule,
    Mark,
    NoticePeriod,
    OptOut,
    Purpose,
    Rule,
    Unit,
    When,
)

_PURPOSES = {
    Purpose.SERVICE: gettext_lazy("service"),
    Purpose.STATUTORY: gettext_lazy("legal notice"),
    Purpose.COLLECTION: gettext_lazy("collection"),
}
_CHANNELS = {
    "sms": gettext_lazy("SMS"),
    "email": gettext_lazy("email"),
    "push": gettext_lazy("push message"),
    "voice": gettext_lazy("call"),
    "unanswered_voice": gettext_lazy("unanswered call"),
}
_CAPS = {
    "day": ngettext_lazy(
        "%(purpose)s by %(channel)s at most %(most)s time a day",
        "%(purpose)s by %(channel)s at most %(most)s times a day",
        "most",
    ),
    "week": ngettext_lazy(
        "%(purpose)s by %(channel)s at most %(most)s time in seven days",
        "%(purpose)s by %(channel)s at most %(most)s times in seven days",
        "most",
    ),
}
_COOL_OFF = ngettext_lazy(
    "%(purpose)s by %(channel)s not within %(days)s day of a conversation",
    "%(purpose)s by %(channel)s not within %(days)s days of a conversation",
    "days",
)
_ABOUT = {
    "adverse_report": gettext_lazy("adverse report to a credit bureau"),
    "default": gettext_lazy("default on a loan"),
    "arrears": gettext_lazy("arrears"),
    "varying_debit": gettext_lazy("debit of a varying amount"),
    "statement": gettext_lazy("due date of a statement"),
    "objection": gettext_lazy("objection to a credit record"),
    "objection_extended": gettext_lazy("objection to a credit record, extended"),
    "complaint": gettext_lazy("complaint"),
    "complaint_extended": gettext_lazy("complaint, extended"),
    "complaint_longest": gettext_lazy("complaint, at the longest"),
}
_NOTICES = {
    When.BEFORE: ngettext_lazy(
        "%(about)s: notice at least %(days)s day before", "%(about)s: notice at least %(days)s days before", "days"
    ),
    When.AFTER: ngettext_lazy(
        "%(about)s: notice at most %(days)s day after", "%(about)s: notice at most %(days)s days after", "days"
    ),
}
_CLOCKS = {
    Unit.DAYS: ngettext_lazy("%(about)s: answer within %(most)s day", "%(about)s: answer within %(most)s days", "most"),
    Unit.MONTHS: ngettext_lazy(
        "%(about)s: answer within %(most)s month", "%(about)s: answer within %(most)s months", "most"
    ),
}
_OPT_OUT = ngettext_lazy(
    "“no more messages”, in any words: obeyed within %(days)s working day",
    "“no more messages”, in any words: obeyed within %(days)s working days",
    "days",
)
_SOURCES = {
    Mark.PRIMARY: gettext_lazy("%(rule)s (%(citation)s)"),
    Mark.SECONDARY: gettext_lazy("%(rule)s (%(citation)s, secondary source; default, unconfirmed)"),
    Mark.RECALLED: gettext_lazy("%(rule)s (%(citation)s, recalled; default, unconfirmed)"),
    Mark.OWN: gettext_lazy("%(rule)s (the portal's own choice, not law; default, unconfirmed)"),
}


def describe(rule: Rule) -> str:
    """The rule and its source: `no collection contact 22:00-08:00 (GB/T 45251-2025, secondary source; …)`.

    "Default, unconfirmed" stands wherever the figure was not read in the primary text.
    """
    citation = rule.citation
    return str(_SOURCES[citation.mark] % {"rule": _say(rule), "citation": citation.source})


@singledispatch
def _say(rule: Rule) -> str:
    raise TypeError(f"There are no words for {type(rule).__name__}.")


@_say.register
def _say_hours(rule: HoursRule) -> str:
    hours, purpose = rule.hours, _PURPOSES[Purpose(rule.purpose)]
    if hours.always:
        return _("%(purpose)s contact at any hour") % {"purpose": purpose}
    opens = f"{hours.opens:%H:%M}"
    until = "24:00" if opens == "00:00" else opens
    since = "00:00" if hours.closing == "24:00" else hours.closing
    return _("no %(purpose)s contact %(since)s-%(until)s") % {"purpose": purpose, "since": since, "until": until}


@_say.register
def _say_cap(rule: Cap) -> str:
    words = {"purpose": _PURPOSES[Purpose(rule.purpose)], "channel": _CHANNELS[rule.channel], "most": rule.most}
    return str(_CAPS[rule.span] % words)


@_say.register
def _say_cool_off(rule: CoolOff) -> str:
    words = {"purpose": _PURPOSES[Purpose(rule.purpose)], "channel": _CHANNELS[rule.channel], "days": rule.days}
    return str(_COOL_OFF % words)


@_say.register
def _say_notice(rule: NoticePeriod) -> str:
    if rule.days == 0:
        return _("%(about)s: notice beforehand") % {"about": _ABOUT[rule.about]}
    return str(_NOTICES[rule.when] % {"about": _ABOUT[rule.about], "days": rule.days})


@_say.register
def _say_clock(rule: DisputeClock) -> str:
    return str(_CLOCKS[rule.unit] % {"about": _ABOUT[rule.about], "most": rule.most})


@_say.register
def _say_opt_out(rule: OptOut) -> str:
    return str(_OPT_OUT % {"days": rule.days})
