"""A conditional random field as a module: its parameters and its functions."""

import jax
import jax.numpy as jnp
from flax import nnx

from jlstm.losses.crf import crf_decode, crf_nll, init_crf
from jlstm.nnx.crf import CRF
from jlstm.nnx.pooling import AttentionPooling, init_attention, pool_attention
from tests.zoo import assert_same

LENGTHS = jnp.array([5, 2])


def scores():
    return jax.random.normal(jax.random.key(1), (5, 2, 3), jnp.float32)


def test_a_field_is_its_functions_with_its_parameters():
    field = CRF(3, rngs=nnx.Rngs(0))
    params = field.pure_params()
    assert_same(params, init_crf(nnx.Rngs(0).params(), 3))
    tags = jnp.array([[0, 1], [2, 1], [1, 0], [0, 0], [2, 2]])

    def both():
        own = field.nll(scores(), tags, LENGTHS), field.decode(scores(), LENGTHS)
        wanted = crf_nll(params, scores(), tags, LENGTHS)
        return own, (wanted, crf_decode(params, scores(), LENGTHS))

    assert_same(*jax.jit(both)())


def test_so_is_a_pooling_by_attention():
    pool = AttentionPooling(3, 4, rngs=nnx.Rngs(0))
    params = pool.pure_params()
    assert_same(params, init_attention(nnx.Rngs(0).params(), 3, 4))
    assert_same(
        *jax.jit(lambda: (pool(scores(), LENGTHS),
                          pool_attention(params, scores(), LENGTHS)))()
    )  # fmt: skip
