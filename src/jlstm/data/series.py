"""Time series as tables of numbers: a user's CSV file, and the public ones.

A table has one row per step and one column per variable; a column of dates is
recognized by its values and kept next to the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64

from jlstm.data.fetch import fetch
from jlstm.data.sheet.order import in_order
from jlstm.data.sheet.read import TableOptions, read_cells, read_columns_of

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
_SENTINEL = -9999.0
_UNTOLD = TableOptions()


@dataclass(frozen=True, eq=False)
class Series:
    """A table of numbers, one row per step.

    Args:
        name: of the data set or the file.
        values: the numbers.
        columns: the variables' names.
        dates: when each row was, as it is written; None where the file does not say.
        season: steps after which things repeat, for ``seasonal_naive``.
        note: what to say next to a number measured on this series.
        read: one line about the file that it was read from; empty of a public series.
    """

    name: str
    values: Float64[np.ndarray, "t c"]
    columns: tuple[str, ...]
    dates: tuple[str, ...] | None = None
    season: int = 1
    note: str = ""
    read: str = ""

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
        series = _published(path, interpolate=name == "co2")
    series = replace(series, name=name, season=_SEASONS[name])
    return _weather(series, clean) if name == "weather" else series


def read_csv(
    path: str | Path,
    *,
    interpolate: bool = False,
    options: TableOptions = _UNTOLD,
) -> Series:
    r"""Read a table with one row per step: CSV, or with tabs, semicolons, bars, blanks.

    Names, decimal marks, dates and their order are found from all of the file, and
    what was decided stands in ``note`` and ``read``. Columns that only count rows are
    left out. Rows must be equally far apart; the newest may be first.

    Args:
        path: the file; it may be gzipped.
        interpolate: replace missing values (empty, NA, nan, null, ?) by the straight
            line between their neighbours; else one is an error.
        options: what the file does not say.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: the file is no table of numbers, a value is missing, infinite or no
            number, dates stand twice or are not equally far apart, or what is meant
            cannot be told.

    Example:
        >>> import os, tempfile
        >>> name = os.path.join(tempfile.mkdtemp(), "sales.csv")
        >>> _ = Path(name).write_text("day;sold\n31.1.2024;3,5\n30.1.2024;5,0\n")
        >>> series = read_csv(name)
        >>> series.columns, series.dates, series.values.ravel()
        (('sold',), ('30.1.2024', '31.1.2024'), array([5. , 3.5]))
        >>> series.note
        'turned around, as its newest row was first'
    """
    found = read_columns_of(path, options)
    values, clock, said = found.values, found.clock, found.said
    missing = np.isnan(values)
    if missing.any() and not interpolate:
        _refuse_missing(path, missing, found.names, found.lines)
    dates, spacing, filled = clock.texts, "", 0
    if clock.column is not None:
        ordered = in_order(values, clock, found.lines, path, options.gaps)
        values, dates, spacing = ordered.values, ordered.dates, ordered.spacing
        said = [*said, *ordered.said]
        filled = len(values) - len(missing)
    if missing.any():
        said = [*said, f"{missing.sum()} missing values interpolated"]
    values = interpolated(values, np.isnan(values))
    note = "; ".join(said)
    return Series(
        name=Path(path).name,
        values=values,
        columns=found.names,
        dates=dates,
        note=note,
        read=_summary(
            Path(path).name, len(values) - filled, found.names, dates, spacing, note
        ),
    )


def _summary(
    name: str,
    rows: int,
    columns: Sequence[str],
    dates: Sequence[str] | None,
    spacing: str,
    note: str,
) -> str:
    """Return one line that says what was read."""
    few = ", ".join(columns[:6]) + ", …" * (len(columns) > 6)
    plural = "s" * (len(columns) > 1)
    text = f"read {name}: {rows} rows, {len(columns)} column{plural} ({few})"
    if dates is not None:
        text += f", {dates[0]} to {dates[-1]}, steps of {spacing}"
    return text + (f"; {note}" if note else "")


def _published(path: Path, interpolate: bool) -> Series:
    """Read a public series as it is, with its holes and repeated hours."""
    found = read_columns_of(path, _UNTOLD)
    missing = np.isnan(found.values)
    if missing.any() and not interpolate:
        _refuse_missing(path, missing, found.names, found.lines)
    return Series(
        name=path.name,
        values=interpolated(found.values, missing),
        columns=found.names,
        dates=found.clock.texts,
        note=f"{missing.sum()} missing values interpolated" if missing.any() else "",
    )


def interpolated(
    values: Float64[np.ndarray, "t c"], missing: Bool[np.ndarray, "t c"]
) -> Float64[np.ndarray, "t c"]:
    """Return values with the missing ones on the straight line between neighbours.

    Missing values before the first known one, or after the last, repeat it.

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


def _refuse_missing(
    path: str | Path,
    missing: np.ndarray,
    names: Sequence[str],
    lines: Sequence[int],
) -> None:
    row, column = np.argwhere(missing)[0]
    raise ValueError(
        f"{path} lacks {missing.sum()} value(s), the first in column "
        f"{names[column]!r}, line {lines[row]}: fill them in, or set "
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
    table = read_cells(path)
    names, cells = table.names, np.array(table.columns).T
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
