"""Pooling is what numpy says of the steps within a row, and padding is not there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm.nnx.pooling import (
    AttentionParams,
    attention_weights,
    init_attention,
    pool_attention,
    pool_last,
    pool_max,
    pool_mean,
)
from tests.quick import quick

RNG = np.random.default_rng(0)
LENGTHS = np.array([5, 2, 0, 1])
YS = RNG.normal(size=(5, 4, 6))
PARAMS = AttentionParams(*(RNG.normal(size=s) for s in ((6, 3), (3,), (3,))))
WAYS = {
    "last": pool_last,
    "both ends": lambda ys, lengths: pool_last(ys, lengths, True),
    "max": pool_max,
    "mean": pool_mean,
    "attention": lambda ys, lengths: pool_attention(as_jax(PARAMS), ys, lengths),
}


def as_jax(params):
    return jax.tree.map(jnp.asarray, params)


def by_hand(way, row):
    if not len(row):
        return np.zeros(6)
    if way == "attention":
        scores = np.tanh(row @ PARAMS.w + PARAMS.b) @ PARAMS.query
        return np.exp(scores) @ row / np.exp(scores).sum()
    return {
        "last": row[-1],
        "both ends": np.concatenate([row[-1, :3], row[0, 3:]]),
        "max": row.max(0),
        "mean": row.mean(0),
    }[way]


@pytest.mark.parametrize("way", WAYS)
def test_a_row_is_pooled_over_its_own_steps(way):
    pooled = WAYS[way](jnp.asarray(YS), jnp.asarray(LENGTHS))
    wanted = [by_hand(way, YS[:n, b]) for b, n in enumerate(LENGTHS)]
    np.testing.assert_allclose(pooled, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("way", quick(WAYS, 2))
def test_padding_moves_neither_value_nor_gradient(way):
    within = np.arange(5)[:, None] < LENGTHS
    dirty = jnp.asarray(np.where(within[..., None], YS, np.nan))
    weight = jnp.asarray(RNG.normal(size=(4, 6)))

    def score(ys):
        return jnp.sum(weight * WAYS[way](ys, jnp.asarray(LENGTHS)))

    value, grad = jax.value_and_grad(score)(dirty)
    np.testing.assert_allclose(value, score(jnp.asarray(YS)), rtol=1e-12)
    assert np.isfinite(grad).all() and not grad[~within].any()
    np.testing.assert_allclose(grad, jax.grad(score)(jnp.asarray(YS)), rtol=1e-12)


def test_attention_weights_are_shares_of_the_steps_of_a_row():
    weights = np.asarray(
        attention_weights(as_jax(PARAMS), jnp.asarray(YS), jnp.asarray(LENGTHS))
    )
    np.testing.assert_allclose(weights.sum(0), [1, 1, 0, 1])
    assert (weights > 0).sum(0).tolist() == LENGTHS.tolist()


def test_attention_begins_with_no_bias():
    params = init_attention(jax.random.key(0), 6, 3, jnp.float32)
    assert [p.shape for p in params] == [(6, 3), (3,), (3,)]
    assert params.b.dtype == jnp.float32 and not params.b.any()
    assert params.query.all()
