"""Cells: what they refuse, and how they are related."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import ConvGRUCell, GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell, unroll
from jlstm.activations import NAMES
from jlstm.initializers import Constant, Identity, Uniform
from tests.zoo import CELLS, assert_close, assert_same, draw, each

KINDS = (RNNCell, LSTMCell, GRUCell, PeepholeLSTMCell)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("size", "shown", "error"),
    [
        (0, "0", ValueError),
        (-3, "-3", ValueError),
        (2.0, "2.0 (float)", TypeError),
        ("8", "'8' (str)", TypeError),
    ],
)
def test_a_size_that_is_no_size_is_refused(kind, size, shown, error):
    wanted = f"{kind.__name__}: hidden_size is {shown}; give a positive integer."
    with pytest.raises(error, match=f"^{re.escape(wanted)}$"):
        kind(size)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            lambda: RNNCell(3, activation="tan"),
            f"RNNCell: activation is 'tan'; choose one of {', '.join(NAMES)} or a "
            "function. Did you mean tanh?",
        ),
        (
            lambda: GRUCell(3, reset="v3"),
            "GRUCell: reset is 'v3'; choose one of after, before.",
        ),
    ],
)
def test_an_unknown_choice_is_refused(make, wanted):
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        make()


@each(CELLS)
def test_wrong_features_are_named(row, unchecked):
    params = jax.eval_shape(lambda: row.cell.init(jax.random.key(0), 2))
    wanted = "The input has 5 features on its last axis, the weights take 2."
    x = jnp.ones((*row.feature_shape[:-1], 5), jnp.float32)
    with pytest.raises(ValueError, match=re.escape(wanted)):
        jax.eval_shape(row.cell.project, params, x)


@each([row for row in CELLS if hasattr(row.cell, "use_bias")])
def test_cells_without_bias_have_none(row):
    params = jax.eval_shape(lambda: row.cell.init(jax.random.key(0), 2))
    biases = [name for name in params._fields if name == "b" or name.startswith("b_")]
    given = [getattr(params, name) is not None for name in biases]
    assert biases and any(given) == row.cell.use_bias
    if isinstance(row.cell, GRUCell | ConvGRUCell):
        has_b_hn = row.cell.use_bias and row.cell.reset == "after"
        assert (params.b_hn is not None) == has_b_hn


def test_without_peepholes_a_peephole_lstm_is_an_lstm():
    row = next(row for row in CELLS if row.name == "peephole")
    sample = draw(row)
    zero = dict.fromkeys(("p_i", "p_f", "p_o"), jnp.zeros(3))
    params = sample.params._replace(**zero)
    plain = jlstm.LSTMParams(params.w_ih, params.w_hh, params.b)
    wanted = unroll(LSTMCell(3), plain, sample.xs)
    assert_close(unroll(row.cell, params, sample.xs), wanted)


def test_peepholes_are_drawn_apart():
    cell = PeepholeLSTMCell(3, peephole_init=Uniform(0.1))
    params = cell.init(jax.random.key(0), 2)
    peepholes = np.stack([params.p_i, params.p_f, params.p_o])
    assert (np.abs(peepholes) < 0.1).all()
    assert len(np.unique(peepholes)) == 9


def test_an_irnn_without_input_holds_its_state():
    """Le et al. (2015): with identity recurrence and relu the state accumulates."""
    cell = RNNCell(3, activation="relu", w_hh_init=Identity(), b_init=Constant(0.0))
    params = cell.init(jax.random.key(0), 2, jnp.float32)
    carry = jlstm.RNNCarry(jnp.array([0.5, 2.0, 3.0], jnp.float32))
    last, _ = unroll(cell, params, jnp.zeros((9, 2), jnp.float32), carry)
    assert_same(last, carry)


def test_an_lstm_with_open_forget_gate_holds_its_cell_state():
    """Gates at 0 and 1 by huge biases: i closed, f open, o open."""
    params = jlstm.LSTMParams(
        jnp.zeros((2, 4, 3)),
        jnp.zeros((3, 4, 3)),
        jnp.array([[-1e3] * 3, [1e3] * 3, [5.0] * 3, [1e3] * 3]),
    )
    carry = jlstm.LSTMCarry(h=jnp.zeros(3), c=jnp.array([0.5, -2.0, 3.0]))
    last, ys = unroll(LSTMCell(3), params, jnp.ones((50, 2)), carry)
    np.testing.assert_array_equal(last.c, carry.c)
    np.testing.assert_allclose(ys, jnp.broadcast_to(jnp.tanh(carry.c), ys.shape))
