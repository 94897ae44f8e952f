"""Time series as tables of numbers: a user's CSV file, and the public ones.

A table has one row per step and one column per variable; a column of dates is
recognized by its values and kept next to the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from jlstm.data.fetch import fetch
from jlstm.data.sheet.fill import interpolated, refuse_missing
from jlstm.data.sheet.given import Source
from jlstm.data.sheet.read import TableOptions, read_cells, read_columns_of
from jlstm.data.sheet.several import Piece, read_pieces
from jlstm.data.sheet.steps import next_dates
from jlstm.data.spans import Span

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
    """A table of numbers, one row per step; or several, one after the other.

    Args:
        name: of the data set or the file.
        values: the numbers.
        columns: the variables' names.
        dates: when each row was, as it is written; None where the file does not say.
        season: steps after which things repeat, for ``seasonal_naive``.
        note: what to say next to a number measured on this series.
        read: one line about the file that it was read from; empty of a public series.
        spacing: how far apart rows are, such as ``"1 day"``; empty if not known.
        spans: the rows of each series; empty for one series of all rows.
    """

    name: str
    values: Float64[np.ndarray, "t c"]
    columns: tuple[str, ...]
    dates: tuple[str, ...] | None = None
    season: int = 1
    note: str = ""
    read: str = ""
    spacing: str = ""
    spans: tuple[Span, ...] = ()

    @property
    def parts(self) -> tuple[Span, ...]:
        """The rows of each series, of one series all."""
        count = len(self.values)
        return self.spans or (Span("", 0, count, count),)

    def extended(self, count: int) -> "Series":
        """Return the series with so many rows after the known ones of each part.

        They hold what is known ahead, and NaN; their dates go on by the calendar.

        Example:
            >>> series = Series("toy", np.ones((2, 1)), ("a",), ("2024-01", "2024-02"))
            >>> series.extended(1).dates, series.extended(1).values.ravel()
            (('2024-01', '2024-02', '2024-03'), array([ 1.,  1., nan]))
        """
        values, dates, spans, start = [], [], [], 0
        for span in self.parts:
            own = self.values[span.start : min(span.stop, span.end + count)]
            lacking = span.known + count - len(own)
            values += [own, np.full((lacking, own.shape[1]), np.nan)]
            stop = start + span.known + count
            spans.append(Span(span.name, start, span.known, stop))
            start = stop
            known = (self.dates or ())[span.start : span.start + len(own)]
            dates += [*known, *next_dates(known or None, lacking)]
        return replace(
            self,
            values=np.concatenate(values),
            dates=None if self.dates is None else tuple(dates),
            spans=tuple(spans),
        )

    def part_of(self, row: int) -> Span:
        """Return which part a row is of."""
        return next(span for span in self.parts if row < span.stop)

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
    path: Source,
    *,
    interpolate: bool = False,
    options: TableOptions = _UNTOLD,
) -> Series:
    r"""Read a table with one row per step: CSV, or with tabs, semicolons, bars, blanks.

    Names, decimal marks, dates and their order are found from all of the file, and
    what was decided stands in ``note`` and ``read``. Columns that only count rows are
    left out. Rows must be equally far apart; the newest may be first.

    Args:
        path: the file, which may be gzipped; or columns that a function gave.
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
    pieces = read_pieces(path, options, interpolate)
    note = "; ".join(dict.fromkeys(text for piece in pieces for text in piece.said))
    dates = [piece.dates for piece in pieces if piece.dates is not None]
    return Series(
        name=Path(path).name,
        values=np.concatenate([piece.values for piece in pieces]),
        columns=pieces[0].columns,
        dates=sum(dates, ()) if len(dates) == len(pieces) else None,
        note=note,
        read=_summary(Path(path).name, pieces, options, note),
        spacing=max(piece.spacing for piece in pieces),
        spans=_spans(pieces),
    )


def _spans(pieces: Sequence[Piece]) -> tuple[Span, ...]:
    ends = np.cumsum([len(piece.values) for piece in pieces]).tolist()
    return tuple(
        Span(piece.name, end - len(piece.values), piece.known, end)
        for piece, end in zip(pieces, ends, strict=True)
    )


def _summary(
    name: str, pieces: Sequence[Piece], options: TableOptions, note: str
) -> str:
    """Return one line that says what was read."""
    columns, first = pieces[0].columns, pieces[0]
    rows = sum(piece.known - piece.filled for piece in pieces)
    text = f"read {name}: {rows} rows, "
    if options.id is not None:
        text += f"{_several(pieces)} by {options.id}, "
    text += f"{len(columns)} column{'s' * (len(columns) > 1)} ({_few(columns)})"
    if first.dates is not None:
        where = " (the first series)" * (len(pieces) > 1)
        last = first.dates[first.known - 1]
        text += f", {first.dates[0]} to {last}{where}, steps of {first.spacing}"
    ahead = max(len(piece.values) - piece.known for piece in pieces)
    if ahead:
        text += f", {ahead} more with {_few(options.known_future)} alone"
    return text + (f"; {note}" if note else "")


def _several(pieces: Sequence[Piece]) -> str:
    """Return how many series there are, and how long."""
    lengths = sorted(piece.known for piece in pieces)
    rows = f"{lengths[0]} to {lengths[-1]}" if lengths[0] < lengths[-1] else lengths[0]
    return f"{len(pieces)} series ({_few([one.name for one in pieces])}) of {rows} rows"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + ", …" * (len(names) > 6)


def _published(path: Path, interpolate: bool) -> Series:
    """Read a public series as it is, with its holes and repeated hours."""
    found = read_columns_of(path, _UNTOLD)
    missing = np.isnan(found.values)
    if missing.any() and not interpolate:
        refuse_missing(path, missing, found.names, found.lines)
    return Series(
        name=path.name,
        values=interpolated(found.values, missing),
        columns=found.names,
        dates=found.clock.texts,
        note=f"{missing.sum()} missing values interpolated" if missing.any() else "",
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
