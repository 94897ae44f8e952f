"""Averaged weights: the mean of all that came after training stopped improving.

Non-monotonically triggered averaged SGD (NT-ASGD): plain updates until the validation
loss is worse than the best of those some epochs back; from there on the mean of the
weights after every update is kept next to them, and it is what is validated, tested and
given back. The updates themselves go on from the weights, not from the mean.

Source: S. Merity, N. S. Keskar and R. Socher, "Regularizing and optimizing LSTM
language models", 2017 (arXiv:1708.02182), section 3.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Int


class Average(NamedTuple):
    """A running mean of a model.

    Attributes:
        count: updates that are in the mean; -1 before averaging begins.
        mean: of the weights after each of them; zeros while there is none.
    """

    count: Int[Array, "..."]
    mean: nnx.Module


def init_average(model: nnx.Module, like: Int[Array, "..."]) -> Average:
    """Return a mean of nothing, that does not yet grow.

    Args:
        model: what will be averaged.
        like: its shape and dtype are those of the count: the step of the train state.
    """
    return Average(jnp.full_like(like, -1), jax.tree.map(jnp.zeros_like, model))


def start_average(average: Average) -> Average:
    """Return a mean that grows from the next update on; one that grows, as it is."""
    return average._replace(count=jnp.maximum(average.count, 0))


def update_average(average: Average, model: nnx.Module) -> Average:
    """Take a model into the mean, if averaging has begun."""
    begun = average.count >= 0
    count = average.count + begun.astype(average.count.dtype)

    def mix(mean: Array, weight: Array) -> Array:
        share = 1 / jnp.maximum(count, 1).astype(mean.dtype)
        return jnp.where(begun, mean + share * (weight - mean), mean)

    return Average(count, jax.tree.map(mix, average.mean, model))


def should_average(losses: Sequence[float], patience: int) -> bool:
    """Say whether the last loss is above the best of those ``patience`` epochs back.

    Example:
        >>> should_average([5.0, 4.0, 4.5, 4.2], patience=1)
        True
        >>> should_average([5.0, 4.0, 4.5, 4.2], patience=2)
        False
    """
    before = losses[: max(len(losses) - 1 - patience, 0)]
    return bool(before) and losses[-1] > min(before)
