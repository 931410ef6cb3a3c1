"""Text of partners: UTF-8, with or without a byte order mark, and nothing else."""

from typing import BinaryIO

from loans.intake.records import Code, Refusal, UnreadableFile
from loans.intake.sizes import check_table


def read_text(content: BinaryIO, name: str) -> str:
    """The rest of the file as text. Raises UnreadableFile where it is too large, and with line and byte where it is not
    UTF-8.
    """
    check_table(content, name)
    raw = content.read()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        reason = f"not UTF-8 at byte {error.start}; save the file as UTF-8 and send it again"
        raise UnreadableFile(Refusal(name, f"line {line}", reason, Code.ENCODING)) from None
