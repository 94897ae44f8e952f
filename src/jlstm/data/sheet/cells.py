"""From the text of a file to rows of cells: which sign separates them, and quotes."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

SEPARATORS = {
    "\t": "tabs",
    ";": "semicolons",
    "|": "bars",
    ",": "commas",
    " ": "blanks",
}
_SAMPLE = 200  # lines that the separator is looked for in
_COMMENT = re.compile(r"\s*(#(?!N/A)|//|%(?=\s))")
_PAGE = re.compile(r"\s*<(!doctype|html|\?xml)", re.I)


class Row(NamedTuple):
    """The cells of a row, and the number of its first line."""

    line: int
    cells: list[str]


class Rows(NamedTuple):
    """All rows of a table, and what separates their cells; ``""`` is nothing.

    Attributes:
        rows: without blank lines and comments.
        separator: one of ``SEPARATORS``, or ``""`` for a single column.
        comments: how many lines were comments.
    """

    rows: list[Row]
    separator: str
    comments: int


def split_cells(
    text: str, path: object, is_value: Callable[[str], bool], *, comments: bool = True
) -> Rows:
    r"""Cut a text into rows and cells.

    Args:
        text: with lines that end at ``\n``.
        path: of the file, for messages.
        is_value: whether a cell is a number or a date; of two separators that cut all
            lines alike, the one that leaves more of these is right.
        comments: leave out lines that begin with ``#``, ``//`` or ``% ``.

    Raises:
        ValueError: a quote is not closed, or the file is a web page or JSON.

    Example:
        >>> split_cells("a;b\n1,5;2\n", "x.csv", str.isdigit).rows[1]
        Row(line=2, cells=['1,5', '2'])
    """
    _refuse_other_kinds(text, path)
    lines = [(n, one) for n, one in enumerate(text.split("\n"), start=1)]
    told = re.match(r"sep=(.)$", lines[0][1]) if lines else None  # as Excel writes it
    kept = [(n, one) for n, one in lines[bool(told) :] if one.strip()]
    written = [(n, one) for n, one in kept if not (comments and _COMMENT.match(one))]
    separator = told[1] if told else _separator([one for _, one in written], is_value)
    rows = _strict_rows(written, text, separator, path)
    return Rows(rows, separator, len(kept) - len(written))


def most_common_width(rows: Sequence[Row]) -> int:
    """Return how many cells most rows have."""
    return Counter(len(row.cells) for row in rows).most_common(1)[0][0]


def cut(lines: Iterable[str], separator: str, *, strict: bool = False):
    """Yield the cells of each line, those in quotes without them."""
    if not separator:
        return ([line.strip()] for line in lines)
    if separator == " ":
        lines = (line.replace("\t", " ").strip() for line in lines)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)


def _separator(lines: Sequence[str], is_value: Callable[[str], bool]) -> str:
    """Return the sign that cuts the most lines alike, and into the most values."""
    sample = [*lines[:_SAMPLE], *lines[_SAMPLE:][-5:]]
    scored = {sign: _score(sample, sign, is_value) for sign in SEPARATORS}
    scored = {sign: score for sign, score in scored.items() if score is not None}
    alone = _score(sample, "", is_value)
    # Decimal commas cut a single column in two, but not the name above it.
    best = max(scored, key=lambda sign: scored[sign], default="")
    if alone is None or alone[1] <= 0.5 or (best and best in sample[0]):
        return best
    return best if best and scored[best][0] >= alone[0] else ""


def _score(
    lines: Sequence[str], separator: str, is_value: Callable[[str], bool]
) -> tuple[float, float] | None:
    """Return the share of lines cut alike and of values; None where nothing is cut."""
    try:
        rows = [row for row in cut(lines, separator) if row]
    except csv.Error:
        return None
    if not rows:
        return None
    if separator and max(map(len, rows)) < 2:
        return None
    alike = max(_commonest(map(len, rows)), _commonest(map(_inner, rows))) / len(rows)
    cells = [cell for row in rows[1:] or rows for cell in row]
    return round(alike, 2), round(sum(map(is_value, cells)) / len(cells), 2)


def _commonest(widths: Iterable[int]) -> int:
    return Counter(widths).most_common(1)[0][1]


def _inner(row: Sequence[str]) -> int:
    """Return how many cells a row has, without an empty one at its end."""
    return len(row) - (not row[-1].strip())


def _strict_rows(
    lines: Sequence[tuple[int, str]], text: str, separator: str, path: object
) -> list[Row]:
    """Cut all lines; a cell in quotes may go over several."""
    if not separator:
        return [Row(n, [one.strip()]) for n, one in lines]
    reader = cut((one + "\n" for _, one in lines), separator, strict=True)
    rows, done = [], 0
    try:
        for cells in reader:
            rows.append(Row(lines[done][0], [cell.strip() for cell in cells]))
            done = reader.line_num
    except csv.Error as error:
        unclosed = "unexpected end" in str(error) or "field larger" in str(error)
        raise ValueError(
            f"{path}, line {lines[min(done, len(lines) - 1)][0]} "
            + (
                "opens a quote that is not closed: close it, or take it out."
                if unclosed
                else f"has a quote in the wrong place ({error}): write it twice inside "
                "a cell in quotes, or take it out."
            )
        ) from None
    return rows


def _refuse_other_kinds(text: str, path: object) -> None:
    start = text.lstrip()[:200]
    if _PAGE.match(start):
        raise ValueError(
            f"{path} is a web page or XML, not a table: download the file itself."
        )
    if re.match(r"[{[]\s*([\"{\[\]}]|$)", start):
        raise ValueError(
            f"{path} is JSON: write it as a table, for example with "
            "`pandas.read_json(...).to_csv(...)`."
        )
