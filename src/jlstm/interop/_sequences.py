"""What estimators are given, as sequences: checked as scikit-learn checks tables."""

from collections.abc import Iterable, Sequence
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
        """Return the scale that makes mean 0 and variance 1 of ``rows``.

        Raises:
            ValueError: the variance is above the numbers of 64 bits.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = rows.mean(axis=0), rows.std(axis=0)
        if not (np.isfinite(mean).all() and np.isfinite(std).all()):
            raise ValueError(
                f"Numbers up to {np.abs(rows).max():.3g} are too large to be squared: "
                "divide them."
            )
        return cls(mean, np.where(std > 0, std, 1.0))


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
    table = _is_table(X)
    if reset:
        estimator.reads_tables_ = table
    elif table != estimator.reads_tables_:
        raise ValueError(_other_kind(estimator))
    if table:
        with brought_by("train"):
            from sklearn.utils.validation import validate_data
        rows = validate_data(estimator, X, dtype=np.float64, reset=reset)
        return list(rows[..., None])
    found = [_numbers(one, f"Sequence {number}") for number, one in enumerate(X)]
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
    check_names(estimator, X, reset=reset)
    return found


def read_series(X: Any) -> Float[np.ndarray, "n x"]:
    """Return one series, a number or several of each step.

    Raises:
        ValueError: it is none, or holds what is not finite.
    """
    series = _numbers(X, "The series")
    series = series[:, None] if series.ndim == 1 else series
    if series.ndim != 2:
        raise ValueError(f"The series has shape {series.shape}: give n, or n by x.")
    if not np.isfinite(series).all():
        raise ValueError("The series has NaN or infinity: fill or drop it.")
    return series


def check_names(estimator: Any, tables: Iterable[Any], *, reset: bool) -> None:
    """Refuse tables whose columns have other names, or another order.

    Args:
        estimator: knows the names that it has learned from, or is told.
        tables: those without names, such as arrays, fit all.
        reset: whether it learns from them.

    Raises:
        ValueError: names differ.
    """
    if reset:
        vars(estimator).pop("feature_names_in_", None)
    for number, names in enumerate(map(_names, tables)):
        wanted = getattr(estimator, "feature_names_in_", None)
        if wanted is None and reset and names is not None:
            estimator.feature_names_in_ = np.array(names, object)
        elif wanted is not None and names is not None and names != [*wanted]:
            raise ValueError(
                f"Table {number} has the columns {', '.join(names)}, and "
                f"{', '.join(wanted)} are learned from: give the same, in their order."
            )


def pad(sequences: Sequence[np.ndarray], steps: int) -> Padded:
    """Put sequences side by side."""
    xs = np.zeros((steps, len(sequences), sequences[0].shape[1]), np.float32)
    for column, one in enumerate(sequences):
        xs[: len(one), column] = one
    return Padded(xs, np.array([*map(len, sequences)], np.int32))


def _is_table(X: Any) -> bool:
    """Whether scikit-learn would read it as rows of numbers, or say what is wrong."""
    if getattr(X, "ndim", None) == 1 and X.dtype == object:
        X = list(X)
    if isinstance(X, list | tuple):
        return bool(X) and not any(_depth(one) == 2 for one in X)
    return getattr(X, "ndim", 2) != 3


def _depth(one: Any) -> int:
    """Return 2 for steps by features, also of lists of unequal lengths."""
    shape = getattr(one, "shape", None)
    if shape is not None:
        return len(shape)
    if isinstance(one, list | tuple):
        return 1 + max(map(_depth, one), default=0)
    return 0


def _other_kind(estimator: Any) -> str:
    name, table = type(estimator).__name__, "a table, a sequence of numbers in each row"
    sequences = "sequences of steps by features, a list of them or an array n t x"
    kinds = (sequences, table) if estimator.reads_tables_ else (table, sequences)
    return f"X is {kinds[0]}; {name} has learned from {kinds[1]}: give the same kind."


def _numbers(one: Any, name: str) -> np.ndarray:
    try:
        found = np.asarray(one)
        if found.dtype.kind in "cmM":
            raise TypeError(f"it has {found.dtype}")
        return found.astype(np.float64)
    except (TypeError, ValueError) as error:
        said = f"{name} does not hold real numbers alone, steps by features: {error}."
        raise ValueError(said) from None


def _names(table: Any) -> list[str] | None:
    columns = getattr(table, "columns", None)
    if columns is None or not all(isinstance(one, str) for one in columns):
        return None
    return [*columns]
