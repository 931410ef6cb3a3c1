"""What the questions about loans are answered with: figures as texts, days as ISO dates, moments in UTC."""

from typing import Any

from rest_framework import serializers

from loans.models import Installment, OutwardEvent, Position


def money(**options: Any) -> serializers.DecimalField:
    """An amount as text, in the loan's currency."""
    return serializers.DecimalField(max_digits=18, decimal_places=3, **options)


class LoanAnswer(serializers.Serializer[Any]):
    number = serializers.CharField(source="external_id", help_text="Unique at its bank.")
    bank = serializers.SlugField(source="bank.code")
    platform = serializers.SlugField(source="platform.code", allow_null=True, default=None)
    product = serializers.CharField()
    currency = serializers.CharField(help_text="ISO 4217.")
    principal = money()
    disbursed_on = serializers.DateField(allow_null=True)
    schedule_version = serializers.IntegerField()
    next_due_on = serializers.DateField(allow_null=True)
    next_outstanding = money(allow_null=True)


class InstallmentAnswer(serializers.Serializer[Any]):
    loan = serializers.CharField(source="loan.external_id")
    bank = serializers.SlugField(source="loan.bank.code")
    number = serializers.IntegerField()
    due_on = serializers.DateField()
    currency = serializers.CharField(source="loan.currency")
    principal = money()
    interest = money()
    fees = money()
    penalties = money()
    total = money()
    waived = money()
    paid = money(help_text="By what the bank says.")
    outstanding = money()
    state = serializers.ChoiceField(Installment.State.values)
    settled_on = serializers.DateField(allow_null=True)
    version = serializers.IntegerField(help_text="Rises when due date or total change.")
    payment_reference = serializers.CharField()


class PositionAnswer(serializers.Serializer[Any]):
    loan = serializers.CharField(source="installment.loan.external_id")
    bank = serializers.SlugField(source="installment.loan.bank.code")
    installment = serializers.IntegerField(source="installment.number")
    partner = serializers.SlugField(source="partner.code", help_text="Whose word it is.")
    status = serializers.ChoiceField(Position.Status.values)
    paid = money()
    as_of = serializers.DateTimeField()


class LoanPage(serializers.Serializer[Any]):
    results = LoanAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="`after` of the next page; null on the last.")


class InstallmentPage(serializers.Serializer[Any]):
    results = InstallmentAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class PositionPage(serializers.Serializer[Any]):
    results = PositionAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class OutwardEventAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The cursor: rises in the order in which events are told.")
    type = serializers.ChoiceField(OutwardEvent.Kind.values, help_text="New ones may come.")
    occurred_at = serializers.DateTimeField()
    data = serializers.DictField()  # type: ignore[assignment]


class OutwardEventPage(serializers.Serializer[Any]):
    results = OutwardEventAnswer(many=True)
    next = serializers.IntegerField(help_text="`after` of the next question, also where there is nothing newer yet.")


class QueuedAnswer(serializers.Serializer[Any]):
    queued = serializers.IntegerField(help_text="To how many endpoints the event is posted again.")
