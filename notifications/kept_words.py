"""Keeps the words of each version that is used, and finds those of a message that was sent before they were revised."""

import logging
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from django.db import transaction

from notifications.models import KeptWords
from notifications.wording.source import Wording, WordingError, read_version, read_written

logger = logging.getLogger(__name__)
_KEPT: Final[set[str]] = set()
"""The versions that this process has seen kept."""
_read: Final = lru_cache(maxsize=256)(read_written)


def keep_words(versions: Collection[str]) -> None:
    """Keep the words of these versions of today's wordings, in the transaction that uses them; no query where this
    process has seen that they are kept.
    """
    new = sorted(set(versions) - _KEPT)
    if not new:
        return
    words = [KeptWords(version=version, words=read_version(version).written) for version in new]
    KeptWords.objects.bulk_create(words, ignore_conflicts=True)
    transaction.on_commit(lambda: _KEPT.update(new), robust=True)


def words_of(versions: Collection[str]) -> dict[str, Wording]:
    """The words of these versions, today's or kept ones; one query at most. Those that were not kept, or are not those
    of their version, are not among them.
    """
    found = {version: wording for version in set(versions) if (wording := _of_today(version))}
    if others := {version for version in versions if version} - found.keys():
        for kept in KeptWords.objects.filter(pk__in=others):
            try:
                found[kept.version] = _read(kept.version, kept.words)
            except WordingError:
                logger.exception("the kept words of %s cannot be used", kept.version)
    return found


def _of_today(version: str) -> Wording | None:
    try:
        return read_version(version)
    except WordingError:
        return None
