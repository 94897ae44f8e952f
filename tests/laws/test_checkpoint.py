"""Law: ``checkpoint`` and ``unroll`` change cost, never a value or a gradient."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from tests.zoo import MAIN, assert_close, draw, measure

ROW = {row.name: row for row in MAIN}


def require_equal(row, **options):
    sample = draw(row)
    changed = dataclasses.replace(row.layer, **options)
    assert_close(measure(changed, sample), measure(row.layer, sample))


@pytest.mark.parametrize(
    ("name", "checkpoint"),
    [
        ("lstm", "step"),
        ("lstm", 3),
        ("lstm", 7),
        ("reverse", "sqrt"),
        ("gru_before", "sqrt"),
        ("peephole", 2),
    ],
)
def test_every_mode_agrees(name, checkpoint):
    """Of 5 steps, chunks of 3 and 2 leave a rest and chunks of 7 are too long."""
    require_equal(ROW[name], checkpoint=checkpoint)


def test_unroll_agrees():
    """Turns of 4 steps leave a rest."""
    require_equal(ROW["lstm"], unroll=4)


def test_bidirectional_passes_its_options_on():
    require_equal(ROW["bidirectional_concat"], checkpoint=2, unroll=2)


def kept_for_the_backward_pass(checkpoint, steps=100):
    """Count the numbers that a forward pass hands to its backward pass."""
    cell = jlstm.LSTMCell(8)
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), 1))
    xs = jax.ShapeDtypeStruct((steps, 1), jnp.float32)

    def backward(params, xs):
        run = lambda p: jlstm.unroll(cell, p, xs, checkpoint=checkpoint)[1]  # noqa: E731
        return jax.vjp(run, params)[1]

    kept = jax.tree.leaves(jax.eval_shape(backward, params, xs))
    return sum(np.prod(leaf.shape) for leaf in kept)


def test_checkpointing_keeps_less():
    """A step of 8 units keeps 16 numbers of carry, and all else is computed again."""
    kept = {c: kept_for_the_backward_pass(c) for c in (None, "step", "sqrt", 50)}
    weights = 9 * 32 + 32
    assert kept["sqrt"] < 10 * 16 + 100 + 2 * weights < kept["step"]
    assert kept[50] < kept["sqrt"]
    assert 4 * kept["step"] < 2 * kept[None]
