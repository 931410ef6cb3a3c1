"""Money, days, states and icons in templates, in the language and zone that are active while a page is made."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language

from loans import dates
from loans.money import format_money

register = template.Library()
_ICON: Final = '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>'


@register.simple_tag
def icon(name: str) -> str:
    """{% icon "check" %}: a drawing beside words that say the same."""
    return format_html(_ICON, static("icons.svg"), name)


@register.simple_tag
def money(amount: Decimal, currency: str) -> str:
    """{% money installment.outstanding loan.currency %}: "¥1,234.56"."""
    return format_money(amount, currency, _language())


@register.filter
def day(value: date) -> str:
    """{{ installment.due_on|day }}: "Thu 3 December"."""
    return dates.day(value, _language(), timezone.localdate())


@register.filter
def date_of(value: datetime) -> date:
    """{{ point.unreachable_since|date_of|day }}: the reader's own calendar day of a moment."""
    return timezone.localdate(value)


@register.filter
def short_day(value: date) -> str:
    """{{ installment.due_on|short_day }}: "3 Dec"."""
    return dates.short_day(value, _language(), timezone.localdate())


@register.filter
def relative(value: date) -> str:
    """{{ installment.due_on|relative }}: "in 3 days"."""
    return dates.relative((value - timezone.localdate()).days, _language())


@register.filter
def moment(value: datetime) -> str:
    """{{ delivery.sent_at|moment }}: "Thu 3 December, 18:05", on the reader's clock."""
    return dates.moment(value, _language(), timezone.get_current_timezone(), timezone.localdate())


def _language() -> str:
    return get_language() or "en"
