"""Numbers of classes, such as targets, tags and symbols: in range, or refused.

One rule for every loss. Values that are known are checked: a number that is no class is
a ValueError. Inside ``jax.jit`` they are not known; there the loss of a class that does
not exist is NaN, never too small.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Integer

from jlstm._internal.arrays import check_array
from jlstm._internal.types import Shape

Flags = Bool[Array, "..."] | Bool[np.ndarray, "..."]


def check_integers(name: str, values: Any, shape: Shape, what: str) -> None:
    """Require an array of integers of one shape.

    Raises:
        TypeError: it is no array, or holds no integers.
        ValueError: it has another shape.

    Example:
        >>> check_integers("tags", np.zeros(3), (3,), "one per step")
        Traceback (most recent call last):
        ...
        TypeError: tags has dtype float64; give integers.
    """
    check_array(name, values)
    if not jnp.issubdtype(values.dtype, jnp.integer):
        raise TypeError(f"{name} has dtype {values.dtype}; give integers.")
    if values.shape != shape:
        raise ValueError(
            f"{name} has shape {values.shape}; give {what}, of shape {shape}."
        )


def check_scores(name: str, scores: Any, axes: int | None = None) -> None:
    """Require an array of floats over classes, and ``axes`` axes if it has a number.

    Raises:
        TypeError: it is no array, or holds no floats.
        ValueError: it has no class, or another number of axes.
    """
    check_array(name, scores)
    if not jnp.issubdtype(scores.dtype, jnp.floating):
        raise TypeError(f"{name} has dtype {scores.dtype}; give floats.")
    fits = scores.ndim >= 1 if axes is None else scores.ndim == axes
    if not fits or scores.shape[-1] == 0:
        wanted = "classes on the last axis" if axes is None else f"{axes} axes"
        raise ValueError(
            f"{name} has shape {scores.shape}; give {wanted}, with a class at least."
        )


def check_no_nan(name: str, scores: Any) -> None:
    """Require scores that rank the classes, if they are known: NaN ranks none.

    Example:
        >>> check_no_nan("logits", np.array([[0.0, 1.0], [np.nan, 0.0]]))
        Traceback (most recent call last):
        ...
        ValueError: logits has NaN in 1 of 2 rows, which says nothing about the classes:
        look for the loss or the weights that became NaN first.
    """
    if isinstance(scores, jax.core.Tracer):
        return
    if not getattr(scores, "is_fully_addressable", True):  # rows of other machines
        return
    broken = np.isnan(np.asarray(scores)).any(axis=-1)
    if broken.any():
        raise ValueError(
            f"{name} has NaN in {broken.sum()} of {broken.size} rows, which says "
            "nothing about the classes: look for the loss or the weights that became "
            "NaN first."
        )


def check_range(
    name: str, values: Any, top: int, advice: str, counted: Flags | None = None
) -> None:
    """Require numbers from 0 to ``top``, if they are known, where they count.

    Example:
        >>> check_range("targets", np.array([3, -1]), 4, "mask the padding")
        Traceback (most recent call last):
        ...
        ValueError: targets go from -1 to 3; give 0 to 4: mask the padding.
    """
    if isinstance(values, jax.core.Tracer) or isinstance(counted, jax.core.Tracer):
        return
    seen = np.asarray(values)
    seen = seen if counted is None else seen[np.asarray(counted)]
    if seen.size and (seen.min() < 0 or seen.max() > top):
        raise ValueError(
            f"{name} go from {seen.min()} to {seen.max()}; give 0 to {top}: {advice}."
        )


def lengths_or_all(
    name: str, lengths: Any, shape: Shape, steps: int
) -> Integer[Array, "..."]:
    """Return checked lengths; ``None`` is all steps of every row.

    Example:
        >>> lengths_or_all("lengths", None, (2,), 7).tolist()
        [7, 7]
    """
    if lengths is None:
        return jnp.full(shape, steps, jnp.int32)
    check_integers(name, lengths, shape, "one per row")
    check_range(name, lengths, steps, f"there are {steps} steps")
    return jnp.asarray(lengths)


def check_blank(blank: int, classes: int) -> None:
    """Require a blank that is one of the classes."""
    if isinstance(blank, bool) or not isinstance(blank, int | np.integer):
        raise TypeError(f"blank is {blank!r}; give the number of a class.")
    if not 0 <= blank < classes:
        raise ValueError(
            f"blank is {blank}; give one of the classes 0 to {classes - 1}."
        )


def in_range(values: Array | np.ndarray, classes: int) -> Bool[Array, "..."]:
    """Mark the numbers that are classes."""
    return jnp.asarray((values >= 0) & (values < classes))
