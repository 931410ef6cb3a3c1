"""Where static files go."""

from collections.abc import Iterable, Iterator

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Files under hashed names, compressed, beside their plain originals.

    Only the hashed ones are compressed: pages ask for these, and Brotli's best takes seconds. The one page that names
    originals is 500.html, which must come when nothing else works.
    """

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        if not settings.COMPRESS_STATIC:
            return
        hashed = set(self.hashed_files.values())
        yield from super().compress_files([path for path in paths if path in hashed])  # type: ignore[no-untyped-call]
