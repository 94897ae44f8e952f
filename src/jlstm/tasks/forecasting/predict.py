"""The forecasts of new data as rows, in the units of the series."""

from collections.abc import Iterator

import numpy as np

from jlstm.data.series import Series
from jlstm.metrics.forecast import at_level
from jlstm.tasks.forecasting.beyond import EDGES
from jlstm.tasks.forecasting.ends import Part
from jlstm.tasks.forecasting.model import Forecaster
from jlstm.tasks.forecasting.objective import ForecastTask
from jlstm.training.experiment import Row


def forecast_rows(
    task: ForecastTask, model: Forecaster, new: Part, known: bool = False
) -> Iterator[Row]:
    """Yield a row for each window, step and predicted column.

    A row has the date, or the number, of the step, the column and the forecast; where
    the model gives a distribution, also the ends of its 90 % interval; of several
    series, the name. Where the future is ``known``, it has how many steps ahead that
    is, and what came.
    """
    places = list(new.windows.predicted)
    scaler = task.forecast.scaler.rows(new.series)
    levels, series = model.levels, new.series
    wanted = {"forecast": 0.5}
    if len(levels) > 1:
        wanted |= dict(zip(("low", "high"), EDGES, strict=True))
    for piece, quantiles in task.forecasts(model, new.windows):
        mean, std = scaler.at(piece.places, places)
        own = quantiles.astype(np.float64) * std + mean
        found = {name: at_level(own, levels, level) for name, level in wanted.items()}
        if known:
            found["right"] = piece.targets * std + mean
        for n, step, place in np.ndindex(*own.shape[1:]):
            row = int(piece.places[n])
            name = series.part_of(row).name
            yield {
                **({"series": name} if name else {}),
                "when": when(series, row + step),
                **({"ahead": step + 1} if known else {}),
                "column": series.columns[places[place]],
                **{name: float(part[n, step, place]) for name, part in found.items()},
            }


def when(series: Series, row: int) -> str:
    """Return the date of a row, or its number in its series where there are no dates.

    Example:
        >>> dates = ("2024-12-30", "2024-12-31")
        >>> series = Series("toy", np.ones((2, 1)), ("a",), dates)
        >>> when(series, 1), when(series.extended(1), 2)
        ('2024-12-31', '2025-01-01')
    """
    if series.dates is not None:
        return series.dates[row]
    return str(row - series.part_of(row).start)
