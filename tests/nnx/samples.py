"""Small NNX modules with random parameters, and the one jitted call of them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import jlstm.nnx
from jlstm import Bidirectional, Recurrent, RNNCell, Stack

B, T, X, H = 3, 6, 2, 4
TOL = 1e-5
PLAIN = Recurrent(RNNCell(H))
STACKED = Stack((Bidirectional(RNNCell(H)), Recurrent(RNNCell(3))), dropout=0.5)


def inputs(batch=(B,)):
    drawn = np.random.default_rng(0).normal(size=(*batch, T, X))
    return jnp.asarray(drawn, jnp.float32)


def noisy(build):
    """Return the module that ``build`` makes, with random values, biases included."""
    random = np.random.default_rng(1)
    return jax.tree.map(
        lambda a: jnp.asarray(0.5 * random.normal(size=a.shape), a.dtype),
        jax.eval_shape(build),
    )


@functools.cache
def make(layer, **options):
    """Return ``layer`` as a module, once for all tests."""
    return noisy(lambda: jlstm.nnx.RNN(layer, X, rngs=nnx.Rngs(0), **options))


@jax.jit
def run(model, xs, carry=None, **arguments):
    """Call a module; equal structures compile once for all tests."""
    return model(xs, carry, **arguments)
