"""Samples for the kernels and the two ways to run them: simulated, and the scan."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._backends import Call, Steps, named, run_call
from jlstm._backends.pallas.backend import run_kernel

CELLS = (jlstm.LSTMCell, jlstm.GRUCell, jlstm.SLSTMCell)
CASES = [
    pytest.param(jlstm.LSTMCell, "float32", marks=pytest.mark.slow),
    (jlstm.SLSTMCell, "float32"),
    pytest.param(jlstm.GRUCell, "float32", marks=pytest.mark.slow),
    (jlstm.LSTMCell, "bfloat16"),
    pytest.param(jlstm.GRUCell, "bfloat16", marks=pytest.mark.slow),
    pytest.param(jlstm.SLSTMCell, "bfloat16", marks=pytest.mark.slow),
]
LOOPS = {
    "pallas": partial(run_kernel, interpret=True),
    "pallas on a GPU": run_kernel,
    "scan": named("scan").run,
}


class Point(NamedTuple):
    """What gradients are taken with respect to."""

    params: Any
    xs: Any
    carry: Any
    fresh: Any


class Sample(NamedTuple):
    """A point, flags over time, and weights for the outputs in a loss."""

    point: Point
    live: Any
    resets: Any
    weights: Any


def numbers(rng, shape, dtype=jnp.float32):
    return jnp.asarray(rng.standard_normal(shape), dtype)


def draw_carry(cell, batch, rng):
    """Draw a carry; the normaliser of an sLSTM is positive, or zero: not begun."""
    shapes = jax.eval_shape(lambda: cell.init_carry(batch))
    carry = jax.tree.map(lambda leaf: numbers(rng, leaf.shape), shapes)
    if not isinstance(cell, jlstm.SLSTMCell):
        return carry
    begun = jnp.asarray(rng.random(carry.n.shape) < 0.7)
    return carry._replace(n=jnp.where(begun, 1 + jnp.abs(carry.n), 0))


def draw(cell, steps, batch, inputs, *, flags=True, dtype=jnp.float32, seed=0):
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(lambda: cell.init(jax.random.key(0), inputs))
    scale = cell.hidden_size**-0.5
    params = jax.tree.map(lambda leaf: scale * numbers(rng, leaf.shape), shapes)
    carry, fresh, weights = (draw_carry(cell, batch, rng) for _ in range(3))
    live, resets = jnp.asarray(rng.random((2, steps, *batch)) < 0.6)
    given = (live, resets) if flags else (None, None)
    xs = numbers(rng, (steps, *batch, inputs), dtype)
    ys = numbers(rng, (steps, *batch, cell.hidden_size))
    return Sample(Point(params, xs, carry, fresh), *given, (ys, weights))


def run(backend, cell, sample, reverse=False, checkpoint=None):
    params, xs, carry, fresh = sample.point
    steps = Steps(xs, sample.live, sample.resets)
    call = Call(cell, params, carry, fresh, steps, reverse, checkpoint=checkpoint)
    return run_call(LOOPS[backend], call)


@partial(jax.jit, static_argnums=(0, 1, 3, 4))
def value_and_grad(backend, cell, sample, reverse=False, checkpoint=None):
    """Return the outputs, and the gradients of a loss that reads all of them."""

    def loss(point):
        out = run(backend, cell, sample._replace(point=point), reverse, checkpoint)
        carry, ys = out
        pairs = zip(*map(jax.tree.leaves, ((ys, carry), sample.weights)), strict=True)
        return sum(jnp.vdot(a.astype(b.dtype), b) for a, b in pairs), out

    grads, out = jax.grad(loss, has_aux=True)(sample.point)
    return out, grads


def assert_close(ours, theirs, tol):
    """Compare leaf by leaf, relative to the largest number of each."""
    pairs = zip(jax.tree.leaves_with_path(ours), jax.tree.leaves(theirs), strict=True)
    for (path, ours_leaf), wanted in pairs:
        assert ours_leaf.shape == wanted.shape and ours_leaf.dtype == wanted.dtype
        scale = float(jnp.abs(wanted).max()) if wanted.size else 0.0
        np.testing.assert_allclose(
            ours_leaf.astype(jnp.float32), wanted.astype(jnp.float32), rtol=0,
            atol=tol * max(scale, 1e-3), err_msg=jax.tree_util.keystr(path),
        )  # fmt: skip
