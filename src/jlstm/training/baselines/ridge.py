"""Linear forecasts fitted in closed form: what a network must beat on many series.

NLinear and DLinear (Zeng et al., 2023, arXiv:2205.13504) are linear maps from the steps
to look at to the steps to predict, the same for every column. So they need no training:
least squares with a ridge finds them (Toner and Darlow, 2024, arXiv:2403.14587).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from jlstm.data.windows import Windows

LinearName = Literal["nlinear", "dlinear"]
PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
KERNEL = 25
"""Steps of DLinear's moving average."""
_ROWS = 20_000  # at a time, so that memory does not grow with the series


@dataclass(frozen=True, eq=False)
class LinearForecast:
    """A linear map from the steps to look at to the steps to predict.

    Attributes:
        weight: of the map.
        bias: of each step.
        penalty: the ridge that it was fitted with, in mean squares of the features.
    """

    weight: Float[np.ndarray, "t k"]
    bias: Float[np.ndarray, " k"]
    penalty: float

    def __call__(self, windows: Windows) -> Float[np.ndarray, "n k p"]:
        """Return the forecast of each window, each column from its own past."""
        xs = windows.inputs[:, :, list(windows.predicted)].swapaxes(1, 2)
        return (xs @ self.weight + self.bias).swapaxes(1, 2)


class Moments(NamedTuple):
    """Means of products over all windows and columns.

    ``z`` is the steps to look at with a 1 after them, ``y`` the steps to predict.
    """

    zz: Float[np.ndarray, "d d"]
    zy: Float[np.ndarray, "d k"]
    yy: Float[np.ndarray, " k"]


def fit_linear(train: Moments, valid: Moments, kind: LinearName) -> LinearForecast:
    """Fit by least squares, with the ridge that is best on validation.

    Args:
        train: of the windows that are fitted, see :func:`moments`.
        valid: of those that choose one of ``PENALTIES``.
        kind: ``"nlinear"`` maps the steps less the last one, which the forecast gets
            back; ``"dlinear"`` maps a moving average, and what is left of the steps.

    Example:
        >>> values = np.sin(np.arange(60.0))[:, None]
        >>> parts = [Windows(values, a, b, 4, 2, (0,)) for a, b in ((0, 30), (30, 60))]
        >>> model = fit_linear(*map(moments, parts), "nlinear")
        >>> bool(np.abs(model(parts[1]) - parts[1].targets).max() < 1e-2)
        True
    """
    read, added = _form(len(train.zz), kind)
    mean_x, mean_y = read.T @ train.zz[-1], train.zy[-1] - train.zz[-1] @ added
    square = read.T @ train.zz @ read - np.outer(mean_x, mean_x)
    cross = read.T @ (train.zy - (train.zz @ added)[:, None])
    roots, axes = np.linalg.eigh(square)
    turned = axes.T @ (cross - np.outer(mean_x, mean_y))
    size = max(np.trace(square) / len(square), 1e-12)

    def solve(penalty: float) -> LinearForecast:
        own = axes @ (turned / (roots.clip(0) + penalty * size)[:, None])
        whole = read @ own + added[:, None]
        return LinearForecast(whole[:-1], mean_y - mean_x @ own, penalty)

    return min(map(solve, PENALTIES), key=lambda model: _error(model, valid))


def moments(windows: Windows) -> Moments:
    """Return what least squares needs of some windows."""
    length, horizon = windows.length + 1, windows.horizon
    sums = np.zeros((length, length)), np.zeros((length, horizon)), np.zeros(horizon)
    count = 0
    for xs, ys in _pieces(windows):
        zs = np.concatenate([xs, np.ones((len(xs), 1))], axis=1)
        for own, value in zip(
            sums, (zs.T @ zs, zs.T @ ys, (ys**2).sum(0)), strict=True
        ):
            own += value
        count += len(xs)
    return Moments(*(own / count for own in sums))


def moving_average(length: int, kernel: int = KERNEL) -> Float[np.ndarray, "t t"]:
    """Return the matrix that averages ``kernel`` steps around each of ``length``.

    Before the first step and after the last one, that step is repeated.

    Example:
        >>> np.array([3.0, 0.0, 3.0]) @ moving_average(3, kernel=3)
        array([2., 2., 2.])
    """
    reach = np.arange(kernel) - (kernel - 1) // 2
    places = np.clip(np.arange(length)[:, None] + reach, 0, length - 1)
    matrix = np.zeros((length, length))
    np.add.at(matrix, (places, np.arange(length)[:, None]), 1.0 / kernel)
    return matrix


def _form(
    size: int, kind: LinearName
) -> tuple[Float[np.ndarray, "t d"], Float[np.ndarray, " t"]]:
    """Return what a model reads of ``z``, as a matrix, and adds to its answers."""
    steps = np.eye(size)[:, :-1]
    last = np.eye(size)[-2]
    if kind == "nlinear":
        return steps - last[:, None], last
    trend = np.zeros_like(steps)
    trend[:-1] = moving_average(size - 1)
    return np.concatenate([trend, steps - trend], axis=1), np.zeros(size)


def _error(model: LinearForecast, windows: Moments) -> float:
    """Return the summed mean squared error of a model."""
    whole = np.concatenate([model.weight, model.bias[None]])
    quadratic = (whole * (windows.zz @ whole)).sum()
    return float(windows.yy.sum() - 2 * (whole * windows.zy).sum() + quadratic)


def _pieces(windows: Windows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield inputs and targets, every column of every window a row."""
    step = max(_ROWS // len(windows.predicted), 1)
    for start in range(0, len(windows), step):
        piece = windows.part(start, start + step)
        xs, ys = piece.inputs[:, :, list(windows.predicted)], piece.targets
        yield (
            xs.swapaxes(1, 2).reshape(-1, windows.length),
            ys.swapaxes(1, 2).reshape(-1, windows.horizon),
        )
