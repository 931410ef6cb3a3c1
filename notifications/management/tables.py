"""Tables for terminals: columns as wide as what stands in them."""

from collections.abc import Iterator, Sequence


def lay_out(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """The lines of a table, its heads first. Numbers stand at the right of their column, all else at the left."""
    cells = [[_written(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    right = [any(isinstance(row[place], int) for row in rows) for place in range(len(heads))]
    for line in ([*heads], *cells):
        yield "  ".join(
            cell.rjust(width) if at_right else cell.ljust(width)
            for cell, width, at_right in zip(line, widths, right, strict=True)
        ).rstrip()


def _written(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
