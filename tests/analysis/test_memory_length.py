"""Lengths of memory: of curves with a known one, from gates and from gradients."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jlstm import RNNCell
from jlstm.analysis.gradients import gradients_by_lag
from jlstm.analysis.memory_length import (
    fall_lag,
    mean_lag,
    memory_lengths,
    time_constants,
)
from jlstm.cells.rnn import RNNParams

NUMBERS = np.random.default_rng(7)


def test_gates_give_the_constant_at_which_their_product_falls():
    gates = NUMBERS.uniform(0.2, 0.99, size=(6, 3, 2))
    found = time_constants(jnp.asarray(gates))
    kept = np.prod(gates, axis=(0, 1))
    np.testing.assert_allclose(np.exp(-18 / found), kept, rtol=1e-12)


def test_padding_does_not_count_as_forgetting():
    gates = jnp.asarray(NUMBERS.uniform(0.2, 0.99, size=(4, 2, 2)))
    mask = jnp.array([[True, True], [True, True], [True, False], [True, False]])
    padded = jnp.where(mask[..., None], gates, 0)
    found = time_constants(padded, mask)
    counted = np.concatenate([gates[:, 0], gates[:2, 1]])
    np.testing.assert_allclose(found, -1 / np.log(counted).mean(0), rtol=1e-12)
    assert time_constants(padded).tolist() == [0, 0]


def test_a_gate_of_one_never_forgets():
    ones = jnp.ones((3, 2), jnp.float32).at[:, 1].set(0.5)
    found = time_constants(ones)
    assert found[0] == np.inf and found.dtype == jnp.float32
    np.testing.assert_allclose(found[1], 1 / np.log(2), rtol=1e-6)


def test_lags_of_known_curves():
    lags = np.arange(400.0)
    curves = np.stack([np.exp(-lags / 3), 5 * np.exp(-lags / 20)], axis=-1)
    np.testing.assert_allclose(fall_lag(jnp.asarray(curves)), [3, 20], rtol=1e-9)
    ratios = np.exp([-1 / 3, -1 / 20])
    wanted = ratios / (1 - ratios)
    np.testing.assert_allclose(mean_lag(jnp.asarray(curves)), wanted, rtol=1e-6)


def test_a_curve_that_never_falls_or_falls_at_once_or_is_nothing():
    curves = np.array([[1, 0.9, 0.5], [1, 0, 3], [0, 0, 0], [1, 2, 0.1]]).T
    found = np.asarray(fall_lag(jnp.asarray(curves)))
    np.testing.assert_array_equal(found[:3], [np.inf, 0, np.nan])
    np.testing.assert_allclose(found[3], 1 + (1 + np.log(2)) / np.log(20), rtol=1e-9)


def test_of_a_linear_cell_each_unit_has_that_of_its_weight():
    cell = RNNCell(2, activation="identity")
    rates = np.array([0.5, 0.95])
    params = RNNParams(jnp.ones((1, 2)), jnp.asarray(np.diag(rates)), jnp.zeros(2))
    along = jnp.asarray(NUMBERS.normal(size=(3, 2)))
    xs = jnp.ones((50, 3, 1))
    gradients = jax.jit(partial(gradients_by_lag, cell))(params, xs, along).h
    found = memory_lengths(gradients)
    np.testing.assert_allclose(found.units, -1 / np.log(rates), rtol=1e-9)
    sizes = np.sqrt((np.asarray(along) ** 2).mean(0))
    curve = np.linalg.norm(sizes * rates ** np.arange(51.0)[:, None], axis=-1)
    np.testing.assert_allclose(found.whole, fall_lag(jnp.asarray(curve)), rtol=1e-9)
    centers = memory_lengths(gradients, mean_lag)
    np.testing.assert_allclose(centers.units[0], 1.0, rtol=1e-9)
    assert found.units[0] < found.whole < found.units[1]
