"""Law: the rows of a batch know nothing of each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.zoo import FEW, MAIN, assert_close, assert_same, draw, each, measure, plain

OTHERS = np.array([0, 2])


def rows_of(measured, rows):
    """Return all that belongs to some rows: outputs, and gradients of inputs."""
    over_time = (measured.ys[:, rows], measured.grads.xs[:, rows])
    carries = (measured.carry, measured.grads.carry)
    return over_time, jax.tree.map(lambda leaf: leaf[rows], carries)


@each(MAIN, kinds=FEW)
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_spoilt_row_spoils_no_other(row, poison):
    sample = plain(draw(row), carry=True)
    spoilt = sample._replace(
        xs=sample.xs.at[1, 1].set(poison),
        carry=jax.tree.map(lambda leaf: leaf.at[1].set(poison), sample.carry),
    )
    measured = measure(row.layer, spoilt)
    assert not np.isfinite(measured.loss)
    assert_same(rows_of(measured, OTHERS), rows_of(measure(row.layer, sample), OTHERS))


@each(MAIN)
def test_options_of_a_row_change_no_other(row):
    sample = draw(row)
    changed = sample._replace(
        lengths=sample.lengths.at[1].set(1),
        mask=sample.mask.at[:, 1].set(jnp.arange(5) % 2 == 0),
        resets=sample.resets.at[:, 1].set(True),
    )
    before, after = measure(row.layer, sample), measure(row.layer, changed)
    assert_same(rows_of(after, OTHERS), rows_of(before, OTHERS))
    assert (before.ys[:, 1] != after.ys[:, 1]).any()


@each(MAIN)
def test_the_order_of_rows_does_not_matter(row):
    sample = draw(row)
    order = np.array([2, 0, 1])
    params, xs, carry, lengths, mask, resets = sample
    carry = jax.tree.map(lambda leaf: leaf[order], carry)
    moved = (params, xs[:, order], carry, lengths[order], mask[:, order])
    after = measure(row.layer, type(sample)(*moved, resets[:, order]))
    before = measure(row.layer, sample)
    assert_close(rows_of(after, np.arange(3)), rows_of(before, order))
    assert_close(after.grads.params, before.grads.params)
