"""Attention: the formulas of the papers in numpy, and no weight on padding."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.nnx.attention import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    attend,
    make_attention,
    remember,
)
from tests.quick import quick

STEPS, ROWS, SIZE = 5, 3, 4
LENGTHS = np.array([5, 2, 0])
KINDS = {
    "additive": AdditiveAttention(6),
    "dot": DotAttention(),
    "general": GeneralAttention(),
}


def draw(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).normal(size=shape)


def make_params(kind):
    drawn = KINDS[kind].init(jax.random.key(0), SIZE, SIZE, jnp.float64)
    return jax.tree.map(lambda leaf: jnp.asarray(draw(*leaf.shape, seed=7)), drawn)


def in_numpy(kind, params, values, length, query):
    """Return the mean value and the weights of one row, a position at a time."""
    if kind == "additive":
        scores = [
            params.v @ np.tanh(v @ params.w_key + query @ params.w_query + params.b)
            for v in values[:length]
        ]
    elif kind == "general":
        scores = [query @ (v @ params.w_key) for v in values[:length]]
    else:
        scores = [query @ v for v in values[:length]]
    weights = np.exp(scores) / np.sum(np.exp(scores))
    return weights @ values[:length], weights


@pytest.mark.parametrize("kind", KINDS)
def test_the_formula(kind):
    params, values = make_params(kind), draw(STEPS, ROWS, SIZE)
    query = draw(ROWS, SIZE)
    attention = KINDS[kind]
    memory = remember(attention, params, jnp.asarray(values), jnp.asarray(LENGTHS))
    context, weights = attend(attention, params, memory, jnp.asarray(query))
    for row, length in enumerate(LENGTHS[:2]):
        mean, own = in_numpy(kind, params, values[:, row], length, query[row])
        np.testing.assert_allclose(context[row], mean, rtol=1e-10)
        np.testing.assert_allclose(weights[:length, row], own, rtol=1e-10)
        assert not weights[length:, row].any()
    assert not context[2].any() and not weights[:, 2].any()


@pytest.mark.long
@pytest.mark.parametrize("kind", quick(KINDS))
def test_padding_changes_no_value_and_no_gradient(kind):
    attention, params, query = KINDS[kind], make_params(kind), draw(ROWS, SIZE)
    clean = draw(STEPS, ROWS, SIZE)
    dirty = clean.copy()
    for row, length in enumerate(LENGTHS):
        dirty[length:, row] = np.nan

    def total(params, values, query):
        memory = remember(attention, params, values, jnp.asarray(LENGTHS))
        return jnp.sum(attend(attention, params, memory, query)[0] ** 2)

    run = jax.value_and_grad(total, argnums=(0, 1, 2))
    expected = run(params, jnp.asarray(clean), jnp.asarray(query))
    found = run(params, jnp.asarray(dirty), jnp.asarray(query))
    chex.assert_trees_all_equal(found, expected)
    assert not found[1][1][1][2:, 1].any()


@pytest.mark.parametrize("kind", KINDS)
def test_several_queries_a_row(kind):
    attention, params = KINDS[kind], make_params(kind)
    values, queries = jnp.asarray(draw(STEPS, ROWS, SIZE)), draw(ROWS, 2, SIZE)
    memory = remember(attention, params, values, jnp.asarray(LENGTHS))
    found = attend(attention, params, memory.for_beams(), jnp.asarray(queries))
    for beam in range(2):
        query = jnp.asarray(queries[:, beam])
        context, weights = attend(attention, params, memory, query)
        np.testing.assert_allclose(found[0][:, beam], context, rtol=1e-12)
        np.testing.assert_allclose(found[1][:, :, beam], weights, rtol=1e-12)


def test_dot_attention_needs_one_size():
    with pytest.raises(ValueError, match="queries have 3 features and values 4"):
        DotAttention().init(jax.random.key(0), 3, 4)


def test_a_name_makes_an_attention():
    names = {name: make_attention(name, 6) for name in KINDS}
    assert names == KINDS and make_attention("none", 6) is None
