"""Answers of a model as rows, and the files that a person opens them in."""

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jlstm._internal.files import write_atomically

Row = dict[str, Any]
"""What a model makes of one example: names and values, as a table has them."""

PREDICTIONS = "predictions.{part}.csv"
MOST = 50_000
"""Rows of a file of predictions: what a spreadsheet opens without waiting."""


def rows_text(rows: Iterable[Row], suffix: str) -> str:
    r"""Return rows as a file has them.

    Args:
        rows: of one table; they may have different names.
        suffix: of the file: ``".csv"``, ``".tsv"`` or ``".jsonl"``.

    Example:
        >>> rows_text([{"words": ["a", "b"], "n": 1}, {"m": 2}], ".csv")
        'words,n,m\na b,1,\n,,2\n'
    """
    rows = list(rows)
    if suffix == ".jsonl":
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    written = csv.DictWriter(
        text, names, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n"
    )
    written.writeheader()
    written.writerows(map(_flat, rows))
    return text.getvalue()


def write_predictions(folder: Path, part: str, rows: Iterator[Row]) -> Path | None:
    """Write what a model makes of a part of the data; None where it has no rows.

    The first ``MOST`` rows are written; where there are more, a line says so.
    """
    kept = list(itertools.islice(rows, MOST))
    if not kept:
        return None
    path = folder / PREDICTIONS.format(part=part)
    write_atomically(path, rows_text(kept, path.suffix))
    if next(rows, None) is not None:
        print(f"{path}: the first {MOST:,} rows of more.")
    return path


def _flat(row: Row) -> Row:
    """Return a row of texts and numbers: lists are words between blanks."""
    return {
        name: " ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in row.items()
    }
