"""Data that a function of the user's gives, in place of a file.

A table is given as columns by name: a dictionary of lists or arrays, or a DataFrame.
Its cells become texts as those of a file are, and one reader decides what they mean.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from jlstm._internal.imported import find_function, told
from jlstm.data.sheet.header import Table
from jlstm.data.sheet.parquet import cell_of

KEY = "data.function"
PARTS = ("train", "valid", "test")
_MISSING = ("nan", "NaT", "<NA>")


@dataclass(frozen=True)
class Given(os.PathLike):
    """What a function returned; it stands where the path of a file does.

    Attributes:
        name: the import path of the function, as messages have it.
        values: what it returned.
    """

    name: str
    values: Any

    def __str__(self) -> str:
        return self.name

    def __fspath__(self) -> str:
        return self.name


Source: TypeAlias = str | Path | Given
"""Where data comes from: a file, or a function that was called."""


def called(function: str) -> Given:
    """Call a function by its import path.

    Raises:
        ValueError: it cannot be imported, or raises an error.

    Example:
        >>> called("os.getpid").name
        'os.getpid'
    """
    wanted = "one that takes no argument and returns data"
    found = find_function(function, KEY, wanted)
    try:
        return Given(function, found())
    except Exception as error:  # a function may raise whatever it likes
        raise ValueError(
            f"{KEY} is {function}, which raised {told(error)}: give {wanted}."
        ) from error


def source_of(path: str | None, function: str | None) -> Source:
    """Return the file, or what the function returns; one of the two is given."""
    if function is not None:
        return called(function)
    assert path is not None  # the configuration says so
    return path


def sources_of(
    path: str | None, function: str | None, **others: str | None
) -> dict[str, Source]:
    """Return where each part comes from; parts without a source are left out.

    Args:
        path: of the file to learn from, and to cut into parts.
        function: or else what gives it; it may give several parts by name.
        others: the paths of other parts.
    """
    first = source_of(path, function)
    named = {name: own for name, own in others.items() if own is not None}
    values = first.values if isinstance(first, Given) else None
    if not isinstance(values, Mapping) or "train" not in values:
        return {"train": first, **named}
    odd = [str(name) for name in values if name not in PARTS]
    if odd:
        raise ValueError(
            f"{KEY}={first} returned the parts {', '.join(map(str, values))}: give "
            f"{', '.join(PARTS)}, the last two if you have them."
        )
    given = {n: Given(f"{first}[{n}]", own) for n, own in values.items()}
    twice = next((name for name in named if name in given), None)
    if twice is not None:
        raise ValueError(
            f"data.{twice}_path and {KEY}={first} both give {twice}: leave one out."
        )
    return given | named


def check_source(
    path: str | None, function: str | None, name: str, own: Sequence[str]
) -> None:
    """Raise ValueError unless data of one's own, and only that, has a source.

    Example:
        >>> check_source("a.csv", "my.load", "csv", ["csv"])
        Traceback (most recent call last):
        ValueError: data.path and data.function are both given: leave one out.
    """
    if path is not None and function is not None:
        raise ValueError(f"data.path and {KEY} are both given: leave one out.")
    if (function is None and path is None) == (name in own):
        key = "data.path" if function is None else KEY
        raise ValueError(
            f"{key} goes with data.name={' or '.join(own)} and only with it, got "
            f"{key.removeprefix('data.')}={path or function!r} and name={name!r}: set "
            f"or unset {key}."
        )


def table_of(given: Given, pair: tuple[str, str] | None = None) -> Table:
    """Return columns as a table of cells.

    Args:
        given: columns by name.
        pair: the names of two columns that may come as a pair of lists.

    Raises:
        ValueError: it is no table, columns differ in their length or there are no rows,
            or a cell is a list or the like.

    Example:
        >>> table_of(Given("my.load", {"day": ["2024-01-31"], "sold": [2.5]})).columns
        [['2024-01-31'], ['2.5']]
    """
    columns = _columns(given, pair)
    cells = {n: [_cell(one, n, given) for one in own] for n, own in columns.items()}
    sizes = {name: len(own) for name, own in cells.items()}
    if len(set(sizes.values())) != 1 or not max(sizes.values()):
        told_sizes = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(
            f"{KEY}={given} returned columns of {told_sizes or 'no'} rows: give the "
            "same number for all, one at least."
        )
    rows = next(iter(sizes.values()))
    return Table([*cells], [*range(1, rows + 1)], [*cells.values()])


def texts_of(given: Given) -> str:
    r"""Return a text, or lines, as one text.

    Example:
        >>> texts_of(Given("my.lines", ["to be", "or not"]))
        'to be\nor not\n'
    """
    if isinstance(given.values, str):
        return given.values
    lines = [*given.values] if isinstance(given.values, Iterable) else [None]
    odd = next((one for one in lines if not isinstance(one, str)), "")
    if odd != "" or isinstance(given.values, Mapping):
        raise ValueError(
            f"{KEY}={given} returned a {type(given.values).__name__}: give a text, or "
            "lines of text."
        )
    return "".join(line.removesuffix("\n") + "\n" for line in lines)


def labels_of(given: Given, labels: Iterable[Any]) -> tuple[str, ...]:
    """Return labels as a file would have them.

    Example:
        >>> labels_of(Given("my.load", None), np.array([0.5, 2]))
        ('0.5', '2.0')
    """
    return tuple(_cell(one, "label", given) for one in labels)


def _columns(given: Given, pair: tuple[str, str] | None) -> dict[str, Any]:
    values = given.values
    if pair is not None and isinstance(values, tuple) and len(values) == 2:
        return dict(zip(pair, values, strict=True))
    names = values if isinstance(values, Mapping) else getattr(values, "columns", None)
    if names is None:
        also = f", or a pair of lists, {' and '.join(pair)}" if pair else ""
        raise ValueError(
            f"{KEY}={given} returned a {type(values).__name__}: give a table, that is "
            f"a DataFrame or a dictionary of columns{also}."
        )
    return {str(name): values[name] for name in names}


def _cell(value: Any, name: str, given: Given) -> str:
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    elif isinstance(value, np.generic):
        value = value.item()
    elif isinstance(value, np.ndarray | tuple):
        value = [*value]
    if value is None or str(value) in _MISSING:
        return ""
    return cell_of(value, name, given).strip()
