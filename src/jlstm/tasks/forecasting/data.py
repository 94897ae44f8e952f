"""The series of a run: cut into windows, scaled, and put together again."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from jlstm.data.forecast import (
    Borders,
    Forecast,
    ForecastConfig,
    Scaler,
    load_forecast,
    season_of,
)
from jlstm.data.lines import path_only
from jlstm.data.scale import AnyScaler, SeriesScaler
from jlstm.data.series import Series, read_csv
from jlstm.data.spans import Span, windows_of
from jlstm.tasks.forecasting.baselines import find_season
from jlstm.tasks.forecasting.ends import Part, fed, part_at_ends
from jlstm.tasks.forecasting.model_config import ForecastSizes
from jlstm.training.experiment import Loaded


class Prep(NamedTuple):
    """What a forecaster knows of its data.

    Attributes:
        sizes: what it reads and gives.
        columns: the names of what it looks at.
        scaler: makes z-scores of them, and undoes that.
        by_series: does so by the scale of each series; None for one of all.
        season: steps after which things repeat.
        spacing: how far apart rows are, such as ``"1 day"``; empty if not known.
    """

    sizes: ForecastSizes
    columns: tuple[str, ...]
    scaler: Scaler
    season: int
    spacing: str = ""
    by_series: SeriesScaler | None = None

    @property
    def scale(self) -> AnyScaler:
        """What makes z-scores."""
        return self.by_series or self.scaler


def load(config: ForecastConfig) -> Loaded[Prep, Part]:
    """Read, cut and scale a series.

    Raises:
        FileNotFoundError, ValueError: it is not there, or an option does not fit it.
    """
    forecast = load_forecast(config)
    series, train = forecast.series, forecast.train
    sizes = ForecastSizes(
        train.length, train.horizon, train.values.shape[1], train.predicted,
        forecast.known,
    )  # fmt: skip
    season = find_or_take_season(config, forecast)
    own = forecast.scaler
    scalers = (own, None) if isinstance(own, Scaler) else (own.whole, own)
    prep = Prep(sizes, series.columns, scalers[0], season, series.spacing, scalers[1])
    parts = {"train": train, "valid": forecast.valid, "test": forecast.test}
    return Loaded(prep, {n: Part(own, series) for n, own in parts.items()}, series.note)


def about_several(data: Loaded[Prep, Part]) -> list[str]:
    """Return what is to be known where a file holds several series."""
    spans = data.train.series.parts
    if len(spans) < 2:
        return []
    said = [
        "all series are scaled by one mean and one deviation for each column"
        if data.prep.by_series is None
        else "each series is scaled by its own mean and deviation for each column"
    ]
    for name, part in data.parts.items():
        places = part.windows.places
        lacking = [s.name for s in spans if not _has(places, s)]
        if lacking:
            few = ", ".join(lacking[:5]) + ", …" * (len(lacking) > 5)
            said.append(f"{len(lacking)} series too short for {name} ({few})")
    return said


def _has(places: np.ndarray, span: Span) -> bool:
    return bool(((places >= span.start) & (places < span.stop)).any())


def rejoined(data: Loaded[Prep, Part]) -> Forecast:
    """Return the windows of all parts as :class:`ForecastTask` takes them."""
    parts = [part.windows for part in (data.train, data.valid, data.test)]
    borders = Borders(*(windows.stop for windows in parts))
    known = data.prep.sizes.known
    return Forecast(data.train.series, data.prep.scale, borders, *parts, known=known)


def read_new(path: str | Path, prep: Prep, config: ForecastConfig, known: bool) -> Part:
    """Read a table with the columns of a run.

    Args:
        path: of the file.
        prep: of the run.
        config: how the file is read.
        known: take all windows; else the one that begins after the last row.

    Raises:
        FileNotFoundError: nothing is at ``path``.
        ValueError: it lacks a column, or is too short.
    """
    path = path_only(path)
    table = read_csv(path, interpolate=config.interpolate, options=config.table)
    print(table.read, flush=True)
    series, sizes = table.only(prep.columns), prep.sizes
    _check_spacing(path, series, prep)
    _check_rows(path, series, sizes, known)
    _say_new(series, prep)
    if not known:
        return part_at_ends(path, series, prep.scale, sizes)
    values = fed(series, prep.scale, sizes)
    steps = [(span.start, span.end) for span in series.parts]
    own = sizes.length, sizes.horizon, sizes.predicted
    return Part(windows_of(values, series.parts, steps, *own), series)


def _say_new(series: Series, prep: Prep) -> None:
    new = [] if prep.by_series is None else prep.by_series.new(series)
    if new:
        few = ", ".join(new[:5]) + ", …" * (len(new) > 5)
        print(f"not trained on, so scaled by their own rows: {few}", flush=True)


def _check_spacing(path: Path, series: Series, prep: Prep) -> None:
    """Refuse weekly rows for a model of daily ones."""
    came, wanted = series.spacing, prep.spacing
    if came and wanted and came not in (wanted, "one row"):
        raise ValueError(
            f"{path} has steps of {came}, the model was trained on steps of {wanted}: "
            "give rows as far apart as those."
        )


def _check_rows(path: Path, series: Series, sizes: ForecastSizes, known: bool) -> None:
    """Refuse a series too short to forecast; of several to score, if all are."""
    needed = sizes.length + sizes.horizon * known
    span = (max if known else min)(series.parts, key=lambda span: span.known)
    if span.known < needed:
        ahead = f" and {sizes.horizon} after them" if known else ""
        whose = f" of {span.name!r}" if span.name else ""
        raise ValueError(
            f"{path} has {span.known} rows{whose}, the model looks at {sizes.length}"
            f"{ahead}: give more rows."
        )


def find_or_take_season(config: ForecastConfig, forecast: Forecast) -> int:
    """Return the season of a series; that of a file is looked for in its training part.

    Raises:
        ValueError: the windows look at less than a season.
    """
    known = config.season is not None or config.name != "csv"
    season = season_of(forecast, config) if known else find_season(forecast.train)
    if season > config.length:
        raise ValueError(
            f"data.length is {config.length}, less than a season of {season} steps, "
            "which the seasonal naive forecast repeats: look at more steps, or set "
            "data.season."
        )
    return season
