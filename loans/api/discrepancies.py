"""Partners ask where the two firms of their loans differ."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loans.api import problems
from loans.api.asked import Asked, AskedOfLoan
from loans.api.asking import Cursor, Question
from loans.api.describing import question
from loans.api.problems import ProblemError
from loans.models import Difference, Discrepancy, Partner


class _YesOrNo(serializers.BooleanField):
    """REST framework takes an empty text for None; whoever writes `open=` meant something."""

    NULL_VALUES = {None}


class AskedForDiscrepancies(AskedOfLoan):
    kind = serializers.ChoiceField(Difference.Kind.values, required=False)
    open = _YesOrNo(required=False, default=None, allow_null=True, help_text="Both, if left out.")


class DiscrepancyAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    loan = serializers.CharField(source="difference.installment.loan.external_id")
    bank = serializers.SlugField(source="difference.installment.loan.bank.code")
    installment = serializers.IntegerField(source="difference.installment.number")
    due_on = serializers.DateField(source="difference.installment.due_on")
    kind = serializers.ChoiceField(Difference.Kind.values, source="difference.kind")
    since = serializers.DateTimeField(source="difference.since", help_text="The first firm's word.")
    follower = serializers.SlugField(source="difference.follower.code", help_text="Who has to say the same.")
    opened_at = serializers.DateTimeField()
    due_by = serializers.DateTimeField(help_text="Until when we see to it.")
    closed_at = serializers.DateTimeField(allow_null=True)


class DiscrepancyPage(serializers.Serializer[Any]):
    results = DiscrepancyAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class Discrepancies(Question):
    scope = "discrepancies:read"

    @question("list_discrepancies", "Where the firms differ", DiscrepancyPage, parameters=[AskedForDiscrepancies])
    def get(self, request: Request) -> Response:
        asked = AskedForDiscrepancies.read(request.query_params)
        lookups = {
            "loan": "difference__installment__loan__external_id",
            "bank": "difference__bank__code",
            "kind": "difference__kind",
        }
        rows = _of(self.partner()).filter(**{how: asked[name] for name, how in lookups.items() if name in asked})
        if asked["open"] is not None:
            rows = rows.filter(closed_at__isnull=asked["open"])
        return Cursor("pk").page(rows, asked, DiscrepancyAnswer)


class OneDiscrepancy(Question):
    scope = "discrepancies:read"

    @question("read_discrepancy", "One discrepancy", DiscrepancyAnswer, problems.NOT_FOUND)
    def get(self, request: Request, discrepancy_id: int) -> Response:
        Asked.read(request.query_params)
        found = _of(self.partner()).filter(pk=discrepancy_id).first()
        if found is None:
            raise ProblemError(problems.NOT_FOUND)
        return Response(DiscrepancyAnswer(found).data)


def _of(partner: Partner) -> "QuerySet[Discrepancy]":
    rows = Discrepancy.objects.filter(**{f"difference__{partner.kind}": partner})
    return rows.select_related("difference__installment__loan__bank", "difference__follower")
