"""Parquet files as tables of cells, so that one reader decides what they mean."""

import datetime as dt
import math
from pathlib import Path
from typing import Any

from jlstm._internal.extras import brought_by
from jlstm.data.sheet.header import Table
from jlstm.data.text import checked_path

_MAGIC = b"PAR1"
_INDEX = "__index_level_"  # as pandas calls an index without a name


def is_parquet(path: object) -> bool:
    """Whether a file is Parquet, by its first and last bytes."""
    place = Path(str(path))
    if not place.is_file() or place.stat().st_size < 12:
        return False
    with place.open("rb") as file:
        first = file.read(4)
        file.seek(-4, 2)
        return first == file.read(4) == _MAGIC


def read_parquet(path: object) -> Table:
    """Read the cells of a Parquet file as text; nulls and NaN are empty.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file is damaged, has no rows, or a column of lists or the like.
        ModuleNotFoundError: pyarrow is missing; ``jlstm[parquet]`` brings it.
    """
    place = checked_path(str(path))
    with brought_by("parquet"):
        import pyarrow
        import pyarrow.parquet
    try:
        found = pyarrow.parquet.read_table(str(place))
        values = [column.to_pylist() for column in found.columns]
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())[:100]
        raise ValueError(f"{path} is a damaged Parquet file ({said}).") from None
    if not found.num_rows:
        raise ValueError(f"{path} has no rows: give one for each step.")
    names = [
        "index" if name.startswith(_INDEX) else name for name in found.column_names
    ]
    columns = [
        [cell_of(value, name, path) for value in own]
        for name, own in zip(names, values, strict=True)
    ]
    return Table(names, [*range(1, found.num_rows + 1)], columns)


def cell_of(value: Any, name: str, path: object) -> str:
    """Return a value as a file of text would have it; nothing where it is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, list | dict | bytes):
        raise ValueError(
            f"{path} has a {type(value).__name__} in column {name!r}: give numbers, "
            "dates or texts, or leave the column out of the file."
        )
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, dt.datetime):
        at_midnight = value.time() == dt.time() and value.tzinfo is None
        return str(value.date()) if at_midnight else str(value)
    return repr(value) if isinstance(value, float) else str(value)
