"""How answers to a generated task are counted: by steps, by strings, or by reach.

Each count reads which answers were right and which of them count, both ``[t, b]``.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from jlstm._internal.types import Key
from jlstm.data.synthetic.batch import SyntheticBatch

Right = Bool[np.ndarray, "t b"]
Weights = Float[np.ndarray, "t b"]


class EvalSet(NamedTuple):
    """Sequences of some kind, and how answers to them are counted.

    Attributes:
        name: of the number that it gives.
        draw: a random key and a batch size in, a batch out.
        score: right answers and weights in, a number out.
        once: whether one batch is all there is; nothing in it is random.
    """

    name: str
    draw: Callable[[Key, int], SyntheticBatch]
    score: Callable[[Right, Weights], float]
    once: bool = False


def share(right: Right, weights: Weights) -> float:
    """Return the share of right answers among those that count.

    Example:
        >>> share(np.array([[True], [False]]), np.array([[1.0], [0.0]]))
        1.0
    """
    return float((right * weights).sum() / weights.sum())


def tail(right: Right, weights: Weights, *, steps: int) -> float:
    """Return the share of right answers in the last steps.

    Example:
        >>> tail(np.array([[False], [True]]), np.ones((2, 1)), steps=1)
        1.0
    """
    return share(right[-steps:], weights[-steps:])


def strings(right: Right, weights: Weights) -> float:
    """Return the share of strings, the columns, without a wrong answer.

    Example:
        >>> strings(np.array([[True, True], [True, False]]), np.ones((2, 2)))
        0.5
    """
    return float(_accepted(right, weights).mean())


def reach(right: Right, weights: Weights) -> float:
    """Return how many columns from the first on have no wrong answer.

    Where column n - 1 is the string of n, it is the largest n up to which all are
    right.

    Example:
        >>> reach(np.array([[True, True, False, True]]), np.ones((1, 4)))
        2.0
    """
    accepted = _accepted(right, weights)
    return float(accepted.size if accepted.all() else accepted.argmin())


def _accepted(right: Right, weights: Weights) -> Bool[np.ndarray, " b"]:
    return (right | (weights == 0)).all(axis=0)
