"""How large a file may be to be read. Its bytes are kept in pieces whatever their number; see loans.intake.keeping."""

from io import SEEK_END
from typing import BinaryIO, Final

from django.conf import settings

from loans.intake.records import Code, Refusal, UnreadableFile

_MB: Final = 1_000_000


def check_table(content: BinaryIO, name: str) -> None:
    """Of JSON and CSV, which are read whole into memory. Raises UnreadableFile, and leaves the file where it was."""
    _check(
        content, name, settings.TABLE_FILE_LIMIT, "JSON and CSV are", "send it in parts, a statement as camt or MT940"
    )


def check_stream(content: BinaryIO, name: str) -> None:
    """Of XML and MT940, which pass through memory in pieces; otherwise as check_table."""
    _check(content, name, settings.STATEMENT_FILE_LIMIT, "statements are", "send it in parts")


def _check(content: BinaryIO, name: str, limit: int, taken: str, advice: str) -> None:
    start = content.tell()
    size = content.seek(0, SEEK_END) - start
    content.seek(start)
    if size > limit:
        reason = f"has {size / _MB:,.1f} MB; {taken} taken up to {limit / _MB:,.1f} MB: {advice}"
        raise UnreadableFile(Refusal(name, "", reason, Code.TOO_LARGE))
