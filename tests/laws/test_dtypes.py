"""Law: bfloat16 stays near float64, and its parameters are the rounded ones."""

import chex
import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.affine import affine
from jlstm._internal.tree import cast
from tests.zoo import FEW, MAIN, assert_same, draw, each, outputs, run


def widened(sample):
    return sample._replace(
        params=cast(sample.params, jnp.float64),
        xs=sample.xs.astype(jnp.float64),
        carry=cast(sample.carry, jnp.float64),
    )


@each(MAIN, kinds=FEW)
def test_bfloat16_stays_near_float64(row):
    coarse = draw(row, dtype=jnp.bfloat16)
    carry, ys = run(row.layer, coarse)
    assert {leaf.dtype for leaf in jax.tree.leaves(carry)} == {jnp.dtype(jnp.bfloat16)}
    assert ys.dtype == jnp.bfloat16
    fine = outputs(row, widened(coarse))
    assert np.abs(fine[1]).max() > 0.1
    chex.assert_trees_all_close((carry, ys), fine, rtol=1e-7, atol=0.03)


@each(MAIN, kinds=FEW)
def test_bfloat16_params_are_the_rounded_float32_params(row):
    fine, coarse = (
        row.layer.init(jax.random.key(0), row.input_size, dtype)
        for dtype in (jnp.float32, jnp.bfloat16)
    )
    assert_same(coarse, cast(fine, jnp.bfloat16))


def test_16_bit_sums_are_kept_in_float32():
    """A sum of ones that is itself in bfloat16 stops at 256."""
    ones = jnp.ones((1, 1000), jnp.bfloat16)
    assert affine(ones, jnp.ones((1000, 1), jnp.bfloat16)).item() == 1000
