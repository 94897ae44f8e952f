"""What comes after the end of a series: the forecast that a user wants in the end."""

import csv
import itertools
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from experiments.forecast.baselines import SEASONAL, Baseline
from jlstm.data.windows import Windows
from jlstm.metrics.forecast import at_level
from jlstm.models.forecast import Forecaster
from jlstm.train.forecast import ForecastTask

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
    windows = window_at_end(forecast.test)
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


def window_at_end(windows: Windows) -> Windows:
    """Return the one window that looks at the last steps; its targets are unknown."""
    unknown = np.full((windows.horizon, windows.values.shape[1]), np.nan)
    end = len(windows.values)
    return Windows(
        np.concatenate([windows.values, unknown]),
        end,
        end + windows.horizon,
        windows.length,
        windows.horizon,
        windows.predicted,
    )


def next_dates(dates: tuple[str, ...] | None, count: int) -> tuple[str, ...]:
    """Return the dates after the last one, or ``+1``, ``+2`` … where there is no rule.

    Example:
        >>> next_dates(("1960-10", "1960-11", "1960-12"), 2)
        ('1961-01', '1961-02')
        >>> next_dates(("2016-07-01 22:00:00", "2016-07-01 23:00:00"), 1)
        ('2016-07-02 00:00:00',)
        >>> next_dates(None, 2)
        ('+1', '+2')
    """
    steps = range(1, count + 1)
    numbered = tuple(f"+{n}" for n in steps)
    if dates is None or len(dates) < 2:
        return numbered
    if dates[-1].isdecimal() and len(dates[-1]) == 4:
        return tuple(str(int(dates[-1]) + n) for n in steps)
    try:
        month = datetime.strptime(dates[-1], "%Y-%m")
        months = [month.year * 12 + month.month - 1 + n for n in steps]
        return tuple(f"{m // 12}-{m % 12 + 1:02}" for m in months)
    except ValueError:
        pass
    try:
        known = [datetime.fromisoformat(text) for text in dates[-3:]]
    except ValueError:
        return numbered
    gaps = {b - a for a, b in itertools.pairwise(known)}
    if len(gaps) > 1:
        return numbered
    (gap,) = gaps
    shape = "%Y-%m-%d" if len(dates[-1]) == 10 else "%Y-%m-%d %H:%M:%S"
    return tuple((known[-1] + n * gap).strftime(shape) for n in steps)


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
