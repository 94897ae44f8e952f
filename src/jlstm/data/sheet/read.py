"""A user's table from the file to numbers and dates."""

import re
from dataclasses import dataclass, field
from typing import Literal, NoReturn, get_args

import numpy as np
from jaxtyping import Float64

from jlstm.data.sheet.cells import split_cells
from jlstm.data.sheet.clock import Clock, find_clock
from jlstm.data.sheet.dates import is_date
from jlstm.data.sheet.given import Given, table_of
from jlstm.data.sheet.header import Table, named, without_row_numbers
from jlstm.data.sheet.numbers import decimal_mark, is_number, numbers_of, sentinel
from jlstm.data.sheet.order import Gaps
from jlstm.data.sheet.parquet import is_parquet, read_parquet
from jlstm.data.text import read_table_text

_LIKE_A_DATE = re.compile(r"\d+[-/.:]\d+|\d{4}|.*\b(19|20)\d\d\b", re.I)


@dataclass(frozen=True)
class TableOptions:
    """How to read a table where the file does not say.

    Args:
        header: whether the first line holds the names of columns; None to find out.
        decimal: ``"."`` or ``","``; None to find out.
        dayfirst: whether 3/4/2024 is in April; None to find out.
        time: the column that says when rows were; None to find it.
        columns: the variables to read; empty for all.
        gaps: about steps without a row: ``"refuse"`` the file, ``"fill"`` them by
            straight lines, repeat the row before by ``"forward"``, or ``"keep"`` rows
            as they follow each other.
        id: the column that names the series of a row; None for one series.
        known_future: variables that are known ahead, such as holidays; the last rows
            may have these alone.

    Raises:
        ValueError: ``decimal`` or ``gaps`` is none of these.
    """

    header: bool | None = None
    decimal: Literal[".", ","] | None = None
    dayfirst: bool | None = None
    time: str | None = None
    columns: tuple[str, ...] = ()
    gaps: Gaps = "refuse"
    id: str | None = None
    known_future: tuple[str, ...] = ()

    def __post_init__(self):
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"decimal must be '.' or ',', got {self.decimal!r}.")
        if self.gaps not in (known := get_args(Gaps)):
            listed = " or ".join([", ".join(known[:-1]), known[-1]])
            raise ValueError(f"gaps must be {listed}, got {self.gaps!r}.")


@dataclass(frozen=True)
class Columns:
    """The columns of numbers of a table, and when its rows were.

    Args:
        values: NaN where a value is missing.
        names: of the columns.
        lines: the line of each row in the file.
        clock: when rows were.
        said: what was decided about the table.
    """

    values: Float64[np.ndarray, "t c"]
    names: tuple[str, ...]
    lines: list[int]
    clock: Clock
    said: list[str] = field(default_factory=list)


def read_columns_of(path: object, options: TableOptions) -> Columns:
    """Read the numbers and the dates of a table.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file is no table, a cell is no number, or dates cannot be read.
    """
    return columns_of(read_cells(path, options.header), path, options)


def columns_of(table: Table, path: object, options: TableOptions) -> Columns:
    """Return the numbers and the dates of cells.

    Raises:
        ValueError: as ``read_columns_of``.
    """
    clock = find_clock(table, path, time=options.time, dayfirst=options.dayfirst)
    kept = _variables(table, clock, path, options.columns)
    mark = options.decimal or _mark(table, kept, path)
    columns = [_numbers(table, n, mark, path) for n in kept]
    values = np.stack(columns, axis=1)
    names = tuple(table.names[n] or f"c{n + 1}" for n in kept)
    return Columns(values, names, table.lines, clock, table.said)


def read_cells(path: object, header: bool | None = None) -> Table:
    """Read the cells of a table, without meaning.

    Raises:
        FileNotFoundError, ValueError: as ``read_columns_of``.
    """
    if isinstance(path, Given):
        return table_of(path)
    if is_parquet(path):
        return read_parquet(path)
    found = split_cells(read_table_text(str(path)), path, is_value)
    return named(found, path, is_value, header)


def mark_of(table: Table, path: object) -> str:
    """Return the decimal mark of all numbers of a table.

    Raises:
        ValueError: it cannot be told.
    """
    return _mark(table, [*range(len(table.names))], path)


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a date."""
    return is_number(cell) or is_date(cell)


def _variables(
    table: Table, clock: Clock, path: object, chosen: tuple[str, ...]
) -> list[int]:
    """Return the places of the columns of numbers."""
    unknown = [name for name in chosen if name not in table.names]
    if unknown:
        raise ValueError(
            f"{path} has no column {unknown[0]!r}: data.columns must be of "
            f"{', '.join(table.names)}."
        )
    if chosen:
        return [table.names.index(name) for name in chosen]
    free = [n for n in range(len(table.names)) if n not in clock.used]
    kept = without_row_numbers(table, free)
    if not kept:
        raise ValueError(
            f"{path} has no column of numbers next to {table.names[clock.used[0]]}."
        )
    return kept


def _mark(table: Table, kept: list[int], path: object) -> str:
    """Return the decimal mark of the numbers."""
    cells = [
        cell
        for n in kept
        if any("," in cell for cell in table.columns[n])
        for cell in table.columns[n]
        if is_number(cell)
    ]
    pointed = [
        cell
        for n in kept
        for cell in table.columns[n]
        if cells and "." in cell and is_number(cell)
    ]
    mark = decimal_mark([*cells, *pointed])
    if mark is None:
        example = next(cell for cell in cells if "," in cell)
        raise ValueError(
            f"{path} has numbers such as {example!r}, whose comma may be a decimal "
            "mark or part thousands: set data.decimal to ',' or '.'."
        )
    return mark


def _numbers(
    table: Table, place: int, mark: str, path: object
) -> Float64[np.ndarray, " t"]:
    name, cells = table.names[place] or f"c{place + 1}", table.columns[place]
    values, bad = numbers_of(cells, mark)
    if bad >= 0:
        _refuse_cell(table, place, bad, mark, path)
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax())
        raise ValueError(
            f"{path}, line {table.lines[row]} has {cells[row]!r} in column {name!r}, "
            "which is infinite or too large for a number of 64 bit: give a finite one, "
            "or leave it empty."
        )
    known = values[~np.isnan(values)]
    if len(known) > 1 and (known == known[0]).all():
        table.said.append(f"column {name} never changes")
    if (lacking := sentinel(values)) is not None:
        count = int((values == lacking).sum())
        table.said.append(
            f"column {name} is {lacking:g} in {count} row(s), which may mean that a "
            "value is missing: if so, leave those cells empty"
        )
    return values


def _refuse_cell(
    table: Table, place: int, bad: int, mark: str, path: object
) -> NoReturn:
    name, cells = table.names[place] or f"c{place + 1}", table.columns[place]
    start = (
        f"{path}, line {table.lines[bad]} has {cells[bad][:40]!r} in column {name!r}"
    )
    numbers = sum(map(is_number, cells))
    dated = sum(map(is_date, cells))
    if dated > len(cells) / 2:
        raise ValueError(
            f"{start}, a second column of dates: choose the variables by data.columns, "
            "or the dates by data.time."
        )
    if numbers < len(cells) / 2 and _LIKE_A_DATE.match(cells[bad]):
        raise ValueError(
            f"{start}, which looks like a date of no known form: write dates as "
            "2024-01-31, or choose the variables by data.columns."
        )
    if numbers < len(cells) / 2 and len(cells) > 2:
        kinds = len(set(cells))
        raise ValueError(
            f"{start}, a column of text with {kinds} different values: give a number, "
            "or leave the column out by data.columns; if it names several series, set "
            f"data.id={name}."
        )
    if bad == 0 and len(cells) > 2:
        raise ValueError(
            f"{start}: take a second line of names or units out of the file, or give a "
            "number."
        )
    raise ValueError(
        f"{start}: give a number, or leave the column out of the file, or out of what "
        "is read by data.columns."
    )
