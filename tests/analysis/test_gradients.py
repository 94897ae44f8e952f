"""The gradient at every lag is that of jax.grad, and fades as the algebra says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import ConvLSTMCell, LSTMCell, RNNCell, unroll
from jlstm.analysis.gradients import gradients_by_lag, norms_by_lag
from jlstm.initializers import Chrono

STEPS = 5
NUMBERS = np.random.default_rng(3)


def normal(*shape):
    return jnp.asarray(NUMBERS.normal(size=shape))


def drawn(cell, shape):
    params = cell.init(jax.random.key(3), shape[-1], jnp.float64)
    return params, normal(STEPS, *shape)


def test_every_lag_agrees_with_jax_grad():
    cell = LSTMCell(3)
    params, xs = drawn(cell, (2, 2))
    start = jax.tree.map(lambda leaf: leaf + 0.3, cell.init_carry((2,), jnp.float64))
    along = normal(*start.h.shape)
    found = gradients_by_lag(cell, params, xs, along, start)

    def score(carry, rest):
        return (along * unroll(cell, params, rest, carry, backend="scan")[0].h).sum()

    held, _ = unroll(cell, params, xs[:2], start, backend="scan")
    for lag, carry in ((STEPS - 2, held), (STEPS, start)):
        wanted = jax.grad(score)(carry, xs[STEPS - lag :])
        for leaf, own in zip(found, wanted, strict=True):
            np.testing.assert_allclose(leaf[lag], own, rtol=1e-9, atol=1e-15)


def test_images_have_gradients_too():
    cell = ConvLSTMCell(2, input_shape=(4,), kernel_size=3)

    def norms():
        params, xs = drawn(cell, (3, 4, 1))
        along = jnp.ones((3, 4, 2), jnp.float64)
        return norms_by_lag(gradients_by_lag(cell, params, xs, along), rows=1)

    assert [leaf.shape for leaf in jax.eval_shape(norms)] == [(STEPS + 1, 3)] * 2


def test_norms_are_taken_over_all_but_lags_and_rows():
    cell = LSTMCell(3)
    params, xs = drawn(cell, (2, 2))
    found = gradients_by_lag(cell, params, xs, jnp.ones((2, 3), jnp.float64))
    norms = norms_by_lag(found, rows=1)
    assert norms.c.shape == (STEPS + 1, 2)
    np.testing.assert_allclose(norms.c, np.linalg.norm(found.c, axis=-1), rtol=1e-12)


@pytest.mark.parametrize("bias", [0.0, 1.0, 3.0])
def test_an_lstm_without_weights_forgets_by_its_forget_gate(bias):
    params, xs = drawn(LSTMCell(4, bias), (2,))
    small = params._replace(w_ih=1e-3 * params.w_ih, w_hh=1e-3 * params.w_hh)
    norms = norms_by_lag(gradients_by_lag(LSTMCell(4, bias), small, xs, jnp.ones(4)))
    slope = np.polyfit(np.arange(1, STEPS + 1), np.log(norms.c[1:]), 1)[0]
    np.testing.assert_allclose(slope, -np.log1p(np.exp(-bias)), rtol=0.05)


def test_with_chrono_each_unit_forgets_at_its_own_rate():
    cell = LSTMCell(4, Chrono(100))
    params, xs = drawn(cell, (2,))
    small = params._replace(w_ih=1e-3 * params.w_ih, w_hh=1e-3 * params.w_hh)
    found = gradients_by_lag(cell, small, xs, jnp.ones(4)).c
    gates = 1 / (1 + np.exp(-np.asarray(params.b[1])))
    np.testing.assert_allclose(found[5] / found[1], gates**4, rtol=0.05)
    assert gates.max() - gates.min() > 0.01


def test_a_scaled_orthogonal_map_shrinks_the_gradient_by_its_scale():
    cell = RNNCell(4, activation="identity")
    params, xs = drawn(cell, (2,))
    params = params._replace(w_hh=0.9 * params.w_hh)
    norms = norms_by_lag(gradients_by_lag(cell, params, xs, jnp.ones(4)))
    np.testing.assert_allclose(norms.h, 2 * 0.9 ** np.arange(STEPS + 1), rtol=1e-12)
