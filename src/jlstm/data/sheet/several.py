"""Several series in one table: the rows of one name are one series."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from jlstm.data.sheet.fill import interpolated, refuse_missing
from jlstm.data.sheet.header import Table
from jlstm.data.sheet.order import in_order
from jlstm.data.sheet.read import (
    Columns,
    TableOptions,
    columns_of,
    mark_of,
    read_cells,
)

_DAYFIRST = {"day-month-year": True, "month-day-year": False}


class Piece(NamedTuple):
    """One series of a table.

    Attributes:
        name: of the series; empty where there is one alone.
        values: oldest first; after ``known`` rows, what only columns of the future
            know, NaN elsewhere.
        known: how many rows are known.
        dates: of all rows; None where the file does not say.
        spacing: how far apart rows are; empty where the file does not say.
        columns: their names.
        said: what was decided.
        filled: how many rows were put in.
    """

    name: str
    values: Float64[np.ndarray, "t c"]
    known: int
    dates: tuple[str, ...] | None
    spacing: str
    columns: tuple[str, ...]
    said: list[str]
    filled: int


def read_pieces(path: object, options: TableOptions, interpolate: bool) -> list[Piece]:
    """Read a table, one series for each value in the column ``options.id``.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file is no table of numbers, a value is missing, rows are not
            equally far apart, or the series differ in how far they are.
    """
    found = _read_each(path, options)
    pieces = [_piece(*pair, path, options, interpolate) for pair in found.items()]
    spacings = {one.spacing: one.name for one in pieces if one.known > 1}
    if len(spacings) > 1:
        (first, a), (other, b) = [*spacings.items()][:2]
        raise ValueError(
            f"{path} has rows of {a!r} {first} apart and rows of {b!r} {other} apart: "
            "give series of one spacing, or a file for each."
        )
    return pieces


def _read_each(path: object, options: TableOptions) -> dict[str, Columns]:
    table = read_cells(path, options.header)
    if options.id is None:
        return {"": columns_of(table, path, options)}
    tables = split_by(table, options.id, path)
    return read_all(tables, without(table, options.id), path, options)


def read_all(
    tables: dict[str, Table], whole: Table, path: object, options: TableOptions
) -> dict[str, Columns]:
    """Return the numbers and dates of tables; what the longest means holds for all.

    Args:
        tables: the rows of each series.
        whole: all rows.
        path: of the file, for messages.
        options: what the file does not say.

    Raises:
        ValueError: a cell is no number, or dates cannot be read.
    """
    longest = max(tables.values(), key=lambda own: len(own.lines))
    options = replace(options, decimal=options.decimal or mark_of(whole, path))
    found = columns_of(longest, path, options)
    if set(found.names) <= set(longest.names):
        options = replace(options, columns=found.names)
    if found.clock.column is not None:
        first = _DAYFIRST.get(found.clock.column.form.name, options.dayfirst)
        options = replace(options, dayfirst=first)
        if len(found.clock.used) == 1:
            options = replace(options, time=longest.names[found.clock.used[0]])
    return {name: columns_of(own, path, options) for name, own in tables.items()}


def split_by(table: Table, column: str, path: object) -> dict[str, Table]:
    """Return the rows of each name in a column, without that column.

    Raises:
        ValueError: there is no such column, a cell of it is empty, or nothing else.

    Example:
        >>> cells = [["a", "b", "a"], ["1", "2", "3"]]
        >>> table = Table(["shop", "sold"], [2, 3, 4], cells)
        >>> {name: own.columns for name, own in split_by(table, "shop", "x").items()}
        {'a': [['1', '3']], 'b': [['2']]}
    """
    ids = table.columns[table.names.index(column_of(table, column, "id", path))]
    if "" in ids:
        line = table.lines[ids.index("")]
        raise ValueError(f"{path}, line {line} has no name in column {column!r}.")
    rest = without(table, column)
    if not rest.names:
        raise ValueError(f"{path} has no column next to {column!r}.")
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(ids):
        rows.setdefault(name, []).append(row)
    return {name: at_rows(rest, own) for name, own in rows.items()}


def column_of(table: Table, name: str, key: str, path: object) -> str:
    """Return the name of a column, which is there, or raise ValueError."""
    if name not in table.names:
        raise ValueError(
            f"{path} has no column {name!r}: data.{key} must be one of "
            f"{', '.join(table.names)}."
        )
    return name


def without(table: Table, column: str) -> Table:
    """Return a table without one of its columns."""
    kept = [n for n, name in enumerate(table.names) if name != column]
    names, columns = ([own[n] for n in kept] for own in (table.names, table.columns))
    return Table(names, table.lines, columns, table.said)


def at_rows(table: Table, rows: Sequence[int]) -> Table:
    """Return some rows of a table."""
    columns = [[cells[row] for row in rows] for cells in table.columns]
    return Table(table.names, [table.lines[n] for n in rows], columns, [*table.said])


def _piece(
    name: str, found: Columns, path: object, options: TableOptions, interpolate: bool
) -> Piece:
    values, clock, said = found.values, found.clock, found.said
    ahead = _ahead(found, options.known_future, path)
    missing = np.isnan(values) & ~ahead[:, None]
    if missing.any() and not interpolate:
        refuse_missing(path, missing, found.names, found.lines)
    dates, spacing, filled = clock.texts, "", 0
    if clock.column is not None:
        ordered = in_order(values, clock, found.lines, path, options.gaps)
        values, dates, spacing = ordered.values, ordered.dates, ordered.spacing
        said = [*said, *ordered.said]
        filled = len(values) - len(missing)
    if missing.any():
        said = [*said, f"{missing.sum()} missing values interpolated"]
    known = len(values) - int(ahead.sum())
    _check_tail(values, known, found, options.known_future, path)
    whole = interpolated(values[:known], np.isnan(values[:known]))
    values = np.concatenate([whole, values[known:]])
    return Piece(name, values, known, dates, spacing, found.names, said, filled)


def _ahead(
    found: Columns, future: Sequence[str], path: object
) -> Bool[np.ndarray, " t"]:
    """Return the rows that only the columns of the future know."""
    unknown = [name for name in future if name not in found.names]
    if unknown:
        raise ValueError(
            f"{path} has no column {unknown[0]!r} of numbers: data.known_future must "
            f"be of {', '.join(found.names)}."
        )
    is_future = np.array([name in future for name in found.names], bool)
    if is_future.all():
        raise ValueError(
            f"{path} has no column next to those of data.known_future: one must be "
            "left to forecast."
        )
    known = ~np.isnan(found.values)
    rows = known[:, is_future].all(1) & ~known[:, ~is_future].any(1)
    return rows & bool(future)


def _check_tail(
    values: np.ndarray, known: int, found: Columns, future: Sequence[str], path: object
) -> None:
    """Refuse rows of the future that are not the last ones, and a series of nothing."""
    others = [n for n, name in enumerate(found.names) if name not in future]
    empty = np.isnan(values[:, others]).all(1)
    if known < 1 or not empty[known:].all():
        raise ValueError(
            f"{path} has rows that only {', '.join(future)} know before the last ones "
            f"with {found.names[others[0]]}: give those values."
        )
