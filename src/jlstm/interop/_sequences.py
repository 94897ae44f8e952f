"""What estimators are given, as sequences: checked as scikit-learn checks tables."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from jlstm._internal.extras import brought_by

SHORTEST = 8


class Padded(NamedTuple):
    """Sequences side by side, time first, zeros after their ends."""

    xs: Float[np.ndarray, "t b x"]
    lengths: Int[np.ndarray, " b"]


class Scale(NamedTuple):
    """What standardizes numbers: subtracted, and divided by."""

    mean: Float[np.ndarray, " x"]
    std: Float[np.ndarray, " x"]

    @classmethod
    def of(cls, rows: Float[np.ndarray, "n x"]) -> "Scale":
        """Return the scale that makes mean 0 and variance 1 of ``rows``."""
        std = rows.std(axis=0)
        return cls(rows.mean(axis=0), np.where(std > 0, std, 1.0))


def read_sequences(estimator: Any, X: Any, *, reset: bool) -> list[np.ndarray]:
    """Return sequences ``t x``, of 64 bits.

    Args:
        estimator: is told the number of columns, of tables.
        X: a table, each row a sequence of numbers; an array ``n t x``; or a list of
            sequences ``t x``, of any lengths.
        reset: whether it is what is learned from; else it must fit that.

    Raises:
        ValueError, TypeError: it is none of these, or holds what is not finite.
    """
    if _is_table(X):
        with brought_by("train"):
            from sklearn.utils.validation import validate_data
        table = validate_data(estimator, X, dtype=np.float64, reset=reset)
        return list(table[..., None])
    found = [np.asarray(one, np.float64) for one in X]
    if not found:
        raise ValueError("There is no sequence: give at least one.")
    for number, one in enumerate(found):
        if one.ndim != 2 or not one.size or one.shape[1] != found[0].shape[1]:
            raise ValueError(
                f"Sequence {number} has shape {one.shape}: give steps by features, "
                f"such as (50, {found[0].shape[-1]}), with the same features in all."
            )
        if not np.isfinite(one).all():
            raise ValueError(f"Sequence {number} has NaN or infinity: fill or drop it.")
    if reset:
        estimator.n_features_in_ = found[0].shape[1]
    elif estimator.n_features_in_ != found[0].shape[1]:
        raise ValueError(
            f"X has {found[0].shape[1]} features, but {type(estimator).__name__} is "
            f"expecting {estimator.n_features_in_} features as input."
        )
    return found


def pad(sequences: Sequence[np.ndarray], steps: int) -> Padded:
    """Put sequences side by side."""
    xs = np.zeros((steps, len(sequences), sequences[0].shape[1]), np.float32)
    for column, one in enumerate(sequences):
        xs[: len(one), column] = one
    return Padded(xs, np.array([*map(len, sequences)], np.int32))


def _is_table(X: Any) -> bool:
    """Whether scikit-learn would read it as rows of numbers, or say what is wrong."""
    if isinstance(X, list | tuple):
        return not any(np.ndim(one) == 2 for one in X)
    return getattr(X, "ndim", 2) != 3
