"""Two databases with the same book, so that a trial with history and one without can take turns."""

import os

from django.db import connection
from psycopg import sql

from benchmarks.servers import rename
from benchmarks.tables import execute


def current_name() -> str:
    return str(connection.settings_dict["NAME"])


def url_of(name: str) -> str:
    return rename(os.environ["DATABASE_URL"], name)


def use(name: str) -> None:
    """Let this process talk to another database of the same server."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's, and the stubs know only what all have
    connection.settings_dict["NAME"] = name


def clone(name: str, twin: str) -> None:
    """Copy a database to which nobody is connected."""
    use("postgres")
    remove(twin)
    execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (twin, name))))  # type: ignore[arg-type]
    use(name)


def remove(name: str) -> None:
    execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))  # type: ignore[arg-type]
