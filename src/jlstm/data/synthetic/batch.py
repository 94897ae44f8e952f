"""What a generated task gives, and what can be said of it without memory."""

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from jax import Array
from jaxtyping import Float32, Shaped


class SyntheticBatch(NamedTuple):
    """A batch of a generated task, time first.

    ``xs`` are numbers or, in tasks of symbols, ids. ``weights`` are 1 where the target
    counts and 0 elsewhere; targets there are 0.
    """

    xs: Shaped[Array, "t b ..."]
    targets: Shaped[Array, "t b ..."]
    weights: Float32[Array, "t b"]


def memoryless_accuracy(batch: SyntheticBatch) -> float:
    """Return the share of steps that the current symbol alone gets right.

    For each symbol the commonest target of the batch is predicted: the best that a
    model without memory can do on it. Not for use inside ``jit``.
    """
    counts: dict[int, Counter[bytes]] = defaultdict(Counter)
    xs, targets, weights = (np.asarray(part) for part in batch)
    for place in np.argwhere(weights > 0):
        at = tuple(place)
        counts[int(xs[at])][targets[at].tobytes()] += 1
    right = sum(max(of.values()) for of in counts.values())
    return right / max(int((weights > 0).sum()), 1)


def at_least(name: str, value: int, least: int) -> None:
    """Raise ValueError if a number of a task is too small."""
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")
