"""Windows of a series, what simple rules predict for them, and how wrong that is.

A window is ``length`` steps to look at and ``horizon`` steps to predict after them.
Windows are views of the series; a batch is copied when it is taken.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Integer


class WindowBatch(NamedTuple):
    """Windows side by side, time first."""

    inputs: Float64[np.ndarray, "t b c"]
    targets: Float64[np.ndarray, "k b p"]


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of one part of a series, or of several one after the other.

    Args:
        values: the whole series, scaled.
        start: first step that may be predicted; steps to look at may lie before it.
        stop: step after the last one that may be predicted.
        length: steps to look at.
        horizon: steps to predict.
        predicted: the columns to predict.
        chosen: the first predicted step of each window, rising, where not all windows
            between ``start`` and ``stop`` are meant: of several series, those that
            would cross from one into the next are not. None for all.

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
    chosen: Integer[np.ndarray, " n"] | None = None

    def __post_init__(self):
        if len(self) < 1:
            raise ValueError(
                f"Steps {self.start} to {self.stop} of {len(self.values)} hold no "
                f"window of {self.length} and {self.horizon} steps: give a longer "
                "series, other fractions, or a smaller length or horizon."
            )

    def __len__(self) -> int:
        return len(self.places)

    @property
    def places(self) -> Integer[np.ndarray, " n"]:
        """The first step that each window predicts."""
        if self.chosen is not None:
            return self.chosen
        # The first one has enough steps before it.
        return np.arange(max(self.start, self.length), self.stop - self.horizon + 1)

    @property
    def inputs(self) -> Float64[np.ndarray, "n t c"]:
        """What each window looks at; a view where all windows are meant."""
        return self._sliding(self.values, self.length)[self._rows(self.length)]

    @property
    def targets(self) -> Float64[np.ndarray, "n k p"]:
        """What each window is to predict; a view as ``inputs``, of all columns."""
        values = self.values[:, self._columns]
        return self._sliding(values, self.horizon)[self._rows(0)]

    def take(self, rows: Integer[np.ndarray, " b"]) -> WindowBatch:
        """Copy the windows at ``rows`` into a batch, time first."""
        places = self.places[rows]
        inputs = self._sliding(self.values, self.length)[places - self.length]
        targets = self._sliding(self.values, self.horizon)[places][:, :, self._columns]
        return WindowBatch(inputs.swapaxes(0, 1), targets.swapaxes(0, 1))

    def part(self, begin: int, end: int) -> "Windows":
        """Return the windows from number ``begin`` to before ``end``, in their order.

        Example:
            >>> windows = Windows(np.ones((9, 1)), 3, 9, 3, horizon=2, predicted=(0,))
            >>> len(windows), windows.part(3, 9).places
            (5, array([6, 7]))
        """
        places = self.places[begin:end]
        start, stop = int(places[0]), int(places[-1]) + self.horizon
        chosen = None if self.chosen is None else places
        return replace(self, start=start, stop=stop, chosen=chosen)

    def _rows(self, before: int) -> slice | Integer[np.ndarray, " n"]:
        """Return where the windows begin, so many steps before what they predict."""
        places = self.places - before
        if self.chosen is not None:
            return places
        return slice(int(places[0]), int(places[-1]) + 1)

    def _sliding(
        self, values: Float64[np.ndarray, "t c"], steps: int
    ) -> Float64[np.ndarray, "n k c"]:
        """Return all runs of ``steps`` steps, as a view."""
        runs = np.lib.stride_tricks.sliding_window_view(values, steps, axis=0)
        return runs.swapaxes(1, 2)

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
