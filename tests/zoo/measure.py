"""Run a row's layer on a sample: outputs, and gradients of one loss of them.

What is compiled is kept for each row, so a law that asks with samples of the same
shapes costs next to nothing.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tests.zoo.samples import Sample


def apply(layer, sample, key=None):
    """Apply a layer to a sample."""
    params, xs, carry, lengths, mask, resets = sample
    return layer.apply(
        params, xs, carry, lengths=lengths, mask=mask, resets=resets, key=key
    )


@partial(jax.jit, static_argnums=0)
def run(layer, sample):
    """Return the last carry and the outputs."""
    return apply(layer, sample)


class Measured(NamedTuple):
    """What a layer returns for a sample, and the gradients of a loss of it."""

    carry: Any
    ys: jax.Array
    loss: jax.Array
    grads: Sample  # of params, xs and carry; None elsewhere


def measure(layer, sample, carry_weight=1.0):
    """Return outputs, loss and gradients; the loss weighs the last carry as told."""
    return _measure(layer, sample, carry_weight)


def outputs(row, sample):
    """Return the last carry and the outputs, from what is compiled anyway."""
    if row.variant:
        return run(row.layer, sample)
    measured = measure(row.layer, sample)
    return measured.carry, measured.ys


def value_and_grads(layer, sample, carry_weight=1.0):
    """Return what ``measure`` does, not compiled."""

    def scored(params, xs, carry):
        out = apply(layer, sample._replace(params=params, xs=xs, carry=carry))
        return loss_of(*out, carry_weight), out

    grad = jax.value_and_grad(scored, argnums=(0, 1, 2), has_aux=True)
    (loss, (carry, ys)), grads = grad(*sample[:3])
    return Measured(carry, ys, loss, Sample(*grads))


_measure = jax.jit(value_and_grads, static_argnums=0)


def loss_of(carry, ys, carry_weight=1.0):
    """Sum outputs and carries, with other weights for each step and each unit."""
    last = sum(weighted_sum(leaf, leaf.ndim - 1) for leaf in jax.tree.leaves(carry))
    return weighted_sum(ys, 0, ys.ndim - 1) + carry_weight * last


def weighted_sum(array, *axes):
    """Sum an array with weights that differ along ``axes`` and are equal elsewhere."""
    shape = [n if axis in axes else 1 for axis, n in enumerate(array.shape)]
    weights = np.cos(np.arange(np.prod(shape))).reshape(shape)
    return jnp.sum(array * jnp.asarray(weights, array.dtype))
