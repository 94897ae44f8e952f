"""Forecasting tasks: which series, its borders, and scaling by the training part.

The protocol is that of Informer and its successors: the steps to predict lie within a
part, the steps to look at may reach back across its border, and errors are of scaled
values over all windows, the last ones too.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64

from jlstm._internal.options import Fraction, Limit, Options, Size
from jlstm.data.scale import AnyScaler, Scale, Scaler, SeriesScaler
from jlstm.data.series import ETT, NAMES, Series, load_series, read_csv
from jlstm.data.sheet.given import check_source, source_of
from jlstm.data.sheet.order import Gaps
from jlstm.data.sheet.read import TableOptions
from jlstm.data.spans import Span, windows_of, with_future
from jlstm.data.windows import Windows

_MONTH = 30 * 24  # hours, in the borders of ETT
_LARGEST = 1e15  # whose square is far from the largest number of float32


_KNOWN = (*NAMES, "csv")
SeriesName = Annotated[str, Limit(f"one of {', '.join(_KNOWN)}", _KNOWN.__contains__)]


@dataclass(frozen=True)
class ForecastConfig(Options):
    """Which series, what to predict, and how.

    Args:
        name: a public series, see ``jlstm.data.series.NAMES``, or ``"csv"``: a file of
            your own.
        path: the file of ``name="csv"``.
        target: the column to predict; None for all of them.
        covariates: look at all columns, not only at the target.
        length: steps to look at.
        horizon: steps to predict.
        train_fraction: share of the steps to train on; the borders of ETT are given.
        test_fraction: share to test on, the last ones; validation is between.
        interpolate: fill missing values of the file; else they are an error.
        clean: as in ``load_series``.
        season: steps of a season; None for what is known of the series, 1 of a file.
        header: of a file: whether its first line has the names; None to find out.
        decimal: of a file: ``"."`` or ``","``; None to find out.
        dayfirst: of a file: whether 3/4/2024 is in April; None to find out.
        time: of a file: the column that says when rows were; None to find it.
        columns: of a file: the variables to read; empty for all.
        gaps: of a file: ``"refuse"`` it where steps have no row, ``"fill"`` them by
            straight lines, repeat the row before by ``"forward"``, or ``"keep"`` rows
            as they follow each other.
        id: of a file: the column that names the series of a row, where it holds
            several. Each is split by time.
        scale: what makes z-scores: mean and deviation of each ``"column"`` over all
            training rows, those of each ``"series"`` by ``id`` (one that was not
            trained on has those of its own known rows), or ``"none"``.
        known_future: columns that are known ahead, such as holidays and prices: the
            forecast looks at them over its horizon too, and does not predict them.
            The last rows of a file may have these alone.
        function: of ``name="csv"``, in place of ``path``: a function of yours by its
            import path, ``mymodule.function``, that returns a table: a DataFrame or a
            dictionary of columns.

    Raises:
        ValueError: a field is out of range or does not go with another.

    Example:
        >>> ForecastConfig("csv", horizon=24)
        Traceback (most recent call last):
        ValueError: data.path goes with data.name=csv and only with it, got path=None
        and name='csv': set or unset data.path.
    """

    name: SeriesName = "etth1"
    path: str | None = None
    target: str | None = None
    covariates: bool = True
    length: Size = 96
    horizon: Size = 24
    train_fraction: Fraction = 0.7
    test_fraction: Fraction = 0.2
    interpolate: bool = False
    clean: bool = False
    season: Size | None = None
    header: bool | None = None
    decimal: Literal[".", ","] | None = None
    dayfirst: bool | None = None
    time: str | None = None
    columns: tuple[str, ...] = ()
    gaps: Gaps = "refuse"
    id: str | None = None
    known_future: tuple[str, ...] = ()
    function: str | None = None
    scale: Scale = "column"

    def __post_init__(self):
        _ = self.table  # which compares its fields
        check_source(self.path, self.function, self.name, ("csv",))
        self._check_ahead()
        train, test = self.train_fraction, self.test_fraction
        if not train + test < 1:
            raise ValueError(
                "train_fraction and test_fraction must be above 0 and leave steps for "
                f"validation, got {train} and {test}."
            )

        if self.scale == "series" and self.id is None:
            raise ValueError(
                "scale is 'series', but no column says which series a row is of: "
                "name it by data.id, or set data.scale=column."
            )

    def _check_ahead(self) -> None:
        if self.target in self.known_future and self.target is not None:
            raise ValueError(
                f"target is {self.target!r}, which is in known_future too: what is "
                "known need not be forecast."
            )
        if self.known_future and self.length < self.horizon:
            raise ValueError(
                f"length is {self.length}, less than horizon={self.horizon}: with "
                "known_future look at as many steps as are predicted, or more."
            )

    @property
    def table(self) -> TableOptions:
        """How to read the user's file."""
        fields = dataclasses.fields(TableOptions)
        return TableOptions(**{one.name: getattr(self, one.name) for one in fields})


class Borders(NamedTuple):
    """The step after the last one of each part."""

    train: int
    valid: int
    test: int


@dataclass(frozen=True, eq=False)
class Forecast:
    """A forecasting task: the windows of three parts, and what undoes the scaling.

    Attributes:
        series: all of it.
        scaler: of its columns, or of those of each series.
        borders: of its parts; of several series those of the last one.
        train: what to learn from.
        valid: what chooses the best epoch.
        test: what is reported on.
        known: the places of what is known ahead, among what windows look at.
    """

    series: Series
    scaler: AnyScaler
    borders: Borders
    train: Windows
    valid: Windows
    test: Windows
    known: tuple[int, ...] = ()


def load_forecast(config: ForecastConfig) -> Forecast:
    """Read, cut and scale a series.

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: the file is not a table of numbers, has no such column, or is too
            short.
    """
    if config.name == "csv":
        source = source_of(config.path, config.function)
        series = read_csv(source, interpolate=config.interpolate, options=config.table)
    else:
        series = load_series(config.name, clean=config.clean)
    return forecast_of(series, config)


def forecast_of(series: Series, config: ForecastConfig) -> Forecast:
    """Cut and scale a series that is at hand.

    Raises:
        ValueError: there is no such column, or the series is too short.
    """
    future = config.known_future
    if config.target is not None and not config.covariates:
        series = series.only([config.target, *future])
    known = tuple(series.column(name) for name in future)
    target = config.target
    everything = (n for n in range(len(series.columns)) if n not in known)
    predicted = everything if target is None else (series.column(target),)
    bounds = [_borders(config, span.known) for span in series.parts]
    learned = {
        span.name: series.values[span.start : span.start + own.train]
        for span, own in zip(series.parts, bounds, strict=True)
    }
    scaler = _fitted(learned, config.scale, known)
    values = scaler.rows(series).scale(series.values)
    _check_scaled(values, series.columns)
    values = with_future(values, series.parts, known, config.horizon)
    sizes = config.length, config.horizon, tuple(predicted)
    parts = [
        windows_of(values, series.parts, each, *sizes)
        for each in _steps(series.parts, bounds)
    ]
    ahead = range(len(series.columns), values.shape[1])
    return Forecast(series, scaler, bounds[-1], *parts, known=(*known, *ahead))


def _fitted(
    learned: dict[str, Float64[np.ndarray, "_ c"]], how: Scale, known: tuple[int, ...]
) -> AnyScaler:
    """Return the scale of the training rows of all series, by their names."""
    whole = np.concatenate([*learned.values()])
    if how == "none":
        return Scaler(np.zeros(whole.shape[1]), np.ones(whole.shape[1]))
    scaler = Scaler.fit(whole)
    return scaler if how == "column" else SeriesScaler.fit(learned, scaler, known)


def _steps(
    spans: Sequence[Span], bounds: Sequence[Borders]
) -> list[list[tuple[int, int]]]:
    """Return the first row, and the one after the last, of each part and series."""
    return [
        [
            (span.start + first, span.start + last)
            for span, own in zip(spans, bounds, strict=True)
            for first, last in [(0, *own)[part : part + 2]]
        ]
        for part in range(3)
    ]


def _check_scaled(values: Float64[np.ndarray, "t c"], columns: Sequence[str]) -> None:
    """Refuse values that float32, in which a network computes, cannot hold."""
    large = np.nan_to_num(np.abs(values)) > _LARGEST
    if large.any():
        row, column = np.argwhere(large)[0]
        raise ValueError(
            f"Row {row} (from 0) of column {columns[column]!r} is "
            f"{values[row, column]:.3g} standard deviations from the mean of the "
            "training part: mend the value, or leave the column out."
        )


def ett_borders(steps_an_hour: int) -> Borders:
    """Return the borders of ETT: 12, 4 and 4 months of 30 days; the rest is unused.

    Example:
        >>> ett_borders(steps_an_hour=1)
        Borders(train=8640, valid=11520, test=14400)
    """
    month = _MONTH * steps_an_hour
    return Borders(12 * month, 16 * month, 20 * month)


def share_borders(steps: int, train_fraction: float, test_fraction: float) -> Borders:
    """Return the borders of shares, the test being the last steps.

    Example:
        >>> share_borders(52_696, 0.7, 0.2)
        Borders(train=36887, valid=42157, test=52696)
    """
    return Borders(
        int(steps * train_fraction), steps - int(steps * test_fraction), steps
    )


def season_of(forecast: Forecast, config: ForecastConfig) -> int:
    """Return the steps of a season: the config's, or else the series'."""
    return forecast.series.season if config.season is None else config.season


def _borders(config: ForecastConfig, steps: int) -> Borders:
    if config.name in ETT:
        return ett_borders(1 if "h" in config.name.removeprefix("ett") else 4)
    return share_borders(steps, config.train_fraction, config.test_fraction)
