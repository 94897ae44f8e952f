"""Law: a reverse pass is the forward pass over the flipped sequence, flipped back."""

import jax.numpy as jnp
import numpy as np

from jlstm import BidirectionalParams, Recurrent
from tests.zoo import LAYERS, MAIN_CELLS, assert_close, draw, each, outputs, run

BOTH_WAYS = tuple(row for row in LAYERS if row.name.startswith("bidirectional"))


def as_mask(sample):
    """Say what ``lengths`` says by ``mask``, which can be flipped."""
    steps = len(sample.xs)
    within = np.arange(steps)[:, None] < np.asarray(sample.lengths)
    return sample._replace(
        lengths=jnp.full_like(sample.lengths, steps),
        mask=sample.mask & within,
        resets=sample.resets & within,
    )


def flip(sample):
    names = ("xs", "mask", "resets")
    return sample._replace(**{n: jnp.flip(getattr(sample, n), 0) for n in names})


@each(MAIN_CELLS)
def test_reverse_is_forward_between_two_flips(row):
    sample = draw(row)
    carry, ys = outputs(row, flip(as_mask(sample)))
    assert_close(
        run(Recurrent(row.cell, reverse=True), sample), (carry, jnp.flip(ys, 0))
    )


def mirror(sample):
    """Exchange the directions; a segment then begins where it ended."""
    swap = lambda pair: BidirectionalParams(pair.backward, pair.forward)  # noqa: E731
    ends = jnp.roll(sample.resets, -1, axis=0).at[-1].set(False)
    return flip(
        sample._replace(
            params=swap(sample.params), carry=swap(sample.carry), resets=ends
        )
    )


@each(BOTH_WAYS)
def test_bidirectional_has_no_preferred_direction(row):
    sample = as_mask(draw(row))
    sample = sample._replace(resets=sample.resets.at[0].set(False))
    assert sample.resets.any()
    carry, ys = outputs(row, sample)
    mirrored, zs = outputs(row, mirror(sample))
    if row.layer.merge == "concat":
        zs = jnp.roll(zs, 3, axis=-1)
    assert_close(jnp.flip(zs, 0), ys)
    assert_close(BidirectionalParams(mirrored.backward, mirrored.forward), carry)
