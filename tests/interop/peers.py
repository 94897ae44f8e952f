"""What the tests of ``jlstm.interop`` share: peers, golden files, one small network.

A peer is compared twice: its golden file, which ``make_golden`` wrote with it, always,
and the peer itself where it is installed. JLSTM_REQUIRE_PEERS=1 makes the absence of a
peer fail. Weights and inputs are waves, which every machine makes alike, so a golden
file holds only what the peer computed from them.
"""

import contextlib
import importlib
import importlib.metadata
import os
from functools import partial
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import Bidirectional, BidirectionalParams, Recurrent, Stack

GOLDEN = Path(__file__).parent / "golden"
STEPS, ROWS, INPUT_SIZE, HIDDEN_SIZE = 4, 3, 2, 3
LENGTHS = (4, 2, 3)


def need(name, load=True):
    """Return a peer, imported if ``load``, or skip with the reason."""
    os.environ.setdefault("KERAS_BACKEND", "jax")  # its own choice is not installed
    try:
        return (
            importlib.import_module(name) if load else importlib.metadata.version(name)
        )
    except ImportError as error:
        if os.environ.get("JLSTM_REQUIRE_PEERS") == "1":
            pytest.fail(f"JLSTM_REQUIRE_PEERS=1, but {error}", pytrace=False)
        pytest.skip(f"{name} is not installed: nothing is compared with it live")


@contextlib.contextmanager
def usual_jax():
    """JAX as a peer expects it: its usual promotion of dtypes and ranks."""
    with (
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.debug_key_reuse(False),
    ):
        yield


def wave(shape, phase):
    """Return numbers between -0.7 and 0.7 of which no two in a weight are equal."""
    return 0.7 * np.sin(phase + 1.7 * np.arange(np.prod(shape))).reshape(shape)


def waves(shapes, phase=1.0):
    """Return a wave for every shape, each with a phase of its own."""
    return [wave(shape, phase + 0.37 * n) for n, shape in enumerate(shapes)]


def inputs(features=INPUT_SIZE):
    """Return a padded batch, time first; what lies beyond a length is not zero."""
    return 2 * wave((STEPS, ROWS, features), 0.5)


def loss_weights(shape):
    """Return what each output counts in the loss whose gradients are compared."""
    return np.cos(np.arange(np.prod(shape))).reshape(shape)


def within_lengths():
    """Say which steps of which rows count."""
    return np.arange(STEPS)[:, None] < np.array(LENGTHS)


def golden(peer):
    """Map a case to the numbers in the golden file of a peer."""
    with np.load(GOLDEN / f"{peer}.npz") as file:
        return dict(file)


def flat(arrays):
    """Join arrays to one vector, as a golden file keeps them."""
    return np.concatenate([np.ravel(array) for array in arrays])


def require_close(ours, theirs, tol=1e-11):
    """Require that our arrays are the numbers of a vector, in order."""
    ours = [np.asarray(array) for array in ours]
    assert sum(array.size for array in ours) == theirs.size
    ends = np.cumsum([array.size for array in ours])[:-1]
    for n, (mine, yours) in enumerate(zip(ours, np.split(theirs, ends), strict=True)):
        np.testing.assert_allclose(
            mine.ravel(), yours, rtol=tol, atol=tol, err_msg=f"output {n}"
        )


def require_same(tree, other):
    """Require the same structure and the same bits."""
    chex.assert_trees_all_equal(tree, other)


@partial(jax.jit, static_argnums=0)
def run(layer, params, xs):
    """Return our outputs and the leaves of the last carry for the padded batch."""
    carry, ys = layer.apply(params, jnp.asarray(xs), lengths=jnp.asarray(LENGTHS))
    return [ys, *jax.tree.leaves(carry)]


def shapes_of(layer):
    """Return parameters of zeros, for what fails before their numbers count."""
    drawn = jax.eval_shape(lambda: layer.init(jax.random.key(0), INPUT_SIZE))
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), drawn)


def network(parts):
    """Make the network of cells that a peer's cells are compared in.

    ``parts`` are three pairs of cell and parameters: forward and backward below, and
    one above that reads both.
    """
    (forward, left), (backward, right), (top, above) = parts
    layer = Stack((Bidirectional(forward, backward), Recurrent(top)))
    return layer, (BidirectionalParams(left, right), above)


def run_steps(step, weights, states):
    """Run the network of three cells of a peer on the padded batch.

    Args:
        step: from weights, a carry and an input to a carry and an output, for a batch.
            A carry is a tuple whose order is ours.
        weights: of each of the three cells; a pytree.
        states: how many arrays a carry has.

    Returns:
        What :func:`run` returns for the network of ours.
    """
    with usual_jax():
        outputs = jax.jit(_network_of(step, states))
        return flat(outputs(weights, jnp.asarray(inputs())))


def differentiate_steps(step, weights, states):
    """Return the gradient of the inputs; the arguments are those of `run_steps`."""
    with usual_jax():
        outputs = _network_of(step, states)
        grad = jax.jit(jax.grad(lambda xs: loss_of(outputs(weights, xs))))
        return np.ravel(grad(jnp.asarray(inputs())))


def loss_of(outputs):
    """Sum outputs, each number with a weight of its own."""
    return sum(jnp.sum(out * loss_weights(out.shape)) for out in outputs)


def _network_of(step, states):
    zeros = (jnp.zeros((ROWS, HIDDEN_SIZE)),) * states

    def outputs(weights, xs):
        left, forward = _over_time(step, weights[0], zeros, xs)
        right, backward = _over_time(step, weights[1], zeros, xs, reverse=True)
        below = jnp.concatenate([forward, backward], axis=-1)
        top, above = _over_time(step, weights[2], zeros, below)
        return [above, *left, *right, *top]

    return outputs


def _over_time(step, weights, zeros, xs, reverse=False):
    """Return the last carry and the outputs; a step beyond a length is not taken."""

    def one(carry, now):
        x, taken = now
        new, y = step(weights, carry, x)
        kept = [jnp.where(taken, *pair) for pair in zip(new, carry, strict=True)]
        return tuple(kept), jnp.where(taken, y, 0.0)

    now = xs, jnp.asarray(within_lengths())[..., None]
    return jax.lax.scan(one, zeros, now, reverse=reverse)
