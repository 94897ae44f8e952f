"""Errors of forecasts that compare across series: in shares, and in naive errors."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

Values = Float[np.ndarray, "..."]


class Units(NamedTuple):
    """What scaled values of some columns are in their own units, and how they move.

    Attributes:
        mean: of each column, where scaled values are 0; or of each row of a series.
        std: of each column: one step of scaled values; or of each row of a series.
        naive: mean absolute error of the seasonal naive forecast of the training part,
            in scaled values.
    """

    mean: Float[np.ndarray, "*t p"]
    std: Float[np.ndarray, "*t p"]
    naive: Float[np.ndarray, " p"]

    def at(self, rows: Integer[np.ndarray, " n"] | None) -> "Units":
        """Return the units of windows ``n k p`` that begin at some rows."""
        if rows is None or self.mean.ndim == 1:
            return self
        return self._replace(mean=self.mean[rows][:, None], std=self.std[rows][:, None])

    def restored(self, values: Values) -> Values:
        """Return scaled values, the columns last, in their own units."""
        return values * self.std + self.mean


def smape(targets: Values, predicted: Values) -> Values:
    """Return the symmetric percentage error of each value, from 0 to 200.

    It is that of the M3 and M4 competitions; where both are 0 it is 0.

    Example:
        >>> smape(np.array([1.0, 0.0, 2.0]), np.array([3.0, 0.0, 2.0])).tolist()
        [100.0, 0.0, 0.0]
    """
    size = np.abs(targets) + np.abs(predicted)
    wrong = np.abs(targets - predicted)
    return 200 * np.divide(wrong, size, out=np.zeros_like(size), where=size != 0)


def mase(targets: Values, predicted: Values, naive: Float[np.ndarray, " p"]) -> Values:
    """Return the absolute error of each value in naive errors of its column.

    Source: Hyndman and Koehler, 2006, "Another look at measures of forecast accuracy".
    A column that never changes, so that its naive error is 0, counts 0.

    Example:
        >>> mase(np.array([[1.0, 5.0]]), np.array([[3.0, 5.5]]), np.array([4.0, 0.0]))
        array([[0.5, 0. ]])
    """
    wrong = np.abs(targets - predicted)
    known = np.broadcast_to(naive, wrong.shape)
    return np.divide(wrong, known, out=np.zeros_like(wrong), where=known > 0)


def naive_errors(
    values: Float[np.ndarray, "t p"], steps: Integer[np.ndarray, " n"], season: int
) -> Float[np.ndarray, " p"]:
    """Return how wrong it was, on the mean, to repeat the value of a season ago.

    Args:
        values: of all steps.
        steps: which of them count; each has a season before it.
        season: steps of a season.

    Example:
        >>> naive_errors(np.array([[1.0], [2.0], [4.0]]), np.array([1, 2]), 1).tolist()
        [1.5]
    """
    return np.abs(values[steps] - values[steps - season]).mean(axis=0)


def relative_squared(
    squares: Values, total: Values, square_total: Values, count: int
) -> Values:
    """Return the root of the squared errors over those of the mean of each column.

    It is the RSE of Lai et al. (2018, arXiv:1703.07015): 1 is no better than the mean.

    Args:
        squares: sums of the squared errors, the columns last.
        total: sums of the targets.
        square_total: sums of the squared targets.
        count: how many targets each sum is of.

    Example:
        >>> sums = np.array([2.0]), np.array([4.0]), np.array([10.0])
        >>> relative_squared(*sums, count=2).item()
        1.0
    """
    spread = (square_total - total**2 / count).sum(axis=-1)
    least = 1e-12  # of columns that never change
    return np.asarray(np.sqrt(squares.sum(axis=-1) / np.maximum(spread, least)))
