"""A user's file of labelled texts: which column is the text, and which the class."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from jlstm.data import Labelled
from jlstm.data.sheet.given import Given, Source, table_of
from jlstm.data.sheet.header import Table
from jlstm.data.sheet.parquet import is_parquet, read_parquet
from jlstm.data.text import read_table_text
from jlstm.data.tokenize import tokenize
from jlstm.tasks.classification.classes import FEW, check_classes
from jlstm.tasks.classification.labels import ProblemType, read_labels

TEXT = (
    "text sentence review comment content tweet message body question phrase headline"
)
LABEL = (
    "label class category sentiment target intent polarity labels stars rating gold "
    "score"
)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
CLASS_FIRST = re.compile(r"(?:__label__(\S+)|([A-Z]+:\w+|-?\d))[ \t]+(\S.*)")
"""A line as fastText has it, as TREC has it, or one that begins with a digit."""


class Row(NamedTuple):
    """The cells of a line, and its number."""

    line: int
    cells: list[str]


class Texts(NamedTuple):
    """Labelled texts, the names of their classes, and one line about them.

    Without classes the labels are numbers to predict.
    """

    labelled: Labelled
    classes: tuple[str, ...]
    read: str
    groups: tuple[str, ...] | None = None


def read_texts(
    path: Source,
    text: str | None = None,
    label: str | None = None,
    classes: Sequence[str] | None = None,
    group: str | None = None,
    kind: ProblemType = "auto",
) -> Texts:
    """Read a table with a column of texts and one of labels.

    Columns stand between tabs, or commas by the rules of CSV. They are found by the
    names in the first line, or by what they hold: classes repeat, texts are long. Lines
    that all begin with a class need no columns: ``__label__good`` as fastText has it,
    ``DESC:manner`` as TREC has it, or a digit.

    Args:
        path: the file, or what a function gave.
        text: name of the column of texts; None to find it.
        label: name of the column of classes; None to find it.
        classes: those that may occur; None for any.
        group: name of a column of groups, such as authors; None for none.
        kind: whether labels are classes or numbers, see :func:`read_labels`.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the columns cannot be told, lines differ in their columns, there
            are too many classes, or one alone.
    """
    rows = _rows(path)
    names = _header(rows, text, label)
    body = rows[1:] if names else rows
    if not body:
        check_classes(path, [], None)
    at_text, at_label = _places(path, names, body, text, label)
    for row in body:
        if not row.cells[at_label]:
            _refuse_line(path, row)
    kept = [row for row in body if row.cells[at_text].strip()]
    found = [row.cells[at_label] for row in kept]
    labels = read_labels(path, found, kind, classes)
    sentences = tuple(tokenize(row.cells[at_text], "en") for row in kept)
    return Texts(
        Labelled(sentences, labels.values),
        labels.classes,
        _line(path, labels.told, len(found), len(body)),
        _groups(path, names, kept, group),
    )


def _groups(
    path: Source, names: list[str], rows: list[Row], group: str | None
) -> tuple[str, ...] | None:
    if group is None:
        return None
    if group not in names:
        raise ValueError(
            f"{path} has no column {group!r}: data.group must be one of "
            f"{', '.join(names) or 'those in its first line, which has no names'}."
        )
    return tuple(row.cells[names.index(group)] for row in rows)


def _rows(path: Source) -> list[Row]:
    if isinstance(path, Given):
        return _table_rows(table_of(path, ("text", "label")))
    if is_parquet(path):
        return _table_rows(read_parquet(path))
    empty = Path(path).is_file() and not Path(path).stat().st_size
    lines = [] if empty else read_table_text(path).split("\n")
    kept = [
        (n, line.removeprefix("\ufeff"))
        for n, line in enumerate(lines, start=1)
        if line.strip("\ufeff \t")
    ]
    if kept and re.match(r'\s*[{\[]\s*["{]', kept[0][1]):
        raise ValueError(
            f"{path} is JSON: write it as a table, for example with "
            "`pandas.read_json(..., lines=True).to_csv(..., index=False)`."
        )
    marked = [(n, CLASS_FIRST.fullmatch(line.rstrip())) for n, line in kept]
    if kept and all(found for _, found in marked):
        return [Row(n, [m[1] or m[2], m[3]]) for n, m in marked if m is not None]
    tabs = sum("\t" in line for _, line in kept)
    if kept and tabs <= len(kept) / 2:
        return _comma_rows(path, [line for _, line in kept], [n for n, _ in kept])
    return _even_rows(path, [Row(n, _tab_cells(line)) for n, line in kept])


def _table_rows(table: Table) -> list[Row]:
    body = zip(*table.columns, strict=True)
    lines = zip(table.lines, body, strict=True)
    return [Row(0, table.names), *(Row(n, [*cells]) for n, cells in lines)]


def _tab_cells(line: str) -> list[str]:
    return [_unquoted(cell.strip()) for cell in line.split("\t")]


def _unquoted(cell: str) -> str:
    found = _QUOTED.fullmatch(cell)
    return found[1].replace('""', '"').strip() if found else cell


def _even_rows(path: Source, rows: list[Row]) -> list[Row]:
    """Return rows of one width: a text may hold tabs where the class is first."""
    widths = Counter(len(row.cells) for row in rows)
    if len(widths) <= 1:
        return rows
    odd = next((row for row in rows if len(row.cells) < 2), None)
    width = widths.most_common(1)[0][0]
    if odd is not None or width != 2:
        _refuse_line(path, odd or next(r for r in rows if len(r.cells) != width))
    return [Row(n, [cells[0], " ".join(cells[1:])]) for n, cells in rows]


def _comma_rows(path: Source, lines: list[str], numbers: list[int]) -> list[Row]:
    """Read rows by the rules of CSV."""
    sign = ";" if sum(";" in line for line in lines) > len(lines) * 0.9 else ","
    reader = csv.reader((line + "\n" for line in lines), delimiter=sign, strict=True)
    rows, done = [], 0
    try:
        for cells in reader:
            rows.append(Row(numbers[done], [cell.strip() for cell in cells]))
            done = reader.line_num
    except csv.Error:
        _refuse_line(path, Row(numbers[done], [lines[done]]))
    odd = next((row for row in rows if len(row.cells) != len(rows[0].cells)), None)
    if odd is not None or len(rows[0].cells) < 2:
        bad = numbers.index((odd or rows[0]).line)
        _refuse_line(path, Row(numbers[bad], [lines[bad]]))
    return rows


def _header(rows: list[Row], text: str | None, label: str | None) -> list[str]:
    """Return the names of columns, none where the first line holds none."""
    if len(rows) < 2:
        return []
    if rows[0].line == 0:  # of a table that knows its names
        return rows[0].cells
    first = [cell.lower() for cell in rows[0].cells]
    told = {name.lower() for name in (text, label) if name is not None}
    known = {*TEXT.split(), *LABEL.split(), *told}
    labels = {cell.lower() for row in rows[1:] for cell in row.cells if len(cell) < 20}
    is_named = sum(name in known and name not in labels for name in first)
    return rows[0].cells if is_named > (0 if told else len(first) > 2) else []


def _places(
    path: Source,
    names: list[str],
    body: list[Row],
    text: str | None,
    label: str | None,
) -> tuple[int, int]:
    """Return the places of the texts and of the classes."""
    lower = [name.lower() for name in names]
    found = {}
    for key, told, usual in (("text", text, TEXT), ("label", label, LABEL)):
        if told is not None and told.lower() not in lower:
            raise ValueError(
                f"{path} has no column {told!r}: data.{key} must be one of "
                f"{', '.join(names) or 'those in its first line, which has no names'}."
            )
        likely = [told.lower()] if told is not None else usual.split()
        found[key] = next((lower.index(n) for n in likely if n in lower), None)
    at_text, at_label = found["text"], found["label"]
    if at_label is None:
        at_label = _label_place(body, at_text)
    if at_text is None:
        others = [n for n in range(len(body[0].cells)) if n != at_label]
        at_text = max(others, key=lambda n: sum(len(row.cells[n]) for row in body))
    return at_text, at_label


def _label_place(body: list[Row], at_text: int | None) -> int:
    """Return the column whose values repeat most; the first of few rows."""
    width = len(body[0].cells) if body else 2
    free = [n for n in range(width) if n != at_text]
    if len(body) < FEW:
        return free[0]
    kinds = {n: len({row.cells[n] for row in body}) for n in free}
    several = [n for n in free if kinds[n] > 1] or free
    return min(several, key=lambda n: kinds[n])


def _refuse_line(path: Source, row: Row) -> NoReturn:
    text = "\t".join(row.cells)
    raise ValueError(
        f"{path}, line {row.line} is {text[:40]!r}: give a class, a tab and a "
        "text in each line, or columns as CSV has them, the same in each line."
    )


def _line(path: Source, told: str, kept: int, rows: int) -> str:
    empty = rows - kept
    left_out = f", {empty} left out as their text is empty" * bool(empty)
    return f"read {Path(path).name}: {kept} rows, {told}{left_out}"
