"""A database of the benchmarks' own on the server that is there, and the environment that leads to it."""

import os
import secrets
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

DATABASE = "dueproof_benchmarks"
REDIS_NUMBER = "9"
ZONE = "Asia/Shanghai"
"""Where all borrowers of the benchmarks live."""
CALLBACK_TOKEN = "benchmarks"


def set_environment() -> None:
    """Point this process and its children at the benchmarks' own database. Call before Django reads its settings."""
    os.environ["DATABASE_URL"] = make_database(os.environ["DATABASE_URL"])
    os.environ["REDIS_URL"] = renumber(os.environ["REDIS_URL"])
    os.environ.setdefault("SECRET_KEY", secrets.token_hex(32))
    ours = {
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "CONTACT_HOURS": "00:00-24:00",  # at night, too, what is planned is due at once
        "KANNEL_CALLBACK_TOKEN": CALLBACK_TOKEN,
        "ALIYUN_CALLBACK_TOKEN": CALLBACK_TOKEN,
        "LOG_LEVEL": "WARNING",
        "LADDER_PACE": "1",
        "COMPRESS_STATIC": "0",
    }
    os.environ.update(ours)


def make_database(url: str) -> str:
    """Make the database anew on the server of `url`, and return its URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(DATABASE)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    return rename(url, DATABASE)


def rename(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    place, mark, query = url.partition("?")
    return f"{place.rpartition('/')[0]}/{name}{mark}{query}"


def renumber(url: str) -> str:
    """Another of the numbered databases of the same Redis, so that nobody else's queues are touched."""
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={REDIS_NUMBER}"
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{REDIS_NUMBER}"
