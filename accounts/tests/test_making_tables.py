"""Many tables in one operation of a migration: made, taken away, and rendered no more often than there are tables."""

from collections.abc import Callable
from typing import Any

import pgtrigger
import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import OperationWriter
from pgtrigger.migrations import AddTrigger

from accounts.making_tables import MakeTables

APP = "accounts"
CHAIN = 12
"""So many tables, each of which refers to the one before it."""


def chain() -> MakeTables:
    keep = pgtrigger.Trigger(name="stays", when=pgtrigger.Before, operation=pgtrigger.Delete, func="RETURN OLD;")
    return MakeTables([*(link(number) for number in range(CHAIN)), AddTrigger("link0", keep)])


def link(number: int) -> migrations.CreateModel:
    fields: list[tuple[str, models.Field[Any, Any]]] = [("id", models.BigAutoField(primary_key=True))]
    if number:
        fields.append(("before", models.ForeignKey(f"{APP}.link{number - 1}", models.CASCADE)))
    return migrations.CreateModel(f"Link{number}", fields)


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith(f"{APP}_link")}


@pytest.mark.django_db(transaction=True)
def test_they_are_made_and_taken_away_with_what_belongs_to_them() -> None:
    operation, before, after = chain(), ProjectState(), ProjectState()
    operation.state_forwards(APP, after)
    with connection.schema_editor() as editor:
        operation.database_forwards(APP, editor, before, after)
    try:
        assert len(tables()) == CHAIN
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_stays_%'")
            assert cursor.fetchone() == (1,)
    finally:
        with connection.schema_editor() as editor:
            operation.database_backwards(APP, editor, after, before)
    assert not tables()


def test_each_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    render: Callable[..., type[models.Model]] = ModelState.render

    def count(self: ModelState, apps: Any) -> type[models.Model]:
        rendered.append(self.name)
        return render(self, apps)

    monkeypatch.setattr(ModelState, "render", count)
    state = ProjectState()
    assert state.apps  # as it is in the middle of a migration
    chain().state_forwards(APP, state)
    assert len(list(state.apps.get_models())) == CHAIN
    assert len(rendered) == CHAIN


def test_they_can_be_written_into_a_file_again() -> None:
    written, imports = OperationWriter(MakeTables([link(0), link(1)]), indentation=0).serialize()
    assert written.count("CreateModel(") == 2
    assert "import accounts.making_tables" in imports
