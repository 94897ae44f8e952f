"""Rolling origin: forecasts from every so many steps of a series that is known."""

from dataclasses import replace

import numpy as np

from jlstm.data.windows import Windows
from jlstm.tasks.forecasting.ends import Part
from jlstm.tasks.forecasting.model import Forecaster
from jlstm.tasks.forecasting.objective import ForecastTask
from jlstm.tasks.forecasting.predict import forecast_rows
from jlstm.training.backtest import Backtest


def rolled(
    task: ForecastTask, model: Forecaster, known: Part, every: int | None
) -> Backtest:
    """Forecast from every so many steps; the model stays as it was trained.

    Args:
        task: of the run, with the windows of ``known``.
        model: that was trained.
        known: all windows of a series, or of several.
        every: steps from one origin to the next; None for the horizon, so that each
            step is forecast once.

    Raises:
        ValueError: ``every`` is below 1.
    """
    if every is not None and every < 1:
        raise ValueError(f"every is {every}; give a positive number of steps.")
    windows = from_every(known, every or known.windows.horizon)
    tally = task.tally(model, windows)
    rows = [*forecast_rows(task, model, known._replace(windows=windows), known=True)]
    by_step = {name: values.tolist() for name, values in tally.by_step().items()}
    return Backtest(rows, tally.means(), by_step, len(windows))


def from_every(known: Part, every: int) -> Windows:
    """Return the windows of every so many steps of each series, from its first on."""
    places = known.windows.places
    starts = np.array([known.series.part_of(int(row)).start for row in places])
    firsts = {start: places[starts == start][0] for start in np.unique(starts)}
    offset = places - np.array([firsts[start] for start in starts])
    return replace(known.windows, chosen=places[offset % every == 0])
