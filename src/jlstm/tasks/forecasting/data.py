"""The series of a run: cut into windows, scaled, and put together again."""

from pathlib import Path
from typing import NamedTuple

from jlstm.data.forecast import (
    Borders,
    Forecast,
    ForecastConfig,
    Scaler,
    load_forecast,
    season_of,
)
from jlstm.data.lines import path_only
from jlstm.data.series import Series, read_csv
from jlstm.data.windows import Windows
from jlstm.tasks.forecasting.baselines import find_season
from jlstm.tasks.forecasting.beyond import window_at_end
from jlstm.tasks.forecasting.model_config import ForecastSizes
from jlstm.training.experiment import Loaded


class Prep(NamedTuple):
    """What a forecaster knows of its data.

    Attributes:
        sizes: what it reads and gives.
        columns: the names of what it looks at.
        scaler: makes z-scores of them, and undoes that.
        season: steps after which things repeat.
    """

    sizes: ForecastSizes
    columns: tuple[str, ...]
    scaler: Scaler
    season: int


class Part(NamedTuple):
    """Windows, and the series that they are of."""

    windows: Windows
    series: Series


def load(config: ForecastConfig) -> Loaded[Prep, Part]:
    """Read, cut and scale a series.

    Raises:
        FileNotFoundError, ValueError: it is not there, or an option does not fit it.
    """
    forecast = load_forecast(config)
    series, train = forecast.series, forecast.train
    sizes = ForecastSizes(
        train.length, train.horizon, train.values.shape[1], train.predicted
    )
    season = find_or_take_season(config, forecast)
    prep = Prep(sizes, series.columns, forecast.scaler, season)
    parts = {"train": train, "valid": forecast.valid, "test": forecast.test}
    return Loaded(prep, {n: Part(own, series) for n, own in parts.items()}, series.note)


def rejoined(data: Loaded[Prep, Part]) -> Forecast:
    """Return the windows of all parts as :class:`ForecastTask` takes them."""
    parts = [part.windows for part in (data.train, data.valid, data.test)]
    borders = Borders(*(windows.stop for windows in parts))
    return Forecast(data.train.series, data.prep.scaler, borders, *parts)


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
    series, sizes = table.only(prep.columns), prep.sizes
    values = prep.scaler.scale(series.values)
    own = sizes.length, sizes.horizon, sizes.predicted
    needed = sizes.length + sizes.horizon * known
    if len(values) < needed:
        ahead = f" and {sizes.horizon} after them" if known else ""
        raise ValueError(
            f"{path} has {len(values)} rows, the model looks at {sizes.length}{ahead}: "
            "give more rows."
        )
    if known:
        return Part(Windows(values, 0, len(values), *own), series)
    return Part(window_at_end(values, *own), series)


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
