"""Migrations of large tables that are broken off can be run again, and processes of before can write on what is new."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from loans.own_sessions import connect_alone
from notifications.models import Callback, InboundText, Supplier
from notifications.tests.factories import NOON

APP = "notifications"


def run(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def apply(name: str) -> None:
    """Apply this migration to the tables as they stand, whatever is said to be applied."""
    loader = MigrationExecutor(connection).loader
    migration = loader.graph.nodes[APP, name]
    before = loader.project_state((APP, name), at_end=False)
    with connection.schema_editor(atomic=migration.atomic) as editor:
        migration.apply(before, editor)


def indexes() -> set[tuple[str, bool]]:
    """Of prompts, deliveries and firms' words, each with whether it is of use."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
            " WHERE indrelid IN ('notifications_prompt'::regclass, 'notifications_delivery'::regclass,"
            " 'notifications_firmtelling'::regclass)"
        )
        return set(cursor.fetchall())


def undo_0014() -> None:
    run("DROP TABLE notifications_refusedcalls")
    run("DROP INDEX delivery_sent_lately")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "table", "undo"),
    [
        ("0014_refused_calls_and_sent_lately", "notifications_delivery", undo_0014),
        ("0016_news_of_a_payment_that_are_so_again", "notifications_prompt", lambda: None),
        ("0028_words_about_another_prompt", "notifications_firmtelling", lambda: None),
    ],
)
def test_a_migration_that_was_broken_off_while_it_built_an_index_is_run_again(
    name: str, table: str, undo: Callable[[], None]
) -> None:
    whole = indexes()
    undo()
    with connect_alone() as writer, writer.transaction():
        # Somebody writes, for longer than the deployment has time: the index waits for them.
        writer.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(sql.Identifier(table)))
        run("SET lock_timeout = '300ms'")
        with pytest.raises(OperationalError):
            apply(name)
        run("RESET lock_timeout")
    assert {usable for _name, usable in indexes()} == {True, False}
    apply(name)
    assert indexes() == whole


@pytest.mark.django_db
def test_a_process_of_before_can_keep_a_text_message_and_pass_a_provider_over() -> None:
    """Its INSERT leaves out what was added since: "stop" must not be answered by an error until it is restarted."""
    callback = Callback.objects.create(provider="kannel_in", raw=b"stop", received_at=NOON, applied_at=NOON)
    run(
        "INSERT INTO notifications_inboundtext (callback_id, meaning, outcome, received_at) VALUES (%s, %s, %s, %s)",
        callback.pk,
        "stop",
        "sms switched off",
        NOON,
    )
    run(
        "INSERT INTO notifications_supplier (name, strikes, why, changed_at) VALUES (%s, %s, %s, %s)",
        "kannel",
        0,
        "",
        NOON,
    )
    text = InboundText.objects.get()
    assert (text.provider, text.fingerprint) == ("", "")
    assert Supplier.objects.get().not_taken == {}
