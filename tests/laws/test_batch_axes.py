"""Law: a batch has any number of axes, none included."""

import jax
import jax.numpy as jnp

from tests.zoo import FEW, MAIN, Sample, assert_close, draw, each, outputs, run

BATCH_AXIS = Sample(params=None, xs=1, carry=0, lengths=0, mask=1, resets=1)


def over_batch(function, *samples):
    """Apply ``function(axis, *leaves)`` to all but the params of the samples."""
    parts = {
        name: jax.tree.map(
            lambda *leaves, axis=axis: function(axis, *leaves),
            *(getattr(sample, name) for sample in samples),
        )
        for name, axis in BATCH_AXIS._asdict().items()
        if name != "params"
    }
    return samples[0]._replace(**parts)


@each(MAIN, kinds=FEW)
def test_two_batch_axes_are_two_batches(row):
    first = draw(row, 0)
    second = draw(row, 1)._replace(params=first.params)
    both = over_batch(lambda axis, *leaves: jnp.stack(leaves, axis), first, second)
    carry, ys = run(row.layer, both)
    for n, sample in enumerate((first, second)):
        part = jax.tree.map(lambda leaf, n=n: leaf[n], carry), ys[:, n]
        assert_close(part, outputs(row, sample))


@each(MAIN, kinds=FEW)
def test_no_batch_axis_is_one_row(row):
    sample = draw(row)
    carry, ys = outputs(row, sample)
    one = over_batch(lambda axis, leaf: leaf[:, 1] if axis else leaf[1], sample)
    assert one.xs.ndim == sample.xs.ndim - 1
    wanted = jax.tree.map(lambda leaf: leaf[1], carry), ys[:, 1]
    assert_close(run(row.layer, one), wanted)
