"""What comes after the end of a series: rows to fill, and windows that look at it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from jlstm.data.scale import AnyScaler
from jlstm.data.series import Series
from jlstm.data.spans import Span, with_future
from jlstm.data.windows import Windows
from jlstm.tasks.forecasting.model_config import ForecastSizes


class Part(NamedTuple):
    """Windows, and the series that they are of."""

    windows: Windows
    series: Series


def fed(
    series: Series, scaler: AnyScaler, sizes: ForecastSizes
) -> Float64[np.ndarray, "t d"]:
    """Return what windows look at: z-scores, and next to them what is known ahead."""
    values = scaler.rows(series).scale(series.values)
    return with_future(values, series.parts, ahead_of(series, sizes), sizes.horizon)


def ahead_of(series: Series, sizes: ForecastSizes) -> list[int]:
    """Return the columns of a series that are known ahead."""
    return [place for place in sizes.known if place < len(series.columns)]


def part_at_ends(
    path: object, series: Series, scaler: AnyScaler, sizes: ForecastSizes
) -> Part:
    """Return the windows that begin after the last row of each series.

    Raises:
        ValueError: what is known ahead ends too early.
    """
    whole = series.extended(sizes.horizon)
    lacking = next((s for s in whole.parts if not is_told(whole, s, sizes)), None)
    if lacking is not None:
        names = ", ".join(series.columns[n] for n in ahead_of(series, sizes))
        whose = f" of {lacking.name!r}" if lacking.name else ""
        raise ValueError(
            f"{path} does not go on for {sizes.horizon} rows{whose} with {names} alone "
            "after the last one: give them, the forecast looks at them."
        )
    return Part(_at(whole, whole.parts, scaler, sizes), whole)


def told_ends(
    series: Series, scaler: AnyScaler, sizes: ForecastSizes
) -> tuple[Part | None, tuple[Span, ...]]:
    """Return the windows after the end of each series whose future is known enough.

    Returns:
        The windows, None if there is none, and the rows of their series.
    """
    whole = series.extended(sizes.horizon)
    spans = tuple(
        span
        for span in whole.parts
        if span.known >= sizes.length and is_told(whole, span, sizes)
    )
    if not spans:
        return None, ()
    return Part(_at(whole, spans, scaler, sizes), whole), spans


def is_told(series: Series, span: Span, sizes: ForecastSizes) -> bool:
    """Whether all that is known ahead is there for the steps after a series."""
    ahead = series.values[span.end : span.stop, ahead_of(series, sizes)]
    return not np.isnan(ahead).any()


def _at(
    series: Series, spans: tuple[Span, ...], scaler: AnyScaler, sizes: ForecastSizes
) -> Windows:
    ends = np.array([span.end for span in spans])
    stop = int(ends[-1]) + sizes.horizon
    own = sizes.length, sizes.horizon, sizes.predicted
    return Windows(fed(series, scaler, sizes), int(ends[0]), stop, *own, ends)
