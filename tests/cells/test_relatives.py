"""The LSTM's relatives: each is an LSTM where its own part does nothing."""

import jax.numpy as jnp

import jlstm
from jlstm import LSTMCell, LSTMParams, OdysseyLSTMCell
from tests.cells.steps import sample_of, step
from tests.zoo import assert_close


def require_an_lstm(cell, params, carry, x):
    """Require that ``cell`` is an LSTM with the parameters that it shares with it."""
    plain = LSTMParams(params.w_ih, params.w_hh, params.b)
    wanted = step(LSTMCell(cell.hidden_size), plain, carry, x)
    assert_close(step(cell, params, carry, x), wanted)


def test_with_the_identity_as_projection_it_is_an_lstm():
    cell = jlstm.ProjectedLSTMCell(3, 3)
    params, carry, x = sample_of(cell)
    require_an_lstm(cell, params._replace(w_hr=jnp.eye(3)), carry, x)


def test_without_knowledge_a_mogrifier_is_an_lstm():
    cell = jlstm.MogrifierLSTMCell(3)
    params, carry, x = sample_of(cell)
    blind = params._replace(q=jnp.zeros_like(params.q), r=jnp.zeros_like(params.r))
    require_an_lstm(cell, blind, carry, x)


def test_where_the_input_multiplies_by_one_it_is_an_lstm():
    cell = jlstm.MultiplicativeLSTMCell(3)
    params, carry, x = sample_of(cell)
    x = x.at[:, 0].set(1.0)
    ones = jnp.array([[1.0], [0.0]]) * jnp.ones(3)[None]
    params = params._replace(w_im=ones, w_hm=jnp.eye(3))
    require_an_lstm(cell, params, carry, x)


def test_without_peepholes_the_odyssey_begins_with_an_lstm():
    cell = OdysseyLSTMCell(3, peepholes=False)
    params, carry, x = sample_of(cell)
    assert params[3:] == (None,) * 4
    require_an_lstm(cell, params, carry, x)


def test_the_odyssey_is_by_default_the_peephole_lstm():
    cell = OdysseyLSTMCell(3)
    params, carry, x = sample_of(cell)
    theirs = jlstm.PeepholeLSTMParams(*params[:6])
    wanted = step(jlstm.PeepholeLSTMCell(3), theirs, carry, x)
    assert_close(step(cell, params, carry, x), wanted)


def test_the_coupled_odyssey_is_the_coupled_lstm():
    cell = OdysseyLSTMCell(3, peepholes=False, coupled=True)
    params, carry, x = sample_of(cell)
    wanted = step(jlstm.CIFGLSTMCell(3), jlstm.CIFGLSTMParams(*params[:3]), carry, x)
    assert_close(step(cell, params, carry, x), wanted)


def test_full_recurrence_without_weights_is_the_peephole_lstm():
    cell = OdysseyLSTMCell(3, full_gate_recurrence=True)
    params, carry, x = sample_of(cell)
    params = params._replace(w_gates=jnp.zeros_like(params.w_gates))
    new, gates = step(cell, params, carry, x)
    theirs = jlstm.PeepholeLSTMParams(*params[:6])
    plain = jlstm.LSTMCarry(carry.h, carry.c)
    wanted = step(jlstm.PeepholeLSTMCell(3), theirs, plain, x)
    assert_close((jlstm.LSTMCarry(new.h, new.c), gates), wanted)
    assert_close((new.i, new.f, new.o), (gates.i, gates.f, gates.o))


def test_no_activation_is_the_identity():
    """The variants NIAF and NOAF of the odyssey."""
    cell = OdysseyLSTMCell(3, activation="identity", output_activation="identity")
    params, carry, x = sample_of(cell)
    new, gates = step(cell, params, carry, x)
    z = cell.project(params, x)[:, 2] + carry.h @ params.w_hh[:, 2]
    assert_close((gates.g, new.h), (z, gates.o * new.c))
