"""What comes after the end of a series: the forecast that a user wants in the end."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from jlstm.data.series import Series
from jlstm.data.spans import Span
from jlstm.metrics.forecast import at_level
from jlstm.tasks.forecasting.baselines import SEASONAL, Baseline
from jlstm.tasks.forecasting.dates import next_dates
from jlstm.tasks.forecasting.ends import told_ends
from jlstm.tasks.forecasting.model import Forecaster
from jlstm.tasks.forecasting.objective import ForecastTask

EDGES = 0.05, 0.95


class Beyond(NamedTuple):
    """The next steps of a series, in its own units.

    Attributes:
        span: the rows of the series; its name is empty where there is one alone.
        when: the date of each step, or how far it is from the end.
        columns: what is forecast.
        point: the median.
        low: lower end of the interval that holds 90 %, None without one.
        high: its upper end.
        baseline: the last season again.
    """

    span: Span
    when: tuple[str, ...]
    columns: tuple[str, ...]
    point: Float[np.ndarray, "k p"]
    low: Float[np.ndarray, "k p"] | None
    high: Float[np.ndarray, "k p"] | None
    baseline: Float[np.ndarray, "k p"]


def forecast_beyond(
    task: ForecastTask, model: Forecaster, baselines: dict[str, Baseline]
) -> tuple[Beyond, ...]:
    """Return the forecast of the steps after the last one of each series.

    A series is left out where too little is known of its future.
    """
    forecast = task.forecast
    part, spans = told_ends(forecast.series, forecast.scaler, task.sizes)
    if part is None:
        return ()
    windows, places = part.windows, list(part.windows.predicted)
    mean, std = forecast.scaler.rows(part.series).at(windows.places, places)
    found = [own for _, own in task.forecasts(model, windows)]
    quantiles = np.concatenate(found, axis=1).astype(np.float64) * std + mean
    rule = next(own for name, own in baselines.items() if SEASONAL in name)
    repeated = rule.rule(windows) * std + mean
    several = len(model.levels) > 1
    low, high = (
        at_level(quantiles, model.levels, edge) if several else None for edge in EDGES
    )
    point = at_level(quantiles, model.levels, 0.5)
    columns = tuple(forecast.series.columns[n] for n in places)
    return tuple(
        Beyond(
            span,
            ahead_times(part.series, span),
            columns,
            point[n],
            None if low is None else low[n],
            None if high is None else high[n],
            repeated[n],
        )
        for n, span in enumerate(spans)
    )


def ahead_times(series: Series, span: Span) -> tuple[str, ...]:
    """Return when the steps after the known ones of a part are."""
    if series.dates is None:
        return next_dates(None, span.stop - span.end)
    return series.dates[span.end : span.stop]


def save(path: Path, beyond: Sequence[Beyond]) -> None:
    """Write forecasts as CSV, a line for each step and column.

    Of several series the first column has the name.
    """
    names = ["when", "column", "forecast", "low", "high", "seasonal naive"]
    several = any(own.span.name for own in beyond)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["series"] * several + names)
        for own in beyond:
            writer.writerows([own.span.name] * several + row for row in rows(own))


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
