"""Law: the shortest sequences are right: rows of length 0, one step, no step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from tests.zoo import (
    MAIN,
    MAIN_CELLS,
    as_dicts,
    ask_oracle,
    assert_close,
    assert_same,
    draw,
    each,
    measure,
    plain,
    run,
)


@each(MAIN)
def test_a_row_of_length_0_returns_its_carry(row):
    sample = plain(draw(row), carry=True)
    sample = sample._replace(lengths=jnp.array([5, 0, 2], jnp.int32))
    measured = measure(row.layer, sample)
    first = jax.tree.map(lambda leaf: leaf[1], (measured.carry, measured.grads.carry))
    assert_same(first[0], jax.tree.map(lambda leaf: leaf[1], sample.carry))
    assert (measured.ys[:, 1] == 0).all()
    assert (measured.grads.xs[:, 1] == 0).all()
    # The loss weighs the units of a carry by these, whatever the row.
    for leaf in jax.tree.leaves(first[1]):
        weights = np.cos(np.arange(leaf.shape[-1]))
        np.testing.assert_allclose(leaf, np.broadcast_to(weights, leaf.shape))


@each(MAIN)
def test_a_batch_of_length_0_has_no_gradient(row):
    sample = draw(row)._replace(lengths=jnp.zeros(3, jnp.int32))
    measured = measure(row.layer, sample)
    assert_same(measured.carry, sample.carry)
    grads = jax.tree.leaves(measured.grads[:2])
    assert not any(np.any(leaf) for leaf in [measured.ys, *grads])


@each(MAIN)
def test_no_step_at_all_returns_the_carry(row):
    sample = draw(row, steps=0)
    carry, ys = run(row.layer, sample)
    assert_same(carry, sample.carry)
    assert ys.shape[:2] == (0, 3)


@each(MAIN)
def test_one_step_is_the_oracle(row):
    sample = draw(row, steps=1)._replace(lengths=jnp.array([1, 0, 1], jnp.int32))
    carry, ys = run(row.layer, sample)
    assert_close((as_dicts(carry), np.asarray(ys)), ask_oracle(row, sample))


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("checkpoint", ["step", "sqrt", 3])
def test_the_shortest_sequences_can_be_checkpointed(steps, checkpoint):
    row = MAIN_CELLS[0]
    sample = draw(row, steps=steps)
    layer = jlstm.Recurrent(row.cell, checkpoint=checkpoint)
    assert_close(run(layer, sample), run(row.layer, sample))
