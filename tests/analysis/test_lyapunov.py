"""Lyapunov exponents are those of known maps, and of the product of the Jacobians."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import LSTMCell, RNNCell
from jlstm.analysis.jacobian import step_jacobians
from jlstm.analysis.lyapunov import lyapunov_exponents
from jlstm.cells.lstm import LSTMParams
from jlstm.cells.rnn import RNNParams

NUMBERS = np.random.default_rng(6)


def normal(*shape):
    return jnp.asarray(NUMBERS.normal(size=shape))


def linear(weight):
    cell = RNNCell(len(weight), activation="identity")
    size = len(weight)
    return cell, RNNParams(normal(2, size), jnp.asarray(weight), normal(size))


def lstm_params(size):
    return LSTMParams(normal(2, 4, size), normal(size, 4, size), normal(4, size))


def test_a_few_are_the_largest_logarithms_of_a_diagonal_linear_map():
    cell, params = linear(np.diag([0.2, -1.1, 0.6]))
    found = lyapunov_exponents(cell, params, normal(60, 2, 2), count=2, skip=40)
    wanted = np.log([1.1, 0.6])
    np.testing.assert_allclose(found, [wanted, wanted], atol=1e-9)


def test_of_an_lstm_they_sum_to_the_volume_of_the_product_of_its_jacobians():
    cell = LSTMCell(2)
    params, xs = lstm_params(2), normal(12, 3, 2)
    start = jax.tree.map(lambda leaf: normal(*leaf.shape), cell.init_carry((3,)))
    found = lyapunov_exponents(cell, params, xs, carry=start)
    _, volumes = np.linalg.slogdet(step_jacobians(cell, params, xs, start))
    np.testing.assert_allclose(found.sum(-1), volumes.mean(axis=0), rtol=1e-9)


def test_the_first_is_the_rate_at_which_the_product_grows():
    cell = RNNCell(3)
    params = RNNParams(normal(2, 3), 2 * normal(3, 3), normal(3))
    xs = normal(150, 2)
    (found,) = lyapunov_exponents(cell, params, xs, count=1, skip=100)
    growths, along = [], np.ones(3)
    for jacobian in np.asarray(step_jacobians(cell, params, xs)):
        along = jacobian @ along
        growths.append(np.log(np.linalg.norm(along)))
        along /= np.linalg.norm(along)
    # By then it is forgotten which direction each of them started from.
    np.testing.assert_allclose(found, np.mean(growths[100:]), rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 5}, r"count is 5; .* holds 4 numbers: give a count between 1 and 4"),
        ({"count": 0}, "count is 0"),
        ({"skip": 7}, "skip is 7; xs has 7 steps: give fewer to skip"),
    ],
)
def test_what_does_not_fit(options, message):
    cell = LSTMCell(2)
    with pytest.raises(ValueError, match=message):
        lyapunov_exponents(cell, lstm_params(2), normal(7, 2), **options)
