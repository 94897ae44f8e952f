"""Draw what a row's layer is applied to: no number of it is zero."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

STEPS, ROWS_IN_BATCH = 5, 3


class Sample(NamedTuple):
    """What a layer is applied to."""

    params: Any
    xs: jax.Array
    carry: Any = None
    lengths: jax.Array | None = None
    mask: jax.Array | None = None
    resets: jax.Array | None = None


def random_like(tree, rng, dtype=jnp.float64, scale=0.5):
    """Fill every leaf with normals: biases, peepholes and carries are never zero."""
    return jax.tree.map(
        lambda leaf: jnp.asarray(scale * rng.standard_normal(leaf.shape), dtype), tree
    )


def random_params(row, rng, dtype=jnp.float64):
    """Draw the parameters of a row, none of them zero."""
    shapes = jax.eval_shape(lambda: row.layer.init(jax.random.key(0), row.input_size))
    return random_like(shapes, rng, dtype)


def random_carry(row, rng, batch, dtype=jnp.float64):
    """Draw a carry that steps of the row's cell could have made."""
    shapes = jax.eval_shape(lambda: row.layer.init_carry(batch))
    carry = random_like(shapes, rng, dtype)
    return carry if row.legal is None else row.legal(carry)


def draw(row, seed=0, steps=STEPS, batch=(ROWS_IN_BATCH,), dtype=jnp.float64):
    """Draw a sample that uses every option.

    Where the batch is the usual one its lengths are 5, 4 and 2, so every row has steps
    that count and two have padding; some steps are masked, some reset, of the third
    always two.
    """
    rng = np.random.default_rng(seed)
    lengths = np.resize([steps, steps - 1, steps // 2], batch)
    sample = Sample(
        params=random_params(row, rng, dtype),
        xs=jnp.asarray(rng.standard_normal((steps, *batch, *row.feature_shape)), dtype),
        carry=random_carry(row, rng, batch, dtype),
        lengths=jnp.asarray(lengths, jnp.int32),
        mask=jnp.asarray(rng.random((steps, *batch)) < 0.8),
        resets=jnp.asarray(rng.random((steps, *batch)) < 0.3),
    )
    return sample._replace(resets=sample.resets.at[2:3, :2].set(True))


def plain(sample, carry=False):
    """Return the sample whose options change nothing, in the same shapes.

    The carry is the one of the sample if ``carry`` holds, else zero.
    """
    steps, *batch = sample.mask.shape
    return sample._replace(
        carry=sample.carry if carry else jax.tree.map(jnp.zeros_like, sample.carry),
        lengths=jnp.full(batch, steps, jnp.int32),
        mask=jnp.ones((steps, *batch), bool),
        resets=jnp.zeros((steps, *batch), bool),
    )
