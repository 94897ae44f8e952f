"""Values that are missing: refused, or on the straight line between neighbours."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64


def interpolated(
    values: Float64[np.ndarray, "t c"], missing: Bool[np.ndarray, "t c"]
) -> Float64[np.ndarray, "t c"]:
    """Return values with the missing ones on the straight line between neighbours.

    Missing values before the first known one, or after the last, repeat it.

    Raises:
        ValueError: a column has no known value.

    Example:
        >>> values = np.array([[1.0], [0.0], [3.0], [0.0]])
        >>> interpolated(values, np.array([[False], [True], [False], [True]])).ravel()
        array([1., 2., 3., 3.])
    """
    if missing.all(0).any():
        raise ValueError(
            f"Column {int(missing.all(0).argmax())} (from 0) has no known value: leave "
            "it out."
        )
    filled, steps = values.copy(), np.arange(len(values))
    for n in np.flatnonzero(missing.any(0)):
        known = ~missing[:, n]
        filled[:, n] = np.interp(steps, steps[known], values[known, n])
    return filled


def refuse_missing(
    path: object,
    missing: Bool[np.ndarray, "t c"],
    names: Sequence[str],
    lines: Sequence[int],
) -> None:
    """Raise ValueError with the place of the first missing value."""
    row, column = np.argwhere(missing)[0]
    raise ValueError(
        f"{path} lacks {missing.sum()} value(s), the first in column "
        f"{names[column]!r}, line {lines[row]}: fill them in, or set "
        "data.interpolate=true."
    )
