"""Several querysets in one round trip: compiled once a process, planned once a connection, answered as one row."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from psycopg import sql

from portal.postgresql.base import ask

_PLACE: Final = re.compile(r"%%|%s")
_FROM_JSON: Final[dict[str, Callable[[Any], Any]]] = {
    "DateField": date.fromisoformat,
    "DateTimeField": datetime.fromisoformat,
    "DecimalField": lambda value: value if isinstance(value, Decimal) else Decimal(value),
}
"""By the kind of field: what JSON has no word for."""

Rows = dict[str, list[list[Any]]]


class Gathering:
    """Querysets of `values_list`, made with stand-ins for what differs from one asking to the next.

    `stand_ins` gives each parameter a value that stands for it, which no queryset has as a constant, and its type in
    PostgreSQL. What the page reads stays said in the models' querysets; only the words of their SQL are kept.
    """

    def __init__(
        self, stand_ins: Mapping[str, tuple[Any, str]], querysets: Mapping[str, Callable[..., "QuerySet[Any, Any]"]]
    ) -> None:
        self._stand_ins = stand_ins
        self._querysets = querysets
        self._statement = ""
        self._kinds: dict[str, list[Callable[[Any], Any] | None]] = {}

    def ask(self, **parameters: Any) -> str:
        """The answer as the text of a JSON object; equal texts are equal answers."""
        row = ask(self.statement, parameters)
        return str(row[0]) if row else "{}"

    @property
    def statement(self) -> str:
        """What is asked, as one expression of SQL; its parameters are the stand-ins, by their names."""
        if not self._statement:
            self._statement = self._compile()
        return self._statement

    def read(self, text: str) -> Rows:
        """The rows of each queryset, by its name, with the values that Django would give."""
        answer: Rows = json.loads(text, parse_float=Decimal)
        for name, rows in answer.items():
            for place, convert in enumerate(self._kinds[name]):
                if convert is None:
                    continue
                for row in rows:
                    if row[place] is not None:
                        row[place] = convert(row[place])
        return answer

    def _compile(self) -> str:
        values = {name: value for name, (value, _kind) in self._stand_ins.items()}
        parts = []
        for name, make in self._querysets.items():
            queryset = make(**values)
            compiler = queryset.query.get_compiler(connection=connection)
            text, constants = compiler.as_sql()
            fields = [column[0].output_field.get_internal_type() for column in compiler.select]
            self._kinds[name] = [_FROM_JSON.get(field) for field in fields]
            columns = ", ".join(f"c{place}" for place in range(len(fields)))
            inner = self._fill(text, constants)  # Django's SQL, with our own constants and names in it
            rows = f"SELECT json_agg(json_build_array({columns})) FROM ({inner}) AS q ({columns})"  # noqa: S608
            parts.append(f"'{name}', COALESCE(({rows}), '[]'::json)")
        return f"SELECT json_build_object({', '.join(parts)})::text"

    def _fill(self, text: str, constants: Sequence[Any]) -> str:
        """Constants are written into the statement, so that partial indexes are found; stand-ins become parameters."""
        waiting = iter(constants)
        return _PLACE.sub(lambda place: "%%" if place[0] == "%%" else self._write(next(waiting)), text)

    def _write(self, value: Any) -> str:
        for name, (stand_in, kind) in self._stand_ins.items():
            if type(value) is type(stand_in) and value == stand_in:
                return f"%({name})s::{kind}"
        return sql.Literal(value).as_string(connection.connection).replace("%", "%%")
