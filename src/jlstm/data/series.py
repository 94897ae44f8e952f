"""Time series as tables of numbers: a user's CSV file, and the public ones.

A table has a row a step and a column a variable; a column of dates is recognized by
its values and kept beside the numbers.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64

from jlstm.data.archive import read_lines
from jlstm.data.fetch import fetch

ETT = ("etth1", "etth2", "ettm1", "ettm2")
CLASSIC = {  # and the steps of a season
    "airline_passengers": 12,
    "co2": 52,
    "daily_min_temperatures": 365,
    "monthly_sunspots": 132,
    "sunspots": 11,
}
NAMES = (*ETT, "weather", "illness", "beijing_pm25", *CLASSIC)
_SEASONS = {"etth1": 24, "etth2": 24, "ettm1": 96, "ettm2": 96, "weather": 144}
_SEASONS |= {"illness": 52, "beijing_pm25": 24, **CLASSIC}
_FORMATS = ("%Y%m%d", "%Y-%m", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y")
_MISSING = ("", "na", "nan", "null", "none", "?")
_SENTINEL = -9999.0


@dataclass(frozen=True, eq=False)
class Series:
    """A table of numbers, a row a step.

    Args:
        name: of the data set or the file.
        values: the numbers.
        columns: the variables' names.
        dates: when each row was, as it is written; None where the file does not say.
        season: steps after which things repeat, for ``seasonal_naive``.
        note: what to say beside a number measured on this series.
    """

    name: str
    values: Float64[np.ndarray, "t c"]
    columns: tuple[str, ...]
    dates: tuple[str, ...] | None = None
    season: int = 1
    note: str = ""

    def column(self, name: str) -> int:
        """Return the place of a column.

        Raises:
            ValueError: there is no such column.
        """
        if name not in self.columns:
            raise ValueError(
                f"{self.name} has no column {name!r} of numbers: choose from "
                f"{', '.join(self.columns)}."
            )
        return self.columns.index(name)

    def only(self, names: Sequence[str]) -> "Series":
        """Return the series with some of its columns."""
        places = [self.column(name) for name in names]
        return replace(self, values=self.values[:, places], columns=tuple(names))


def load_series(name: str, *, clean: bool = False) -> Series:
    """Return one of the public series.

    Args:
        name: one of ``NAMES``.
        clean: weather only: interpolate the 81 values of -9999 that stand for failed
            sensors. Published results keep them.

    Raises:
        FileNotFoundError, ValueError: as ``jlstm.data.fetch``.
    """
    if name not in NAMES:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}.")
    path = fetch(name)["series"]
    if name == "beijing_pm25":
        series = _beijing(path)
    else:
        series = read_csv(path, interpolate=name == "co2")
    series = replace(series, name=name, season=_SEASONS[name])
    return _weather(series, clean) if name == "weather" else series


def read_csv(path: str | Path, *, interpolate: bool = False) -> Series:
    r"""Read a CSV file with a line of column names and a row a step.

    The first column whose first, middle and last values are dates gives the dates, and
    every other one must be of numbers. Rows must be in the order of time and equally
    far apart; nothing checks it.

    Args:
        path: the file; it may be gzipped.
        interpolate: replace missing values (empty, NA, NaN, null, ?) by the straight
            line between their neighbours; else one is an error.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: a row is too short or too long, a value is missing or no number,
            or there are no rows or no columns of numbers.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "sales.csv")
        >>> _ = Path(name).write_text("day,sold\n2024-01-01,3\n2024-01-02,5\n")
        >>> series = read_csv(name)
        >>> series.columns, series.dates, series.values.ravel()
        (('sold',), ('2024-01-01', '2024-01-02'), array([3., 5.]))
    """
    names, rows = _cells(path)
    dated = next((n for n in range(len(names)) if _is_dates(rows, n)), None)
    kept = [n for n in range(len(names)) if n != dated]
    if not kept:
        raise ValueError(f"{path} has no column of numbers beside {names[dated or 0]}.")
    columns = [
        _numbers(path, names[n], [(line, row[n]) for line, row in rows]) for n in kept
    ]
    values = np.stack(columns, axis=1)
    missing = np.isnan(values)
    if missing.any() and not interpolate:
        _refuse_missing(path, missing, [names[n] for n in kept], rows)
    return Series(
        name=Path(path).name,
        values=interpolated(values, missing),
        columns=tuple(names[n] for n in kept),
        dates=None if dated is None else tuple(row[dated] for _, row in rows),
        note=f"{missing.sum()} missing values interpolated" if missing.any() else "",
    )


def interpolated(
    values: Float64[np.ndarray, "t c"], missing: Bool[np.ndarray, "t c"]
) -> Float64[np.ndarray, "t c"]:
    """Return values with the missing ones on the straight line between neighbours.

    Missing values before the first known one, or behind the last, repeat it.

    Raises:
        ValueError: a column has no known value.

    Example:
        >>> values = np.array([[1.0], [0.0], [3.0], [0.0]])
        >>> interpolated(values, np.array([[False], [True], [False], [True]])).ravel()
        array([1., 2., 3., 3.])
    """
    if missing.all(0).any():
        raise ValueError(
            f"Column {int(missing.all(0).argmax())} (from 0) has no known value: leave "
            "it out."
        )
    filled, steps = values.copy(), np.arange(len(values))
    for n in np.flatnonzero(missing.any(0)):
        known = ~missing[:, n]
        filled[:, n] = np.interp(steps, steps[known], values[known, n])
    return filled


def _cells(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the column names, and each row with the number of its line."""
    reader = csv.reader(io.StringIO("\n".join(read_lines(path))), skipinitialspace=True)
    lines = [(number, row) for number, row in enumerate(reader, start=1) if row]
    if len(lines) < 2:
        raise ValueError(
            f"{path} has {len(lines)} line(s): give a line of column names and a row "
            "for each step."
        )
    (_, names), *rows = lines
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"{path}, line {line} has {len(row)} values for {len(names)} columns: "
                "give one value a column, with commas between."
            )
    return names, rows


def _is_dates(rows: list[tuple[int, list[str]]], column: int) -> bool:
    """Whether the first, middle and last value of a column are dates."""
    values = [rows[n][1][column] for n in (0, len(rows) // 2, -1)]
    years = all(v.isdecimal() and 1500 < int(v) < 2200 for v in values)
    rising = len(rows) > 1 and years and int(values[0]) < int(values[-1])
    return all(map(_is_date, values)) or (column == 0 and rising)


def _is_date(text: str) -> bool:
    if text.isdecimal():
        return len(text) == 8 and _fits(text, "%Y%m%d")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return any(_fits(text, form) for form in _FORMATS)
    return True


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _numbers(
    path: str | Path, name: str, cells: list[tuple[int, str]]
) -> Float64[np.ndarray, " t"]:
    """Return the numbers of a column, NaN where one is missing."""
    texts = ["nan" if c.strip().lower() in _MISSING else c for _, c in cells]
    try:
        return np.array(texts, np.float64)
    except ValueError:
        line, text = next(cell for cell in cells if not _is_number(cell[1]))
        raise ValueError(
            f"{path}, line {line} has {text!r} in column {name!r}: give a number, or "
            "leave the column out of the file."
        ) from None


def _is_number(text: str) -> bool:
    if text.strip().lower() in _MISSING:
        return True
    try:
        np.array(text, np.float64)
    except ValueError:
        return False
    return True


def _refuse_missing(
    path: str | Path,
    missing: np.ndarray,
    names: list[str],
    rows: list[tuple[int, list[str]]],
) -> None:
    row, column = np.argwhere(missing)[0]
    raise ValueError(
        f"{path} lacks {missing.sum()} value(s), the first in column "
        f"{names[column]!r}, line {rows[row][0]}: fill them in, or set "
        "interpolate=true."
    )


def _weather(series: Series, clean: bool) -> Series:
    failed = series.values == _SENTINEL
    if not clean:
        return replace(series, note=f"{failed.sum()} values are -9999, as published")
    note = f"{failed.sum()} values of -9999 interpolated, unlike published results"
    return replace(series, values=interpolated(series.values, failed), note=note)


def _beijing(path: Path) -> Series:
    """Read the hours of Beijing: pm2.5 first, the wind's direction as four columns."""
    names, rows = _cells(path)
    cells = np.array([row for _, row in rows])
    # The first day has no pm2.5.
    cells = cells[24:]
    numeric = ["pm2.5", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]
    texts = cells[:, [names.index(name) for name in numeric]]
    missing = texts == "NA"
    values = interpolated(np.where(missing, "0", texts).astype(np.float64), missing)
    wind = cells[:, names.index("cbwd")]
    directions = sorted(set(wind))
    hot = np.array(directions) == wind[:, None]
    when = cells[:, [names.index(n) for n in ("year", "month", "day", "hour")]]
    return Series(
        name="beijing_pm25",
        values=np.concatenate([values, hot.astype(np.float64)], axis=1),
        columns=(*numeric, *(f"wind {one}" for one in directions)),
        dates=tuple(f"{y}-{m:0>2}-{d:0>2} {h:0>2}:00" for y, m, d, h in when),
        note=f"first day left out, {missing.sum()} missing values interpolated",
    )
