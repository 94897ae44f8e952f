"""Windows of a series, what simple rules predict for them, and how wrong that is.

A window is ``length`` steps to look at and ``horizon`` steps to predict after them.
Windows are views of the series; a batch is copied when it is taken.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Integer


class WindowBatch(NamedTuple):
    """Windows side by side, time first."""

    inputs: Float64[np.ndarray, "t b c"]
    targets: Float64[np.ndarray, "k b p"]


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of one part of a series.

    Args:
        values: the whole series, scaled.
        start: first step that may be predicted; steps to look at may lie before it.
        stop: step after the last one that may be predicted.
        length: steps to look at.
        horizon: steps to predict.
        predicted: the columns to predict.

    Raises:
        ValueError: there is not one window.

    Example:
        >>> values = np.arange(10.0)[:, None]
        >>> windows = Windows(values, 6, 10, length=3, horizon=2, predicted=(0,))
        >>> len(windows), windows.inputs[0].ravel(), windows.targets[0].ravel()
        (3, array([3., 4., 5.]), array([6., 7.]))
    """

    values: Float64[np.ndarray, "t c"]
    start: int
    stop: int
    length: int
    horizon: int
    predicted: tuple[int, ...]

    def __post_init__(self):
        if len(self) < 1:
            raise ValueError(
                f"Steps {self.start} to {self.stop} of {len(self.values)} hold no "
                f"window of {self.length} and {self.horizon} steps: give a longer "
                "series, other fractions, or a smaller length or horizon."
            )

    def __len__(self) -> int:
        return max(self.stop - self._first - self.horizon + 1, 0)

    @property
    def inputs(self) -> Float64[np.ndarray, "n t c"]:
        """What each window looks at; a view."""
        first = self._first - self.length
        return _sliding(self.values[first : self.stop - self.horizon], self.length)

    @property
    def targets(self) -> Float64[np.ndarray, "n k p"]:
        """What each window is to predict; a view where all columns are predicted."""
        predicted = self.values[self._first : self.stop, self._columns]
        return _sliding(predicted, self.horizon)

    def take(self, rows: Integer[np.ndarray, " b"]) -> WindowBatch:
        """Copy the windows at ``rows`` into a batch, time first."""
        inputs, targets = self.inputs[rows], self.targets[rows]
        return WindowBatch(inputs.swapaxes(0, 1), targets.swapaxes(0, 1))

    @property
    def _first(self) -> int:
        """The first step that is predicted: one with enough steps before it."""
        return max(self.start, self.length)

    @property
    def _columns(self) -> slice | list[int]:
        everything = self.predicted == tuple(range(self.values.shape[1]))
        return slice(None) if everything else list(self.predicted)


class Errors(NamedTuple):
    """Mean squared and mean absolute error over all windows, steps and columns."""

    mse: float
    mae: float


def last_value(windows: Windows) -> Float64[np.ndarray, "n k p"]:
    """Forecast that everything stays as it was last: the first baseline to beat."""
    last = windows.inputs[:, -1:, list(windows.predicted)]
    return np.broadcast_to(last, windows.targets.shape)


def seasonal_naive(windows: Windows, season: int) -> Float64[np.ndarray, "n k p"]:
    """Forecast that the last season repeats; often hard to beat.

    Raises:
        ValueError: the windows look at less than a season.
    """
    if not 1 <= season <= windows.length:
        raise ValueError(
            f"season must be from 1 to the window's length, {windows.length}, got "
            f"{season}: look at more steps."
        )
    places = windows.length - season + np.arange(windows.horizon) % season
    return windows.inputs[:, places][:, :, list(windows.predicted)]


def errors(windows: Windows, predictions: Float64[np.ndarray, "n k p"]) -> Errors:
    """Return the errors of predictions for all windows, on scaled values.

    Raises:
        ValueError: the predictions are not of all windows.
    """
    if predictions.shape != windows.targets.shape:
        raise ValueError(
            f"predictions have shape {predictions.shape}, the targets of the windows "
            f"{windows.targets.shape}: predict every window, the last ones too."
        )
    wrong = predictions - windows.targets
    return Errors(float(np.mean(wrong**2)), float(np.mean(np.abs(wrong))))


def _sliding(
    values: Float64[np.ndarray, "t c"], steps: int
) -> Float64[np.ndarray, "n k c"]:
    """Return all runs of ``steps`` steps, as a view."""
    runs = np.lib.stride_tricks.sliding_window_view(values, steps, axis=0)
    return runs.swapaxes(1, 2)
