"""Several series one after the other: their rows, and windows that stay within one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from jlstm.data.windows import Windows


class Span(NamedTuple):
    """Which rows of a table are one series.

    Attributes:
        name: of the series; empty where there is one alone.
        start: its first row.
        known: how many rows are known; the others hold what is known ahead alone.
        stop: the row after its last one.
    """

    name: str
    start: int
    known: int
    stop: int

    @property
    def end(self) -> int:
        """The row after the last known one."""
        return self.start + self.known


def with_future(
    values: Float64[np.ndarray, "t c"],
    spans: Sequence[Span],
    known: Sequence[int],
    horizon: int,
) -> Float64[np.ndarray, "t d"]:
    """Put what is known ahead next to each step: its value ``horizon`` steps later.

    So the steps that a window looks at hold what is known of those that it predicts.

    Args:
        values: of all series, one after the other.
        spans: the rows of each.
        known: the places of the columns that are known ahead.
        horizon: how far ahead.

    Example:
        >>> values = np.arange(6.0).reshape(3, 2)
        >>> with_future(values, [Span("", 0, 3, 3)], [1], 2)[:, 2]
        array([ 5., nan, nan])
    """
    if not known:
        return values
    ahead = np.full((len(values), len(known)), np.nan)
    for span in spans:
        later = values[span.start + horizon : span.stop, list(known)]
        ahead[span.start : span.start + len(later)] = later
    return np.concatenate([values, ahead], axis=1)


def windows_of(
    values: Float64[np.ndarray, "t c"],
    spans: Sequence[Span],
    steps: Sequence[tuple[int, int]],
    length: int,
    horizon: int,
    predicted: tuple[int, ...],
) -> Windows:
    """Return the windows that lie within one series each.

    Args:
        values: of all series, one after the other.
        spans: the rows of each.
        steps: the first row that is predicted in each, and the one after the last.
        length: steps to look at.
        horizon: steps to predict.
        predicted: the columns to predict.

    Raises:
        ValueError: there is not one window.

    Example:
        >>> spans = [Span("a", 0, 4, 4), Span("b", 4, 4, 8)]
        >>> windows_of(np.ones((8, 1)), spans, [(0, 4), (4, 8)], 2, 1, (0,)).places
        array([2, 3, 6, 7])
    """
    start, stop = steps[0][0], steps[-1][1]
    if len(spans) == 1:
        return Windows(values, start, stop, length, horizon, predicted)
    places = [
        np.arange(max(first, span.start + length), last - horizon + 1)
        for span, (first, last) in zip(spans, steps, strict=True)
    ]
    sizes = length, horizon, predicted
    return Windows(values, start, stop, *sizes, np.concatenate(places))
