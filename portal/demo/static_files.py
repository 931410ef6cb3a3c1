"""Collecting the static files: seconds of compression, so only when one of them has changed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

# Long forms of scripts that no page asks for; they would take half of the time.
LEFT_OUT = ["xregexp.js", "select2.full.js", "jquery.js", "htmx-2.js", "htmx-4*", "htmax-4*", "gis"]


class StaticFiles:
    """The files in STATIC_ROOT, and whether they are those of the working tree."""

    def __init__(self) -> None:
        self.stamp = Path(settings.STATIC_ROOT) / "collected-from"
        self.digest = digest(list_originals())

    def are_fresh(self) -> bool:
        manifest = self.stamp.with_name("staticfiles.json")
        return manifest.exists() and self.stamp.exists() and self.stamp.read_text() == self.digest

    def collect(self) -> None:
        call_command("collectstatic", interactive=False, clear=True, ignore_patterns=LEFT_OUT, verbosity=0)
        self.stamp.write_text(self.digest)


def list_originals() -> Iterator[Path]:
    for finder in get_finders():
        for name, storage in finder.list(LEFT_OUT):
            yield Path(storage.path(name))


def digest(files: Iterator[Path]) -> str:
    """Digest the names, sizes and times of the files and the backend that stores them."""
    lines = [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join([settings.STORAGES["staticfiles"]["BACKEND"], *sorted(lines)]).encode()).hexdigest()
