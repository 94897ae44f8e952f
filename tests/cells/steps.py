"""One step of a cell on a small random sample."""

import jax
import jax.numpy as jnp
import numpy as np

from tests.zoo import random_like


def sample_of(cell, seed=0):
    """Draw parameters, a carry and an input of one step, none of them zero."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(
        lambda: (cell.init(jax.random.key(0), 2), cell.init_carry((4,)))
    )
    params, carry = random_like(shapes, rng)
    return params, carry, jnp.asarray(rng.standard_normal((4, 2)))


def step(cell, params, carry, x):
    return cell.step(params, carry, cell.project(params, x))
