"""What a backtest gives: forecasts from many places of a known series, and scores."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jlstm.training.rows import Row


class Backtest(NamedTuple):
    """Forecasts of what is known by now.

    Attributes:
        rows: a row for each step of each forecast, with what came.
        scores: of all forecasts together.
        by_step: the same scores at each step of the horizon.
        origins: how many times a forecast was made.
    """

    rows: Sequence[Row]
    scores: Mapping[str, float]
    by_step: Mapping[str, Sequence[float]]
    origins: int
