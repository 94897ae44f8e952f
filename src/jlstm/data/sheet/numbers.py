"""Cells that are numbers: decimal points or commas, thousands, marks of what lacks."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float64

_MARKS = """na n/a n.a. nan null (null) none nil ? - -- --- . .. ... – — * missing
<na> nat #n/a #na #value! #div/0! #ref! #num! \\n"""
MISSING = frozenset(["", "n. a.", "#n/a n/a", *_MARKS.split()])
SENTINELS = (-99.0, -99.9, -999.0, -999.9, -9999.0, -99999.0, 9999.0, 99999.0)
_EXPONENT = r"(?:[eE][+-]?\d+)?"
_POINT = re.compile(
    rf"[+-]?(?:\d+(?:\.\d*)?|\.\d+){_EXPONENT}|[+-]?inf(?:inity)?", re.I
)
_COMMA = re.compile(rf"[+-]?(?:\d+,\d*|,\d+){_EXPONENT}")
_GROUPS = "[ '\u00a0\u202f\u2009’]"
_POINTED = re.compile(
    rf"[+-]?\d{{1,3}}(?:(?:,\d{{3}})+|(?:{_GROUPS}\d{{3}})+)(?:\.\d*)?"
)
_COMMAED = re.compile(
    rf"[+-]?\d{{1,3}}(?:(?:\.\d{{3}})+|(?:{_GROUPS}\d{{3}})+)(?:,\d*)?"
)
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # 1.234, or a thousand and more


def is_missing(cell: str) -> bool:
    """Whether a cell says that its value is not known."""
    return cell.strip().lower() in MISSING


def whole(cell: str) -> int | None:
    """Return the number that some digits are, None for anything else.

    More digits than a count has are no number: Python takes long over thousands.

    Example:
        >>> whole("007"), whole("1.5"), whole("9" * 5000)
        (7, None, None)
    """
    return int(cell) if cell.isdecimal() and len(cell) < 20 else None


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a decimal point or a decimal comma.

    Example:
        >>> [*map(is_number, ("1e3", "28,7", "1.234,5", "1,234", "1-01", "red"))]
        [True, True, True, True, False, False]
    """
    text = _plain(cell)
    return any(form.fullmatch(text) for form in (_POINT, _COMMA, _POINTED, _COMMAED))


def decimal_mark(cells: Iterable[str]) -> str | None:
    """Return the decimal mark of a table's numbers, None where it cannot be told.

    Args:
        cells: those of all columns of numbers.

    Example:
        >>> decimal_mark(["28,7", "3"]), decimal_mark(["1,234.5"]), decimal_mark(["1"])
        (',', '.', '.')
        >>> decimal_mark(["1,234"])  # which may be a thousand
    """
    point = comma = unclear = False
    for text in map(_plain, cells):
        if "," not in text:
            point |= "." in text and text.count(".") == 1 and not _thousands(text)
        elif _EITHER.fullmatch(text):
            unclear = True
        elif _COMMA.fullmatch(text) or ("." in text and _COMMAED.fullmatch(text)):
            comma = True
        elif _POINTED.fullmatch(text):
            point = True
    if comma or unclear:
        return None if comma == point else "," if comma else "."
    return "."


def to_number(cell: str, mark: str) -> float | None:
    """Return the number in a cell, NaN where it is missing, None where it is none.

    Example:
        >>> to_number("1.234,5", ","), to_number("1,234.5", "."), to_number("red", ".")
        (1234.5, 1234.5, None)
    """
    if is_missing(cell):
        return np.nan
    text = _plain(cell)
    plain, grouped = (_POINT, _POINTED) if mark == "." else (_COMMA, _COMMAED)
    if grouped.fullmatch(text) and not (mark == "." and _POINT.fullmatch(text)):
        text = re.sub(_GROUPS, "", text).replace("," if mark == "." else ".", "")
    elif not plain.fullmatch(text) and not _POINT.fullmatch(text):
        return None
    return float(text.replace(",", "."))


def numbers_of(
    cells: Sequence[str], mark: str
) -> tuple[Float64[np.ndarray, " t"], int]:
    """Return the numbers of a column, and the place of the first cell that is none.

    The place is -1 where all are numbers or missing.
    """
    try:
        if mark == "." and not any("_" in cell for cell in cells):
            return np.array(cells, np.float64), -1
    except ValueError:
        pass
    found = [to_number(cell, mark) for cell in cells]
    bad = next((n for n, one in enumerate(found) if one is None), -1)
    return np.array([np.nan if one is None else one for one in found]), bad


def sentinel(values: Float64[np.ndarray, " t"]) -> float | None:
    """Return a value such as -9999 that seems to stand for what is not known.

    It is one far outside of all others.

    Example:
        >>> sentinel(np.array([3.0, 4.0, -9999.0, 5.0]))
        -9999.0
    """
    known = values[np.isfinite(values)]
    for mark in SENTINELS:
        others = known[known != mark]
        if len(others) in (0, len(known)):
            continue
        low, high = others.min(), others.max()
        if not low - 5 * (high - low) <= mark <= high + 5 * (high - low):
            return mark
    return None


def _plain(cell: str) -> str:
    return cell.strip().replace("\u2212", "-")


def _thousands(text: str) -> bool:
    return re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", text) is not None
