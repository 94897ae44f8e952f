"""What comes after the end of a series: the forecast that a user wants in the end."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from jlstm.data.windows import Windows
from jlstm.metrics.forecast import at_level
from jlstm.tasks.forecasting.baselines import SEASONAL, Baseline
from jlstm.tasks.forecasting.dates import next_dates
from jlstm.tasks.forecasting.model import Forecaster
from jlstm.tasks.forecasting.objective import ForecastTask

EDGES = 0.05, 0.95


class Beyond(NamedTuple):
    """The next steps of a series, in its own units.

    Attributes:
        when: the date of each step, or how far it is from the end.
        columns: what is forecast.
        point: the median.
        low: lower end of the interval that holds 90 %, None without one.
        high: its upper end.
        baseline: the last season again.
    """

    when: tuple[str, ...]
    columns: tuple[str, ...]
    point: Float[np.ndarray, "k p"]
    low: Float[np.ndarray, "k p"] | None
    high: Float[np.ndarray, "k p"] | None
    baseline: Float[np.ndarray, "k p"]


def forecast_beyond(
    task: ForecastTask, model: Forecaster, baselines: dict[str, Baseline]
) -> Beyond:
    """Return the forecast of the steps after the last one of the series."""
    forecast = task.forecast
    test = forecast.test
    windows = window_at_end(test.values, test.length, test.horizon, test.predicted)
    places = list(windows.predicted)
    mean, std = forecast.scaler.mean[places], forecast.scaler.std[places]
    ((_, found),) = task.forecasts(model, windows)
    quantiles = found[:, 0].astype(np.float64) * std + mean
    repeated = next(own for name, own in baselines.items() if SEASONAL in name)
    several = len(model.levels) > 1
    low, high = (
        at_level(quantiles, model.levels, edge) if several else None for edge in EDGES
    )
    return Beyond(
        next_dates(forecast.series.dates, windows.horizon),
        tuple(forecast.series.columns[n] for n in places),
        at_level(quantiles, model.levels, 0.5),
        low,
        high,
        repeated.rule(windows)[0] * std + mean,
    )


def window_at_end(
    values: Float[np.ndarray, "t c"],
    length: int,
    horizon: int,
    predicted: tuple[int, ...],
) -> Windows:
    """Return the one window that looks at the last steps; its targets are unknown."""
    unknown = np.full((horizon, values.shape[1]), np.nan)
    end = len(values)
    known = np.concatenate([values, unknown])
    return Windows(known, end, end + horizon, length, horizon, predicted)


def save(path: Path, beyond: Beyond) -> None:
    """Write a forecast as CSV, a line for each step and column."""
    names = ["when", "column", "forecast", "low", "high", "seasonal naive"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows(beyond))


def rows(beyond: Beyond, columns: int | None = None) -> list[list[str]]:
    """Return a forecast as text, a line for each step and column."""
    return [
        [
            when,
            name,
            *(
                "" if part is None else f"{part[n, p]:.6g}"
                for part in (beyond.point, beyond.low, beyond.high, beyond.baseline)
            ),
        ]
        for p, name in list(enumerate(beyond.columns))[:columns]
        for n, when in enumerate(beyond.when)
    ]
