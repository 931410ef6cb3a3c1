"""What all questions share: who may ask, how often, and pages by a cursor."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from loans.api.access import HasScope, TokenOfPartner
from loans.api.asked import LARGEST_ID
from loans.api.authentication import caller_of
from loans.api.methods import MethodFirst
from loans.api.throttling import QueriesAMinute
from loans.models import Partner

_Row = TypeVar("_Row", bound=Model)


class Question(MethodFirst):
    """GET alone, with a token of a partner's client that has the view's `scope`, so many times a minute."""

    authentication_classes = (TokenOfPartner,)
    permission_classes = (HasScope,)
    throttle_classes = (QueriesAMinute,)
    http_method_names: Sequence[str] = ("get",)
    scope: str

    def partner(self) -> Partner:
        return caller_of(self.request).partner


class Cursor:
    """Where a page begins: above these values of `keys`, which order the rows and name one each."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys

    def page(
        self, rows: "QuerySet[_Row]", asked: Mapping[str, Any], members: type[serializers.Serializer[Any]]
    ) -> Response:
        """The answer with the rows after `asked["after"]`, at most `asked["limit"]`, and where the next page begins."""
        limit = asked["limit"]
        if text := asked.get("after"):
            rows = rows.filter(self._above(self._read(text)))
        found = list(rows.order_by(*self.keys)[: limit + 1])
        following = self._write(found[limit - 1]) if len(found) > limit else None
        return Response({"results": members(found[:limit], many=True).data, "next": following})

    def _above(self, values: Sequence[int]) -> Q:
        """Row by row larger; the first key alone is what an index is entered by."""
        above, same = Q(), Q()
        for key, value in zip(self.keys, values, strict=True):
            above |= same & Q(**{f"{key}__gt": value})
            same &= Q(**{key: value})
        return Q(**{f"{self.keys[0]}__gte": values[0]}) & above

    def _read(self, text: str) -> list[int]:
        try:
            values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (binascii.Error, ValueError, RecursionError):
            values = None
        if not isinstance(values, list) or len(values) != len(self.keys) or not all(map(_is_id, values)):
            raise serializers.ValidationError({"after": "is no cursor of this list"}, code="bad_cursor")
        return values

    def _write(self, row: Model) -> str:
        values = [_value(row, key) for key in self.keys]
        return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _is_id(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_ID


def _value(row: Any, key: str) -> int:
    for name in key.split("__"):
        row = getattr(row, name)
    return int(row)
