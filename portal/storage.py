"""Where static files go."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Files under hashed names, compressed, beside their plain originals.

    Only the hashed ones are compressed: pages ask for these, and Brotli's best takes seconds. The one page that names
    originals is 500.html, which must come when nothing else works.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._addresses: dict[str, str] = {}
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def url(self, name: str | None, force: bool = False) -> str:
        """A page has two dozen of these; what Django makes anew of each name stays as it is while the process runs."""
        if settings.DEBUG or force or not name:
            return str(super().url(name or "", force))
        if name not in self._addresses:
            self._addresses[name] = str(super().url(name))
        return self._addresses[name]

    def post_process(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, str, bool]]:
        """Gives the files their hashed names, and forgets those that they had."""
        yield from super().post_process(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._addresses.clear()

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        if not settings.COMPRESS_STATIC:
            return
        hashed = set(self.hashed_files.values())
        yield from super().compress_files([path for path in paths if path in hashed])  # type: ignore[no-untyped-call]
