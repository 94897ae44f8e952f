"""Samples for the kernel and the two ways to run them: native, and the scan."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm._backends import Call, Steps, named, run_call
from jlstm._backends.native.generated import run_generated
from jlstm._backends.native.library import failure

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
    """A point, flags over time, weights for the outputs in a loss, and noise."""

    point: Point
    live: Any
    resets: Any
    weights: Any
    key: Any = None


def numbers(rng, shape):
    return jnp.asarray(rng.standard_normal(shape), jnp.float32)


def random_like(tree, rng):
    return jax.tree.map(lambda leaf: numbers(rng, leaf.shape), tree)


def draw(
    cell, steps, batch, inputs, live=False, resets=False, seed=0, key=None, legal=None
):
    """Draw a sample; ``legal`` makes of any carry one that the cell could have made."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(lambda: cell.init(jax.random.key(0), inputs))
    scale = cell.hidden_size**-0.5
    params = jax.tree.map(lambda leaf: scale * numbers(rng, leaf.shape), shapes)
    types = jax.eval_shape(lambda: cell.init_carry(batch))
    carry, fresh = (random_like(types, rng) for _ in range(2))
    if legal is not None:
        carry, fresh = legal(carry), legal(fresh)
    flags = rng.random((2, steps, *batch)) < 0.6
    given = [
        jnp.asarray(flag) if wanted else None
        for flag, wanted in zip(flags, (live, resets), strict=True)
    ]
    point = Point(params, numbers(rng, (steps, *batch, inputs)), carry, fresh)
    weights = numbers(rng, (steps, *types.h.shape)), random_like(types, rng)
    return Sample(point, *given, weights, key)


def call_of(cell, sample, reverse=False, checkpoint=None):
    """Return the call that ``unroll`` makes of a sample."""
    params, xs, carry, fresh = sample.point
    once, each = (None, None) if sample.key is None else jax.random.split(sample.key)
    params = cell.prepare(params, jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype), once)
    keys = None if each is None else jax.random.split(each, len(xs))
    steps = Steps(xs, sample.live, sample.resets, keys)
    return Call(cell, params, carry, fresh, steps, reverse, checkpoint=checkpoint)


def run(backend, cell, sample, reverse=False, checkpoint=None):
    """Run a sample; the kernel or nothing where it is asked for, not the scan."""
    runs = run_generated if backend == "native" else named(backend).run
    return run_call(runs, call_of(cell, sample, reverse, checkpoint))


def loss_and_outputs(backend, cell, sample, point, reverse=False):
    out = carry, ys = run(backend, cell, sample._replace(point=point), reverse)
    ours, theirs = jax.tree.leaves((ys, carry)), jax.tree.leaves(sample.weights)
    pairs = zip(ours, theirs, strict=True)
    return sum(jnp.vdot(a.astype(b.dtype), b) for a, b in pairs), out


def loss(backend, cell, sample, point, reverse=False):
    return loss_and_outputs(backend, cell, sample, point, reverse)[0]


@partial(jax.jit, static_argnums=(0, 1, 3))
def value_and_grad(backend, cell, sample, reverse=False):
    """Return the outputs, and the gradients of a loss that reads all of them."""

    def scored(point):
        return loss_and_outputs(backend, cell, sample, point, reverse)

    grads, out = jax.grad(scored, has_aux=True)(sample.point)
    return out, grads


@partial(jax.jit, static_argnums=(0, 1, 3))
def value(backend, cell, sample, reverse=False):
    """Return the outputs where no gradient is asked for: nothing is kept for one."""
    return run(backend, cell, sample, reverse)


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
