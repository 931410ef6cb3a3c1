"""A CSV table (RFC 4180, UTF-8, commas) with a header: rows by name, each with the line on which it starts."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from loans.intake.records import Code, Refusal, UnreadableFile
from loans.intake.text_document import read_text
from loans.intake.values import Fault, excerpt


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `fault` where its cells do not fit the header. A column that the file has not reads as an empty cell."""

    line: int
    cells: dict[str, str]
    fault: Fault | None = None

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Columns:
    """The names that a header must have and may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...]


def read_table(content: BinaryIO, name: str, columns: Columns) -> Iterator[Row]:
    """The rows below the header; blank ones are passed over.

    Raises UnreadableFile, before the first row, when the file is no CSV in UTF-8 or the header is not as `columns` say.
    """
    text = read_text(content, name)
    _check_text(text, name)
    lines = _lines(text, name)
    _, header = next(lines, (1, []))
    names = [cell.strip() for cell in header]
    _check_header(names, name, columns)
    for _ in lines:
        pass
    return _rows(text, name, names)


def _check_text(text: str, name: str) -> None:
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise UnreadableFile(Refusal(name, f"line {line}", "holds a NUL byte, so it is no text", Code.ENCODING))


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(Refusal(name, f"line {line}", f"not CSV: {error}", Code.MALFORMED)) from None


def _check_header(names: list[str], file: str, columns: Columns) -> None:
    known = {*columns.required, *columns.optional}
    counts = Counter(names)
    faults = chain(
        (f"the column {column} is missing" for column in columns.required if column not in counts),
        (f"the column {excerpt(column)} is not known" for column in counts if column not in known),
        (f"the column {column} is there twice" for column in known if counts[column] > 1),
    )
    complaints = list(islice(faults, 3))
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        complaints = ["columns must be separated by commas"]
    if complaints:
        raise UnreadableFile(Refusal(file, "line 1", "; ".join(complaints), Code.UNKNOWN_FORMAT))


def _rows(text: str, name: str, names: list[str]) -> Iterator[Row]:
    lines = _lines(text, name)
    next(lines)
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        fault = None
        if len(cells) != len(names):
            fault = Fault(Code.MALFORMED, f"the row has {len(cells)} cells, the header {len(names)}")
        yield Row(line, dict(zip(names, cells, strict=False)), fault)
