"""The names of a table's columns: its first row, or made up where there is none."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jlstm.data.sheet.cells import SEPARATORS, Row, Rows, most_common_width
from jlstm.data.sheet.numbers import is_missing, whole

_ROW_NAMES = ("", "#", "id", "idx", "index", "no", "no.", "nr", "nr.", "row", "obs")
_ROW_NAMES += ("rownames", "row_number", "level_0")


@dataclass(frozen=True)
class Table:
    """Named columns of cells.

    Args:
        names: of the columns.
        lines: the line of each row in the file.
        columns: the cells of each column.
        said: what was decided about the table.
    """

    names: list[str]
    lines: list[int]
    columns: list[list[str]]
    said: list[str] = field(default_factory=list)


def named(
    found: Rows, path: object, is_value: Callable[[str], bool], header: bool | None
) -> Table:
    """Return a table with the names of its columns.

    Args:
        found: all rows of the file.
        path: of the file, for messages.
        is_value: whether a cell is a number or a date.
        header: whether the first row holds the names; None to find out.

    Raises:
        ValueError: there are no rows, they differ in their width, or two columns have
            one name.
    """
    rows = found.rows
    is_headed = _is_headed(rows, is_value) if header is None else header
    if len(rows) < 1 + is_headed:
        raise ValueError(
            f"{path} has {len(rows)} line(s): give a line of column names and a row "
            "for each step."
        )
    names = rows[0].cells if is_headed else []
    body = rows[1:] if is_headed else rows
    width = most_common_width(body)
    names, width = _fitted(names, body, width)
    head = rows[0].line if is_headed else 0
    _check_widths(path, head, len(names) or width, body, width, found.separator)
    said = [] if is_headed else ["no line of names, so columns are c1, c2, …"]
    names = names or [f"c{n}" for n in range(1, width + 1)]
    if found.comments:
        said.append(f"{found.comments} line(s) of comments left out")
    columns = [[row.cells[n] for row in body] for n in range(width)]
    table = Table(names, [row.line for row in body], columns, said)
    return _checked(_without_empty(table), path)


def without_row_numbers(table: Table, kept: Sequence[int]) -> list[int]:
    """Return the places of columns but for those that only count the rows."""
    numbers = [
        n
        for n in kept
        if len(kept) > 1 and _counts(table.columns[n]) and _is_row_name(table.names[n])
    ]
    for n in numbers:
        name = table.names[n] or "without a name"
        table.said.append(f"column {name} counts the rows and was left out")
    return [n for n in kept if n not in numbers]


def _is_headed(rows: Sequence[Row], is_value: Callable[[str], bool]) -> bool:
    """Whether the first row has names where the rows after it have values."""
    if len(rows) < 2:
        return True
    first, below = rows[0].cells, [row.cells for row in rows[1:50]]

    def holds(cell: str) -> bool:
        return is_value(cell) or is_missing(cell)

    if all(map(holds, first)):
        counted = [[str(n + start) for n in range(len(first))] for start in (0, 1)]
        return len(first) > 1 and first in counted
    told = []
    for n, cell in enumerate(first):
        column = [cells[n] for cells in below if n < len(cells)]
        values = sum(map(holds, column)) > len(column) / 2
        if not holds(cell) and values:
            return True
        told.append(holds(cell) and values)
    return not any(told)


def _fitted(names: list[str], body: list[Row], width: int) -> tuple[list[str], int]:
    """Make names and rows alike where one has an empty cell, or a name too few."""
    if len(names) == width + 1 and not names[-1]:
        return names[:-1], width
    if names and width == len(names) + 1:
        ends = [row.cells[-1] for row in body if len(row.cells) == width]
        if not any(ends):
            for row in body:
                if len(row.cells) == width:
                    row.cells.pop()
            return names, width - 1
        if _counts([row.cells[0] for row in body]):  # as R's write.table does
            return ["", *names], width
    return names, width


def _check_widths(
    path: object, head: int, names: int, body: list[Row], width: int, separator: str
) -> None:
    """Refuse rows that are not as wide as most, or names for another width."""
    between = SEPARATORS.get(separator, "nothing")
    if names != width and len(body) > 1:
        raise ValueError(
            f"{path}, line {head} has {names} names for {width} columns, with "
            f"{between} between: take titles out of the file, and name each column."
        )
    odd = next((row for row in body if len(row.cells) != names), None)
    if odd is not None:
        raise ValueError(
            f"{path}, line {odd.line} has {len(odd.cells)} values for {names} columns: "
            f"give one value per column, with {between} between, and take notes and "
            "totals out of the file."
        )


def _without_empty(table: Table) -> Table:
    """Leave out columns that have neither a name nor a value."""
    kept = [
        n
        for n, name in enumerate(table.names)
        if name or any(table.columns[n]) or len(table.names) == 1
    ]
    if len(kept) < len(table.names):
        table.said.append("an empty column left out")
    return Table(
        [table.names[n] for n in kept],
        table.lines,
        [table.columns[n] for n in kept],
        table.said,
    )


def _checked(table: Table, path: object) -> Table:
    twice = [name for name, n in Counter(table.names).items() if n > 1 and name]
    if twice:
        raise ValueError(
            f"{path} has {table.names.count(twice[0])} columns with the name "
            f"{twice[0]!r}: give each a name of its own."
        )
    unnamed = [n for n, name in enumerate(table.names) if not name]
    if unnamed[1:]:
        raise ValueError(
            f"{path} has {len(unnamed)} columns without a name, such as column "
            f"{unnamed[1] + 1}: name them in the first line."
        )
    return table


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2, … or the like, up or down."""
    numbers = [number for cell in cells if (number := whole(cell)) is not None]
    if len(cells) < 2 or len(numbers) < len(cells):
        return False
    step = numbers[1] - numbers[0]
    least = min(numbers[0], numbers[-1])
    counted = range(numbers[0], numbers[0] + step * len(numbers), step or 1)
    return abs(step) == 1 and least < 2 and numbers == [*counted]


def _is_row_name(name: str) -> bool:
    return name.lower() in _ROW_NAMES or name.lower().startswith("unnamed")
