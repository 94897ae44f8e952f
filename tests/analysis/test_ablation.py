"""A unit that is held at zero is one whose outgoing weights and output are zero."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import ConvLSTMCell, LSTMCell, unroll
from jlstm.analysis.ablation import unit_ablation

UNITS = 3
CELL = LSTMCell(UNITS)
NUMBERS = np.random.default_rng(8)


def normal(*shape):
    return jnp.asarray(NUMBERS.normal(size=shape))


WEIGHTS = normal(6, 2, UNITS)


@jax.jit
def outputs(params, xs, start):
    return unroll(CELL, params, xs, start, backend="scan")[1]


def loss(ys):
    return jnp.mean((ys * WEIGHTS - 1) ** 2)


@pytest.fixture(scope="module")
def lstm():
    shapes = jax.eval_shape(lambda: CELL.init(jax.random.key(0), 2))
    params = jax.tree.map(lambda leaf: normal(*leaf.shape), shapes)
    start = jax.tree.map(lambda leaf: normal(*leaf.shape), CELL.init_carry((2,)))
    return params, normal(6, 2, 2), start


def test_at_zero_it_is_as_if_the_unit_had_no_way_out(lstm):
    params, xs, start = lstm
    found = unit_ablation(CELL, params, xs, loss, start, chunk=2)
    intact = loss(outputs(params, xs, start))
    for unit in range(UNITS):
        cut = params._replace(w_hh=params.w_hh.at[unit].set(0))
        ys = outputs(cut, xs, start)
        wanted = loss(ys.at[..., unit].set(0)) - intact
        np.testing.assert_allclose(found[unit], wanted, rtol=1e-9)
    assert np.abs(found).min() > 1e-3


def test_held_at_a_value_it_is_a_bias(lstm):
    params, xs, start = lstm
    still = normal(UNITS)
    found = unit_ablation(CELL, params, xs, loss, start, held_at=still, chunk=8)
    intact = loss(outputs(params, xs, start))
    for unit in range(UNITS):
        cut = params._replace(
            w_hh=params.w_hh.at[unit].set(0),
            b=params.b + still[unit] * params.w_hh[unit],
        )
        ys = outputs(cut, xs, start)
        wanted = loss(ys.at[..., unit].set(still[unit])) - intact
        np.testing.assert_allclose(found[unit], wanted, rtol=1e-9)


def test_of_images_a_unit_is_a_channel():
    cell = ConvLSTMCell(2, input_shape=(4,), kernel_size=3)

    def ablated():
        params = cell.init(jax.random.key(0), 1, jnp.float64)
        xs = jnp.ones((3, 2, 4, 1), jnp.float64)
        return unit_ablation(cell, params, xs, lambda ys: jnp.mean(ys**2))

    assert jax.eval_shape(ablated).shape == (2,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"held_at": jnp.zeros(2)}, r"held_at has shape \(2,\); .* the 3 units"),
        ({"chunk": 0}, "chunk is 0; give a positive number of units"),
        ({"loss": lambda ys: ys[0]}, r"The loss has shape \(2, 3\); return one number"),
    ],
)
def test_what_does_not_fit(lstm, options, message):
    params, xs, start = lstm
    with pytest.raises(ValueError, match=message):
        unit_ablation(CELL, params, xs, **{"loss": loss, "carry": start, **options})
