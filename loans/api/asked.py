"""The parameters of questions."""

from typing import Any, Final

from django.http import QueryDict
from rest_framework import serializers

from loans.models import Installment, Position

MOST: Final = 500
USUAL: Final = 100
LARGEST_ID: Final = 2**63 - 1


class Asked(serializers.Serializer[Any]):
    """Parameters of a question. One that is not known, or is there twice, is refused: it would be lost silently."""

    @classmethod
    def read(cls, query: QueryDict) -> dict[str, Any]:
        """The parameters as values. Raises ValidationError."""
        asked = cls(data={name: values[0] for name, values in query.lists()})
        unknown = {name: "there is no such parameter" for name in query if name not in asked.fields}
        twice = {name: "is there more than once" for name, values in query.lists() if len(values) > 1}
        if mistakes := twice | unknown:
            raise serializers.ValidationError(mistakes, code="unknown_parameter")
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)


class AskedForPage(Asked):
    """A list is read page by page."""

    after = serializers.CharField(
        required=False, max_length=200, help_text="The `next` of the page before; without it, the first page."
    )
    limit = serializers.IntegerField(required=False, default=USUAL, min_value=1, max_value=MOST)


class AskedForLoans(AskedForPage):
    bank = serializers.SlugField(required=False)
    platform = serializers.SlugField(required=False)
    product = serializers.CharField(required=False, max_length=120)
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False)


class AskedForLoan(Asked):
    bank = serializers.SlugField(required=False, help_text="Where several banks have a loan of this number.")


class AskedOfLoan(AskedForPage):
    loan = serializers.CharField(required=False, max_length=64, help_text="The loan's number.")
    bank = serializers.SlugField(required=False)


class AskedForInstallments(AskedOfLoan):
    state = serializers.ChoiceField(Installment.State.values, required=False)
    due_from = serializers.DateField(required=False)
    due_to = serializers.DateField(required=False)


class AskedForPositions(AskedOfLoan):
    partner = serializers.SlugField(required=False, help_text="Whose word.")
    status = serializers.ChoiceField(Position.Status.values, required=False)


class AskedForEvents(Asked):
    after = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=LARGEST_ID, help_text="The last id that you have."
    )
    limit = serializers.IntegerField(required=False, default=USUAL, min_value=1, max_value=MOST)
