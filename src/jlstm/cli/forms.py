"""Which data of ``configs/data`` a file or a folder looks like, by what it holds."""

import re
from collections.abc import Iterable
from pathlib import Path

from jlstm.data.audio_folder import SOUNDS
from jlstm.data.records import LENGTHS
from jlstm.data.sheet.cells import Row, Rows, most_common_width, split_cells
from jlstm.data.sheet.header import Table
from jlstm.data.sheet.numbers import is_missing
from jlstm.data.sheet.parquet import is_parquet, read_parquet
from jlstm.data.sheet.read import is_value
from jlstm.data.sheet.words import is_conllu
from jlstm.data.text import read_table_text
from jlstm.tasks.classification.labelled import CLASS_FIRST, LABEL, TEXT
from jlstm.tasks.classification.sequences import ID, TABLES

_TABLE = (".csv", ".tsv")
_ARRAY = (".npy", ".npz")
_ALIKE, _WORD = 0.9, 25  # share of the lines; letters of a cell with one word


def form_of(path: str | Path) -> str:
    r"""Return the data that a file or a folder looks like.

    Args:
        path: of the file, or of a folder of recordings or of tables.

    Raises:
        FileNotFoundError, ValueError: it cannot be read.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "a.txt")
        >>> _ = Path(name).write_text("good\ta film\nbad\ta dull film\n")
        >>> form_of(name)
        'labelled_text'
    """
    if Path(path).is_dir():
        if any(Path(path).rglob(LENGTHS)):
            return "records"
        tables = any(one.suffix.lower() in TABLES for one in Path(path).rglob("*"))
        sounds = any(one.suffix.lower() in SOUNDS for one in Path(path).rglob("*"))
        return "sequences" if tables and not sounds else "audio_folder"
    if str(path).lower().endswith(_ARRAY):
        return "clips"
    if is_parquet(path):
        return _form_of_rows(_rows_of(read_parquet(path)))
    if is_conllu(path):
        return "tagged"
    text = read_table_text(path)
    lines = [line for line in text.split("\n") if line.strip()]
    rows = _rows(text, path)
    if rows is not None and _is_of_numbers(rows) and not _is_named(rows):
        return _form_of_numbers(rows)
    if _is_of_words(text):
        return "tagged"
    tabs = sum("\t" in line for line in lines) > len(lines) / 2
    named = str(path).lower().removesuffix(".gz").endswith(_TABLE)
    marked = bool(lines) and all(CLASS_FIRST.fullmatch(line.rstrip()) for line in lines)
    labelled = tabs or named or marked or _is_named(rows)
    return "labelled_text" if labelled else "text"


def _form_of_rows(rows: Rows) -> str:
    of_numbers = _is_of_numbers(rows) and not _is_named(rows)
    return _form_of_numbers(rows) if of_numbers else "labelled_text"


def _form_of_numbers(rows: Rows) -> str:
    """Sequences have an id, which repeats, and a class."""
    names = [cell.lower() for cell in rows.rows[0].cells]
    by = next((names.index(name) for name in ID.split() if name in names), None)
    if by is None or not {*names} & {*LABEL.split()}:
        return "csv"
    ids = [row.cells[by] for row in rows.rows[1:] if len(row.cells) == len(names)]
    return "sequences" if len({*ids}) < len(ids) else "csv"


def _rows_of(table: Table) -> Rows:
    body = [
        Row(n, [*cells]) for n, cells in enumerate(zip(*table.columns, strict=True))
    ]
    return Rows([Row(0, table.names), *body], ",", 0)


def _rows(text: str, path: str | Path) -> Rows | None:
    try:
        return split_cells(text, path, is_value)
    except ValueError:
        return None


def _is_of_numbers(found: Rows) -> bool:
    """Whether half of the columns, or more, hold numbers or dates."""
    body = [row.cells for row in found.rows[1:]] or [row.cells for row in found.rows]
    if not body:
        return False
    width = most_common_width(found.rows)
    alike = [cells for cells in body if len(cells) == width]
    if len(alike) < len(body) / 2:
        return False
    return sum(map(_holds_values, zip(*alike, strict=True))) >= width / 2


def _holds_values(column: Iterable[str]) -> bool:
    cells = [cell for cell in column if not is_missing(cell)]
    return bool(cells) and sum(map(is_value, cells)) > len(cells) / 2


def _is_of_words(text: str) -> bool:
    """Whether lines are words with columns, and empty ones keep sentences apart."""
    lines = [line for line in text.split("\n") if line.strip()]
    tabs = sum("\t" in line for line in lines) > len(lines) / 2
    rows = [line.split("\t" if tabs else None) for line in lines]
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=widths.count, default=0)
    apart = re.search(r"\S[^\n]*\n[ \t]*\n[ \t]*\S", text) is not None
    short = sum(max(map(len, row)) <= _WORD for row in rows)
    return (
        apart
        and 2 <= usual <= 12
        and widths.count(usual) >= _ALIKE * len(rows)
        and short >= _ALIKE * len(rows)
    )


def _is_named(found: Rows | None) -> bool:
    """Whether the first line names a column of texts and one of classes."""
    if found is None or not found.rows:
        return False
    names = {cell.lower() for cell in found.rows[0].cells}
    return bool(names & {*TEXT.split()}) and bool(names & {*LABEL.split()})
