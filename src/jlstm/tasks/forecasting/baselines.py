"""Baselines: the last value, the last season, linear maps; with intervals.

Errors are of scaled values over all windows. Where the model gives a distribution, each
baseline gets one too: a normal one around its forecast, as wide at each step and in
each column as its errors on the training part were.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from jaxtyping import Float

from jlstm.data.forecast import Forecast
from jlstm.data.windows import Windows, last_value, seasonal_naive
from jlstm.metrics.forecast import ForecastTally
from jlstm.metrics.scaled import Units
from jlstm.tasks.forecasting.objective import pieces, units_of
from jlstm.training.baselines.ridge import fit_linear, moments

LAST, SEASONAL = "last value", "seasonal naive"
LINEAR = {"nlinear": "NLinear, least squares", "dlinear": "DLinear, least squares"}
LEVELS = tuple((np.arange(1, 40) / 40).round(3).tolist())
_AT_ONCE = 500  # windows

Rule = Callable[[Windows], Float[np.ndarray, "n k p"]]


@dataclass(frozen=True, eq=False)
class Baseline:
    """A rule, and how wrong it was on the training part.

    Attributes:
        rule: from windows to points.
        std: of its errors, None for a rule without an interval.
        units: of the predicted columns.
    """

    rule: Rule
    std: Float[np.ndarray, "k p"] | None = None
    units: Units | None = None

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of its quantiles."""
        return (0.5,) if self.std is None else LEVELS

    def quantiles(self, windows: Windows) -> Float[np.ndarray, "q n k p"]:
        """Return the quantiles of its forecasts."""
        points = self.rule(windows)
        if self.std is None:
            return points[None]
        normal = NormalDist()
        return np.stack([points + normal.inv_cdf(q) * self.std for q in LEVELS])

    def tally(self, windows: Windows) -> ForecastTally:
        """Return its scores on all windows."""
        found = ForecastTally(self.levels, units=self.units)
        for piece in pieces(windows, _AT_ONCE):
            found.add(piece.targets, self.quantiles(piece), piece.places)
        return found


def make_baselines(
    forecast: Forecast, season: int, intervals: bool
) -> dict[str, Baseline]:
    """Fit what has to be fitted; it takes seconds and no network.

    Args:
        forecast: the windows.
        season: steps after which things repeat.
        intervals: measure how wrong each is on the training part.
    """
    train, valid = moments(forecast.train), moments(forecast.valid)
    rules: dict[str, Rule] = {LAST: last_value}
    rules[f"{SEASONAL} ({season} steps)"] = partial(seasonal_naive, season=season)
    rules |= {name: fit_linear(train, valid, kind) for kind, name in LINEAR.items()}
    stds = {
        name: error_std(rule, forecast.train) if intervals else None
        for name, rule in rules.items()
    }
    units = units_of(forecast, season)
    return {name: Baseline(rule, stds[name], units) for name, rule in rules.items()}


def error_std(rule: Rule, windows: Windows) -> Float[np.ndarray, "k p"]:
    """Return the root mean squared error of each step and column."""
    total = sum(
        ((rule(piece) - piece.targets) ** 2).sum(axis=0)
        for piece in pieces(windows, _AT_ONCE)
    )
    return np.sqrt(total / len(windows)) + 1e-9


def find_season(windows: Windows) -> int:
    """Return the season whose naive forecast is best on some windows.

    A multiple of a season is as good as the season: of those within a tenth of the best
    it is the shortest.

    Example:
        >>> values = np.tile([0.0, 3.0, 1.0], 20)[:, None]
        >>> find_season(Windows(values, 0, 60, length=10, horizon=5, predicted=(0,)))
        3
    """
    rows = np.unique(np.linspace(0, len(windows) - 1, 300).astype(int))
    inputs, targets = (part.swapaxes(0, 1) for part in windows.take(rows))
    inputs = inputs[:, :, list(windows.predicted)]
    steps = np.arange(windows.horizon)

    def wrong(season: int) -> float:
        forecast = inputs[:, windows.length - season + steps % season]
        return float(np.mean((forecast - targets) ** 2))

    errors = [wrong(season) for season in range(1, windows.length + 1)]
    return 1 + next(n for n, own in enumerate(errors) if own <= 1.1 * min(errors))
