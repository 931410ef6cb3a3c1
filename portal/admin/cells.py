"""What stands in the cells of the desk's lists and pages."""

from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from accounts.models import User
from loans import dates
from loans.models import Installment, Loan
from loans.money import format_money
from notifications.models import Halt, InboundText, Prompt
from portal.admin.spans import span_words

Kind = Prompt.Kind
TEXT_TONES: Final = {
    InboundText.Meaning.ACKNOWLEDGE: "good",
    InboundText.Meaning.STOP: "warn",
    InboundText.Meaning.START: "good",
    InboundText.Meaning.OTHER: "",
}


def language() -> str:
    return get_language() or "en"


def money(amount: Decimal, currency: str) -> str:
    return format_money(amount, currency, language())


def moment_in(value: datetime, zone: tzinfo) -> str:
    """The moment on the clock of `zone`, without the zone's name."""
    return dates.moment(value, language(), zone, timezone.localdate(timezone=zone))


def time_left(until: datetime, now: datetime) -> str:
    """How long until then in one unit: "in 3 h", "late by 2 days"."""
    amount = span_words(abs(until - now))
    return (gettext("late by %s") if until < now else gettext("in %s")) % amount


def person_link(person: User) -> SafeString:
    """The person's name, leading to their page."""
    return format_html(
        '<a href="{}"><bdi>{}</bdi></a>', reverse("admin:accounts_user_change", args=[person.pk]), person
    )


def chip(words: str, tone: str = "") -> SafeString:
    """Words with a tone (good, warn, danger or none) that only repeats them."""
    return format_html('<span class="chip {}">{}</span>', tone, words)


def day_of(kind: str, stage: int) -> str:
    """When a stage of a reminder is told: "3 days before the due date"; empty of any other kind."""
    if kind == Kind.UPCOMING and stage == 0:
        return gettext("on the due date")
    if kind == Kind.UPCOMING:
        return ngettext("%d day before the due date", "%d days before the due date", stage) % stage
    if kind == Kind.OVERDUE:
        return ngettext("%d day after the due date", "%d days after the due date", stage) % stage
    return ""


def stage_of(prompt: Prompt) -> str:
    """Which rule planned it: "3 days before the due date"."""
    if day := day_of(prompt.kind, prompt.stage):
        return day
    if prompt.kind == Kind.PRIOR_NOTICE:
        before = ngettext("%d day before an adverse report", "%d days before an adverse report", prompt.stage)
        return before % prompt.stage
    if prompt.kind in {Kind.PAYMENT_RECEIVED, Kind.PAYMENT_SETTLED}:
        return gettext("each payment is confirmed")
    if prompt.kind == Kind.PAYMENT_RETURNED:
        return gettext("each returned payment is told")
    if prompt.kind == Kind.SCHEDULE_CHANGED:
        return gettext("what was told is withdrawn") if prompt.says_withdrawn else gettext("what was told has changed")
    if prompt.kind == Kind.OUTAGE_DECLARED:
        return gettext("each outage is told")
    return gettext("each step of a dispute is told")


def installment_label(installment: Installment, loan: Loan) -> str:
    """ "LN-00017 no. 3, ¥100.00 due 3 Dec": what is left to pay, or was to be paid."""
    figures = {
        "loan": loan.external_id,
        "number": installment.number,
        "amount": money(installment.outstanding or installment.total, loan.currency),
        "day": dates.short_day(installment.due_on, language(), timezone.localdate()),
    }
    return gettext("%(loan)s no. %(number)s, %(amount)s due %(day)s") % figures


def withdrawn_label(installment: Installment, loan: Loan) -> str:
    """ "no longer to be paid: LN-00017 no. 3, ¥100.00 due 3 Dec"."""
    return gettext("no longer to be paid: %(what)s") % {"what": installment_label(installment, loan)}


def halted(halt: Halt) -> str:
    """What a halt stops: "SMS · payment overdue · Harbour Bank", or "everything"."""
    parts = [halt.get_channel_display() if halt.channel else "", halt.get_kind_display() if halt.kind else ""]
    named = [str(part) for part in (*parts, halt.partner or "") if part]
    return " · ".join(named) or gettext("everything")
