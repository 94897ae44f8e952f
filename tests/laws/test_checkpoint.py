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
        pytest.param("lstm", 7, marks=pytest.mark.slow),
        ("reverse", "sqrt"),
        pytest.param("gru_before", "sqrt", marks=pytest.mark.slow),
        ("peephole", 2),
    ],
)
def test_every_mode_agrees(name, checkpoint):
    """Of 5 steps, chunks of 3 and 2 leave a rest and chunks of 7 are too long."""
    require_equal(ROW[name], checkpoint=checkpoint)


def test_unroll_agrees():
    """Turns of 4 steps leave a rest."""
    require_equal(ROW["lstm"], unroll=4)


def kept_for_the_backward_pass(layer, steps=100):
    """Count the numbers that a forward pass hands to its backward pass."""
    params = jax.eval_shape(lambda: layer.init(jax.random.key(0), 1))
    xs = jax.ShapeDtypeStruct((steps, 1), jnp.float32)

    def backward(params, xs):
        return jax.vjp(lambda params: layer.apply(params, xs)[1], params)[1]

    kept = jax.tree.leaves(jax.eval_shape(backward, params, xs))
    return sum(np.prod(leaf.shape) for leaf in kept)


@pytest.mark.parametrize("kind", [jlstm.Recurrent, jlstm.Bidirectional])
def test_checkpointing_keeps_less(kind):
    """A step of 8 units keeps 16 numbers of carry; all else is computed again."""
    layers = {c: kind(jlstm.LSTMCell(8), checkpoint=c) for c in (None, "step", "sqrt")}
    kept = {c: kept_for_the_backward_pass(layer) for c, layer in layers.items()}
    ways = 2 if kind is jlstm.Bidirectional else 1
    weights = 9 * 32 + 32
    chunks = ways * (10 * 16 + 100 + 2 * weights)
    assert kept["sqrt"] < chunks < kept["step"]
    assert 2 * kept["step"] < kept[None]
