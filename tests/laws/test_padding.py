"""Law: what stands in padding is invisible, in values and in gradients."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests import oracle
from tests.zoo import FEW, MAIN, assert_same, draw, each, measure


def live_steps(sample):
    return oracle.flags(sample.xs, *map(np.asarray, sample[3:]))[0]


def over_features(live, xs):
    return live.reshape(live.shape + (1,) * (xs.ndim - live.ndim))


@each(MAIN, kinds=FEW)
@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e300])
def test_padding_is_invisible(row, garbage):
    sample = draw(row)
    live = live_steps(sample)
    assert (~live).sum() > 3
    spoilt = sample._replace(
        xs=jnp.where(over_features(live, sample.xs), sample.xs, garbage)
    )
    measured = measure(row.layer, spoilt)
    assert_same(measured, measure(row.layer, sample))
    assert (measured.grads.xs[~live] == 0).all()
    assert (measured.ys[~live] == 0).all()


@each(MAIN)
def test_resets_beyond_the_length_are_invisible(row):
    sample = draw(row)
    within = np.arange(len(sample.xs))[:, None] < np.asarray(sample.lengths)
    spoilt = sample._replace(resets=sample.resets | ~within)
    assert (spoilt.resets != sample.resets).any()
    assert_same(measure(row.layer, spoilt), measure(row.layer, sample))


@each(MAIN)
def test_lengths_are_a_mask(row):
    sample = draw(row)
    within = np.arange(len(sample.xs))[:, None] < np.asarray(sample.lengths)
    masked = sample._replace(
        lengths=jnp.full_like(sample.lengths, len(sample.xs)),
        mask=sample.mask & within,
        resets=sample.resets & within,
    )
    assert_same(measure(row.layer, masked), measure(row.layer, sample))
