"""Regularisers: rates, scales, what shares a mask, and the numbers of the penalties."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import Bidirectional, GRUCell, LSTMCell, Recurrent, Stack
from jlstm.regularizers import (
    activation_penalty,
    dropout,
    embedding_dropout,
    max_norm,
    temporal_penalty,
    weight_drop,
    weight_penalty,
)
from tests.zoo import assert_same

KEY = 5


def key():
    return jax.random.key(KEY)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_zeroes_a_share_and_scales_the_rest(rate):
    x = jnp.full((200, 100), 3.0)
    dropped = np.asarray(dropout(x, rate, key()))
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], 3.0 / (1 - rate))
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)
    # The expectation is the input.
    assert abs(dropped.mean() - 3) < 15 * np.sqrt(rate / (1 - rate) / x.size)


def test_without_key_or_rate_nothing_happens():
    x = jnp.arange(6.0).reshape(2, 3)
    assert dropout(x, 0.5, None) is x
    assert dropout(x, 0.0, key()) is x


@pytest.mark.parametrize("shared", [(), (0,), (-1,), (0, 2)])
def test_the_mask_is_one_along_shared_axes_alone(shared):
    dropped = np.asarray(dropout(jnp.ones((7, 8, 9)), 0.5, key(), shared_axes=shared))
    along = {axis % 3 for axis in shared}
    for axis in range(3):
        first = np.take(dropped, [0], axis=axis)
        assert (dropped == first).all() == (axis in along)


def test_an_axis_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"^dropout: shared_axes is \(2,\)"):
        dropout(jnp.ones((2, 3)), 0.5, key(), shared_axes=(2,))


@pytest.mark.long
def test_gradients_pass_where_values_do():
    x = jnp.ones((50,))
    grad = jax.grad(lambda x: dropout(x, 0.75, key()).sum())(x)
    np.testing.assert_array_equal(grad, dropout(x, 0.75, key()))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_dropout_keeps_the_dtype(dtype):
    assert dropout(jnp.ones(4, dtype), 0.5, key()).dtype == dtype


@pytest.mark.parametrize("rate", [1.0, -0.1, 1.5, float("nan")])
def test_a_rate_is_a_probability(rate):
    wanted = f"dropout: rate is {rate}; give a probability in [0, 1)."
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        dropout(jnp.ones(3), rate, None)


@pytest.mark.long
def test_embedding_dropout_drops_whole_words():
    table = jnp.arange(1.0, 2001.0).reshape(1000, 2)
    dropped = np.asarray(embedding_dropout(table, 0.2, key()))
    gone = (dropped == 0).all(axis=1)
    np.testing.assert_allclose(dropped[~gone], table[~gone] / 0.8)
    assert abs(gone.mean() - 0.2) < 5 * np.sqrt(0.16 / 1000)


@pytest.mark.long
def test_weight_drop_takes_recurrent_weights_alone():
    shapes = jax.eval_shape(lambda: LSTMCell(20).init(jax.random.key(0), 4))
    params = jax.tree.map(lambda leaf: jnp.full(leaf.shape, 3.0), shapes)
    dropped = weight_drop(params, 0.3, key())
    assert_same(dropped._replace(w_hh=params.w_hh), params)
    kept = np.asarray(dropped.w_hh != 0)
    np.testing.assert_allclose(dropped.w_hh[kept], params.w_hh[kept] / 0.7, rtol=1e-6)
    assert abs(kept.mean() - 0.7) < 5 * np.sqrt(0.21 / kept.size)
    assert weight_drop(params, 0.3, None).w_hh is params.w_hh


@pytest.mark.long
def test_weight_drop_finds_the_weights_of_every_layer():
    layer = Stack((Recurrent(GRUCell(8)), Bidirectional(LSTMCell(8))))
    shapes = jax.eval_shape(lambda: layer.init(jax.random.key(0), 4))
    params = jax.tree.map(lambda leaf: jnp.ones(leaf.shape), shapes)
    lower, upper = weight_drop(params, 0.5, key())
    masks = [w == 0 for w in (lower.w_hh, upper.forward.w_hh, upper.backward.w_hh)]
    assert all(0.3 < mask.mean() < 0.7 for mask in masks)
    assert (masks[1] != masks[2]).any()
    assert (upper.forward.w_ih == params[1].forward.w_ih).all()


def test_penalties_are_those_of_the_formulas():
    ys = np.random.default_rng(0).standard_normal((5, 3, 4))
    squares, changes = 0.0, 0.0
    for t in range(5):
        squares += np.sum(ys[t] ** 2) / ys.size
        if t:
            changes += np.sum((ys[t] - ys[t - 1]) ** 2) / ys[1:].size
    np.testing.assert_allclose(activation_penalty(jnp.asarray(ys)), squares)
    np.testing.assert_allclose(temporal_penalty(jnp.asarray(ys)), changes)


@pytest.mark.long
def test_one_step_changes_nowhere():
    """A last window of one step must not make the whole loss NaN."""
    value, grad = jax.value_and_grad(temporal_penalty)(jnp.ones((1, 2, 3)))
    assert value == 0
    assert not grad.any()


@pytest.mark.long
def test_the_penalty_is_the_sum_of_squares_of_the_weights_named():
    params = Stack((Recurrent(LSTMCell(3)), Bidirectional(GRUCell(4)))).init(key(), 2)
    both = [params[0], params[1].forward, params[1].backward]
    for names in (("w_hh",), ("w_ih", "w_hh"), ("b",)):
        wanted = sum(float((getattr(p, n) ** 2).sum()) for p in both for n in names)
        np.testing.assert_allclose(weight_penalty(params, names), wanted, rtol=1e-6)
    with pytest.raises(ValueError, match="no weight is named w_xy; the tree has b, "):
        weight_penalty(params, ("w_xy",))


@pytest.mark.long
def test_the_norm_is_held_where_it_is_too_large_alone():
    params = LSTMCell(5).init(key(), 2)
    held = max_norm(params, 0.9, ("w_hh", "w_ih"))
    for old, new in zip(params[:2], held[:2], strict=True):
        before, after = (np.linalg.norm(w, axis=0) for w in (old, new))
        np.testing.assert_allclose(after, np.minimum(before, 0.9), rtol=1e-6)
        small = before < 0.9
        np.testing.assert_allclose(new[:, small], old[:, small], rtol=1e-6)
    np.testing.assert_array_equal(held.b, params.b)
    zero = max_norm(params._replace(w_hh=jnp.zeros_like(params.w_hh)), 0.9)
    assert not np.any(zero.w_hh)
    with pytest.raises(ValueError, match=r"max_norm: limit is 0\.0; give a positive"):
        max_norm(params, 0.0)
