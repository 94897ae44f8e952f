"""Flax's Linear and Embed in the dtype of what they are given."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jlstm.initializers import Glorot
from jlstm.nnx.dense import Dense, Embedding
from tests.messages import message_of

X, Y = 64, 88
NARROW = jnp.bfloat16


def drawn(block, dtype):
    """Draw all parameters of one of Flax's or our blocks, bias included."""
    bias = nnx.initializers.normal(1.0)
    make = {"kernel_init": Glorot(), "bias_init": bias, "param_dtype": dtype}
    return block(X, Y, rngs=nnx.Rngs(0), **make)


def test_parameters_are_those_of_flax():
    own, theirs = drawn(Dense, jnp.float32), drawn(nnx.Linear, jnp.float32)
    states = (nnx.to_pure_dict(nnx.state(each)) for each in (own, theirs))
    assert jax.tree.all(jax.tree.map(jnp.array_equal, *states))
    xs = jax.random.normal(jax.random.key(1), (5, X), jnp.float32)
    np.testing.assert_array_equal(own(xs), theirs(xs))


def test_in_16_bits_the_bias_is_added_before_rounding():
    """So that the result is the rounded one of the exact sum; Flax rounds twice."""
    own, theirs = drawn(Dense, NARROW), drawn(nnx.Linear, NARROW)
    xs = jax.random.normal(jax.random.key(1), (256, X), jnp.float32).astype(NARROW)
    x, w, b = (np.asarray(a, np.float64) for a in (xs, own.kernel, own.bias))
    errors = [
        np.abs(np.asarray(each(xs), np.float64) - (x @ w + b)).mean()
        for each in (own, theirs)
    ]
    assert own(xs).dtype == NARROW and 1.2 * errors[0] < errors[1]


def test_the_dtype_is_that_of_the_input_and_a_bias_may_be_left_out(unchecked):
    wide = Dense(2, 3, use_bias=False, rngs=nnx.Rngs(0))
    xs = jnp.ones((4, 2), NARROW)
    assert wide(xs).dtype == NARROW and wide.bias is None
    np.testing.assert_allclose(
        wide(xs.astype(jnp.float32)), wide.kernel[...].sum(0)[None].repeat(4, 0), 1e-6
    )
    text = message_of(ValueError, lambda: wide(jnp.ones((4, 3), jnp.float32)))
    assert text.startswith("The input has 3 features on its last axis, the weights")


def test_a_table_that_was_cast_gives_rows_of_its_new_dtype():
    table = Embedding(5, 3, rngs=nnx.Rngs(0))
    tokens = jnp.array([[4, 0], [2, 4]])
    np.testing.assert_array_equal(table(tokens), np.asarray(table.embedding)[tokens])
    cast = jax.tree.map(lambda leaf: leaf.astype(NARROW), table)
    assert cast(tokens).dtype == NARROW
