"""Law: after a reset everything is as if nothing had been before."""

import jax
import jax.numpy as jnp
import numpy as np

from tests.zoo import MAIN, assert_close, draw, each, measure, plain

ONE_WAY = tuple(row for row in MAIN if row.direction != "both")
BOTH_WAYS = tuple(row for row in MAIN if row.name == "bidirectional_concat")
STEPS = np.arange(5)[:, None]


def fresh_at_start(row, sample):
    """Start where the cell starts by itself, which is not zero for all of them."""
    if row.direction == "both":
        return sample
    start = {"forward": 0, "backward": -1}[row.direction]
    return sample._replace(resets=sample.resets.at[start].set(True))


@each(MAIN)
def test_a_reset_cuts_a_sequence_in_two(row):
    """Values and gradients are the sum of two runs, each of which sees one piece.

    Each row is cut elsewhere. No gradient crosses the cut, since in the runs of the
    pieces there is nothing for it to cross.
    """
    sample = fresh_at_start(row, plain(draw(row)))
    cut = np.array([1, 2, 4])
    begin = cut - 1 if row.direction == "backward" else cut
    both = sample._replace(resets=sample.resets | jnp.asarray(begin == STEPS))
    whole = measure(row.layer, both, 0.0)
    first = measure(row.layer, sample._replace(mask=jnp.asarray(cut > STEPS)), 0.0)
    second = measure(row.layer, sample._replace(mask=jnp.asarray(cut <= STEPS)), 0.0)
    assert_close(whole.ys, first.ys + second.ys)
    total = jax.tree.map(jnp.add, first.grads[:2], second.grads[:2])
    assert_close(whole.grads[:2], total)
    uncut = measure(row.layer, sample, 0.0)
    assert not np.allclose(uncut.ys, whole.ys)


@each(ONE_WAY)
def test_a_reset_at_the_start_hides_the_given_carry(row):
    sample = fresh_at_start(row, plain(draw(row), carry=True))
    grads = measure(row.layer, sample).grads.carry
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(grads))


@each(BOTH_WAYS)
def test_a_reset_at_step_0_leaves_the_given_backward_carry(row):
    """It says that a segment begins there, not that the last one ends with xs."""
    sample = plain(draw(row), carry=True)
    sample = sample._replace(resets=sample.resets.at[0].set(True))
    grads = measure(row.layer, sample).grads.carry
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(grads.forward))
    assert all(np.any(leaf) for leaf in jax.tree.leaves(grads.backward))


@each(MAIN)
def test_a_reset_at_each_step_leaves_no_memory(row):
    """Every step is then a step from the fresh carry: a map of its input alone."""
    sample = plain(draw(row))
    sample = sample._replace(
        xs=jnp.broadcast_to(sample.xs[:1], sample.xs.shape),
        resets=jnp.ones_like(sample.resets),
    )
    ys = measure(row.layer, sample).ys
    assert_close(ys, jnp.broadcast_to(ys[:1], ys.shape))
    assert np.abs(ys).max() > 0.01
