"""Samples for the kernel and the two ways to run them: native, and the scan."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._backends import Call, Steps, named, run_call
from jlstm._backends.native.build import failure

needs_kernel = pytest.mark.skipif(
    failure() is not None, reason=f"no kernel to test: {failure()}"
)
CELLS = (jlstm.LSTMCell, jlstm.GRUCell)


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


def numbers(rng, shape):
    return jnp.asarray(rng.standard_normal(shape), jnp.float32)


def random_like(tree, rng):
    return jax.tree.map(lambda leaf: numbers(rng, leaf.shape), tree)


def draw(cell, steps, batch, inputs, live=False, resets=False, seed=0):
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(lambda: cell.init(jax.random.key(0), inputs))
    scale = cell.hidden_size**-0.5
    params = jax.tree.map(lambda leaf: scale * numbers(rng, leaf.shape), shapes)
    carry = jax.eval_shape(lambda: cell.init_carry(batch))
    carry, fresh = (random_like(carry, rng) for _ in range(2))
    flags = rng.random((2, steps, *batch)) < 0.6
    given = [
        jnp.asarray(flag) if wanted else None
        for flag, wanted in zip(flags, (live, resets), strict=True)
    ]
    point = Point(params, numbers(rng, (steps, *batch, inputs)), carry, fresh)
    weights = numbers(rng, (steps, *batch, cell.hidden_size)), random_like(carry, rng)
    return Sample(point, *given, weights)


def run(backend, cell, sample, reverse=False, checkpoint=None):
    params, xs, carry, fresh = sample.point
    steps = Steps(xs, sample.live, sample.resets)
    call = Call(cell, params, carry, fresh, steps, reverse, checkpoint=checkpoint)
    return run_call(named(backend).run, call)


def loss(backend, cell, sample, point, reverse=False):
    carry, ys = run(backend, cell, sample._replace(point=point), reverse)
    ours, theirs = jax.tree.leaves((ys, carry)), jax.tree.leaves(sample.weights)
    return sum(jnp.vdot(a, b) for a, b in zip(ours, theirs, strict=True))


@partial(jax.jit, static_argnums=(0, 1, 3))
def value_and_grad(backend, cell, sample, reverse=False):
    """Return the outputs, and the gradients of a loss that reads all of them."""
    out = run(backend, cell, sample, reverse)
    grads = jax.grad(lambda point: loss(backend, cell, sample, point, reverse))
    return out, grads(sample.point)


def assert_close(ours, theirs, tol=5e-6):
    """Compare leaf by leaf, relative to the largest number of each."""
    pairs = zip(jax.tree.leaves_with_path(ours), jax.tree.leaves(theirs), strict=True)
    for (path, ours_leaf), wanted in pairs:
        assert ours_leaf.shape == wanted.shape and ours_leaf.dtype == wanted.dtype
        scale = float(jnp.abs(wanted).max()) if wanted.size else 0.0
        np.testing.assert_allclose(
            ours_leaf, wanted, rtol=0, atol=tol * max(scale, 1e-3),
            err_msg=jax.tree_util.keystr(path),
        )  # fmt: skip
