"""What only the desk's templates need."""

from datetime import datetime

from django import template

from accounts.masking import mask_text
from loans.models import Installment
from notifications.policy_words import describe
from portal.admin.alarm_words import about as alarm_about
from portal.admin.alarm_words import wrong as alarm_wrong
from portal.admin.cells import halted, installment_label, time_left
from portal.admin.reasons import provider_words, reason_words
from portal.admin.task_subject import subject_words
from portal.admin.timeline_told import about

register = template.Library()
register.filter("halted", halted)
register.filter("alarm_about", alarm_about)
register.filter("alarm_words", alarm_wrong)
register.filter("time_left", time_left)
register.filter("about_prompt", about)
register.filter("task_subject", subject_words)
register.filter("reason_words", reason_words)
register.filter("provider_words", provider_words)
register.filter("rule_words", describe)


@register.filter
def about_installment(installment: Installment) -> str:
    """{{ row.installment|about_installment }}: "LN-00017 no. 3, ¥100.00 due 3 Dec"."""
    return installment_label(installment, installment.loan)


@register.filter
def masked_text(text: str) -> str:
    """{{ point.unreachable_reason|masked_text }}: with no whole address in it."""
    return mask_text(text)


@register.filter
def clock(value: datetime) -> str:
    """{{ line.at|clock }}: "18:05", where the day stands elsewhere. Takes what the template has put into its zone."""
    return f"{value:%H:%M}"
