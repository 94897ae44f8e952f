"""Fixed points of maps whose fixed points are known, and of one whose are not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import LSTMCell, RNNCell
from jlstm.analysis.fixed_points import fixed_points
from jlstm.analysis.trajectory import flatten_carry, vector_step
from jlstm.cells.lstm import LSTMCarry, LSTMParams
from jlstm.cells.rnn import RNNCarry, RNNParams

NUMBERS = np.random.default_rng(9)
pytestmark = pytest.mark.usefixtures("standard_promotion")


def normal(*shape):
    return jnp.asarray(NUMBERS.normal(size=shape))


def rnn(w_hh, b):
    return RNNParams(jnp.eye(len(b)), jnp.asarray(w_hh), jnp.asarray(b))


def test_of_a_linear_cell_there_is_one_with_the_eigenvalues_of_its_weight():
    weight = np.array([[0.5, -0.6], [0.6, 0.5]])
    bias, x = np.array([0.3, -1.0]), np.array([1.0, 2.0])
    cell = RNNCell(2, activation="identity")
    starts = RNNCarry(3 * normal(9, 2))
    found = fixed_points(cell, rnn(weight, bias), jnp.asarray(x), starts)
    wanted = np.linalg.solve(np.eye(2) - weight.T, bias + x)
    np.testing.assert_allclose(found.carries.h, [wanted], atol=1e-6)
    np.testing.assert_allclose(found.eigenvalues.real, [[0.5, 0.5]], rtol=1e-9)
    np.testing.assert_allclose(abs(found.eigenvalues.imag), [[0.6, 0.6]], rtol=1e-9)
    assert found.stable.tolist() == [True] and found.speeds[0] < 1e-8


def test_one_unit_that_feeds_itself_twice_over_keeps_a_bit():
    starts = RNNCarry(jnp.linspace(-2, 2, 9)[:, None])
    params = rnn([[2.0]], [0.0])
    found = fixed_points(RNNCell(1), params, jnp.zeros(1), starts)
    order = np.argsort(found.carries.h[:, 0])
    points = found.carries.h[order, 0]
    np.testing.assert_allclose(points, [-0.957504, 0, 0.957504], atol=1e-6)
    slopes = 2 * (1 - points**2)
    np.testing.assert_allclose(found.eigenvalues[order, 0], slopes, rtol=1e-6)
    assert found.stable[order].tolist() == [True, False, True]


def test_where_the_cell_never_stands_still_there_is_none():
    cell = RNNCell(2, activation="identity")
    found = fixed_points(
        cell, rnn(np.eye(2), [0.1, 0.2]), jnp.zeros(2), RNNCarry(normal(4, 2)), steps=5
    )
    assert found.carries.h.shape == (0, 2) and found.eigenvalues.shape == (0, 2)
    assert found.speeds.shape == (0,) and found.stable.shape == (0,)


def test_an_lstm_stands_still_at_three_points_and_comes_back_to_two():
    rng, cell = np.random.default_rng(13), LSTMCell(2)
    sizes = LSTMParams((1, 4, 2), (2, 4, 2), (4, 2))
    params = LSTMParams(*(jnp.asarray(2 * rng.normal(size=size)) for size in sizes))
    starts = LSTMCarry(*(jnp.asarray(rng.normal(size=(16, 2))) for _ in range(2)))
    x = jnp.asarray(rng.normal(size=1))
    found = fixed_points(cell, params, x, starts)
    assert sorted(found.stable.tolist()) == [False, True, True]
    points = flatten_carry(jax.tree.map(jnp.asarray, found.carries), rows=1)
    step = jax.jit(lambda s: jax.vmap(vector_step(cell, params), (0, None))(s, x))
    np.testing.assert_allclose(step(points), points, atol=1e-7)
    far = points + 1e-3
    for _ in range(200):
        far = step(far)
    returned = np.abs(far - points).max(axis=-1) < 1e-5
    np.testing.assert_array_equal(returned, found.stable)


def test_what_does_not_fit():
    cell, params = RNNCell(2), rnn(np.eye(2), [0.0, 0.0])
    starts = RNNCarry(normal(4, 2))
    with pytest.raises(ValueError, match=r"x has shape \(3, 2\); give the inp"):
        fixed_points(cell, params, normal(3, 2), starts)
    with pytest.raises(ValueError, match=r"for a batch of shape \(4,\)"):
        fixed_points(cell, params, normal(2), RNNCarry(normal(4, 3)))
