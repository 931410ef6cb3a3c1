"""The peer of the first page: signed-in view, ORM and template, as anybody would write them first."""

from functools import cache
from typing import Final

from django.http import HttpResponse
from django.template import engines
from django.template.backends.django import DjangoTemplates, Template
from django.views.decorators.cache import never_cache

from accounts.requests import SignedInRequest
from loans.models import Installment, Loan, Payment
from notifications.models import Prompt

PAGE: Final = """{% extends "base.html" %}{% load i18n %}
{% block main %}
  <h1>{{ user.name }}</h1>
  <table>
    {% for loan in loans %}<tr><td>{{ loan.external_id }}</td><td>{{ loan.product }}</td><td>{{ loan.bank.name }}</td>
      <td>{{ loan.platform.name }}</td><td>{{ loan.principal }} {{ loan.currency }}</td></tr>{% endfor %}
  </table>
  <table>
    {% for one in installments %}<tr><td>{{ one.number }}</td><td>{{ one.due_on|date }}</td><td>{{ one.total }}</td>
      <td>{{ one.paid }}</td><td>{{ one.outstanding }}</td><td>{{ one.get_state_display }}</td></tr>{% endfor %}
  </table>
  {% for payment in payments %}<p>{{ payment.paid_on|date }} {{ payment.amount }}</p>{% endfor %}
  {% for prompt in prompts %}<p>{{ prompt.get_kind_display }} {{ prompt.planned_at|date }}</p>{% endfor %}
{% endblock %}
"""


@never_cache
def plain_page(request: SignedInRequest) -> HttpResponse:
    """The borrower's loans, installments, payments and prompts."""
    pk = request.user.pk
    context = {
        "loans": Loan.objects.filter(borrower=pk).select_related("bank", "platform"),
        "installments": Installment.objects.filter(loan__borrower=pk).order_by("due_on"),
        "payments": Payment.objects.filter(loan__borrower=pk).order_by("-paid_on")[:5],
        "prompts": Prompt.objects.filter(borrower=pk).order_by("-planned_at")[:5],
    }
    return HttpResponse(_template().render(context, request))


@cache
def _template() -> Template:
    """Compiled once a process, as Django's cached loader does with files."""
    engine = engines["django"]
    assert isinstance(engine, DjangoTemplates)
    return engine.from_string(PAGE)
