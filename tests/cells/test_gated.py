"""The gated cells: how they start, what they compute, what they refuse."""

import dataclasses
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import LSTMCell, OdysseyLSTMCell, unroll
from jlstm.activations import resolve
from jlstm.initializers import Between, Chrono, Constant
from tests.cells.steps import sample_of, step
from tests.quick import quick
from tests.zoo import CELLS, assert_close, draw

ROW = {row.name: row for row in CELLS}


@dataclasses.dataclass(frozen=True)
class Halved:
    """Half of what another activation returns."""

    activation: str

    def __call__(self, z):
        return 0.5 * resolve(self.activation)(z)


COUPLED = (
    jlstm.CIFGLSTMCell,
    lambda size, **options: OdysseyLSTMCell(size, coupled=True, **options),
)


@pytest.mark.parametrize("make", COUPLED, ids=["cifg", "odyssey"])
@pytest.mark.parametrize("bias", [1.0, 0.0, -0.5])
def test_a_coupled_forget_gate_starts_as_open_as_that_of_an_lstm(make, bias):
    for cell in (make(3, forget_bias=bias), LSTMCell(3, forget_bias=bias)):
        params = cell.init(jax.random.key(0), 2, jnp.float64)
        _, gates = step(cell, params, cell.init_carry((), jnp.float64), jnp.zeros(2))
        np.testing.assert_allclose(gates.f, jax.nn.sigmoid(bias), rtol=1e-6)


@pytest.mark.parametrize(
    "cell",
    [
        jlstm.CIFGLSTMCell(50, forget_bias=Chrono(20)),
        OdysseyLSTMCell(50, forget_bias=Chrono(20), coupled=True),
        jlstm.JANETCell(50, forget_bias=Chrono(20)),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_chrono_opens_the_forget_gate_for_up_to_that_many_steps(cell):
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    _, gates = step(cell, params, cell.init_carry((), jnp.float64), jnp.zeros(2))
    steps = gates.f / (1 - gates.f)  # exp of the bias
    assert 1.0 <= steps.min() < 4.0
    assert 16.0 < steps.max() <= 19.0


def test_a_variant_without_forget_gate_takes_no_forget_bias():
    params = OdysseyLSTMCell(3, forget_gate=False).init(jax.random.key(0), 2)
    np.testing.assert_array_equal(params.b, 0.0)


@pytest.mark.parametrize("name", ["layer_norm_lstm_no_bias", "layer_norm_gru"])
def test_the_norm_is_there_in_every_step(name):
    """What is normalised does not see the scale of its matrix, input or past."""
    row = ROW[name]
    sample = draw(row)
    cell = dataclasses.replace(row.cell, epsilon=1e-14)
    params = sample.params
    scaled = params._replace(w_ih=3 * params.w_ih, w_hh=5 * params.w_hh)
    run = jax.jit(lambda p: unroll(cell, p, sample.xs, sample.carry)[1])
    np.testing.assert_allclose(run(scaled), run(params), atol=1e-9)
    moved = params._replace(gain_hh=5 * params.gain_hh)
    assert not np.allclose(run(moved), run(params))


@pytest.mark.parametrize("coupled", [True, False])
def test_highway_layers_begin_by_copying(coupled):
    cell = jlstm.RHNCell(3, depth=2, coupled=coupled, transform_bias=-2.0)
    params = cell.init(jax.random.key(0), 2, jnp.float64)
    _, gates = step(cell, params, cell.init_carry((), jnp.float64), jnp.zeros(2))
    np.testing.assert_allclose(gates.t, jax.nn.sigmoid(-2.0), rtol=1e-6)
    np.testing.assert_allclose(gates.k, jax.nn.sigmoid(2.0), rtol=1e-6)


def test_units_of_an_indrnn_are_independent():
    cell = jlstm.IndRNNCell(3, activation="tanh")
    params, carry, x = sample_of(cell)
    h = carry.h[0]

    def after(h):
        return step(cell, params, type(carry)(h), x[0])[0].h

    jacobian = jax.jacobian(after)(h)
    np.testing.assert_array_equal(jacobian, np.diag(np.diag(jacobian)))
    assert (np.diag(jacobian) != 0).all()


def test_the_weights_of_an_indrnn_are_drawn_from_0_to_1():
    w_hh = np.asarray(jlstm.IndRNNCell(200).init(jax.random.key(0), 2).w_hh)
    assert w_hh.min() >= 0.0
    assert w_hh.max() < 1.0
    assert abs(w_hh.mean() - 0.5) < 0.1
    near_one = (
        jlstm.IndRNNCell(200, w_hh_init=Between(0.9, 1.0))
        .init(jax.random.key(0), 2)
        .w_hh
    )
    assert near_one.min() >= 0.9


def test_without_shift_janet_forgets_what_it_writes():
    cell = jlstm.JANETCell(3, beta=0.0)
    _, gates = step(cell, *sample_of(cell))
    np.testing.assert_allclose(gates.f + gates.i, 1.0, rtol=1e-12)


def test_without_shift_janet_is_the_ugrnn_and_a_minimal_unit_without_reset():
    cell = jlstm.JANETCell(3, beta=0.0)
    params, carry, x = sample_of(cell)
    unit = jlstm.MGUCell(3, reset="none", update="keep")
    wanted, _ = step(unit, jlstm.MGUParams(*params, None), carry, x)
    assert_close(step(cell, params, carry, x)[0], wanted)


def test_gates_of_a_urlstm_start_spread_and_refined_to_the_other_side():
    cell = jlstm.URLSTMCell(500, w_hh_init=Constant(0.0))
    params = cell.init(jax.random.key(0), 2)
    f, r = (np.sort(jax.nn.sigmoid(b)) for b in params.b[:2])
    np.testing.assert_allclose(f, np.linspace(0, 1, 500), atol=0.06)
    np.testing.assert_allclose(f + r[::-1], 1.0, atol=1e-6)
    np.testing.assert_array_equal(params.b[2:], 0.0)


def test_an_oscillator_without_force_keeps_its_energy_but_for_the_damping():
    cell = jlstm.CoRNNCell(1, time_step=0.01, gamma=4.0, epsilon=0.0)
    shapes = jax.eval_shape(lambda: cell.init(jax.random.key(0), 1))
    params = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)
    start = jlstm.CoRNNCarry(h=jnp.ones(1), v=jnp.zeros(1))
    _, hs = unroll(cell, params, jnp.zeros((315, 1)), start)
    times = 0.01 * np.arange(1, 316)
    np.testing.assert_allclose(hs[:, 0], np.cos(2 * times), atol=0.02)


ACTIVATIONS = ("gate_activation", "activation", "output_activation")


@pytest.mark.parametrize(
    "row",
    quick(
        [row for row in CELLS if hasattr(row.cell, "activation") and not row.variant],
        8,
    ),
    ids=lambda row: row.name,
)
def test_every_activation_is_used(row):
    """Halving what an activation returns changes the output, whatever the cell."""
    sample = draw(row)
    before = step(row.cell, sample.params, sample.carry, sample.xs[0])[0].h
    for field in ACTIVATIONS:
        if not hasattr(row.cell, field):
            continue
        half = Halved(getattr(row.cell, field))
        cell = dataclasses.replace(row.cell, **{field: half})
        after = step(cell, sample.params, sample.carry, sample.xs[0])[0].h
        assert np.abs(after - before).max() > 1e-3, field


@pytest.mark.parametrize(
    "cell",
    [
        jlstm.CIFGLSTMCell(4),
        jlstm.MGUCell(4),
        jlstm.NASCell(4),
        OdysseyLSTMCell(4, full_gate_recurrence=True),
        jlstm.RHNCell(4, depth=2),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_every_recurrent_block_is_orthogonal(cell):
    """Each gate, layer and pair of gates apart, not the stacked matrix."""
    params = cell.init(jax.random.key(0), 2)
    for name in {"w_hh", "w_gates"} & set(params._fields):
        blocks = np.moveaxis(np.asarray(getattr(params, name)), -2, 0)
        flat = blocks.reshape(-1, 4, 4)
        assert len(flat) >= 2
        products = flat @ flat.transpose(0, 2, 1)
        wanted = np.broadcast_to(np.eye(4), products.shape)
        np.testing.assert_allclose(products, wanted, atol=1e-5)


REFUSED = (
    (
        lambda: jlstm.ProjectedLSTMCell(3, 0),
        "ProjectedLSTMCell: proj_size is 0; give a positive integer.",
    ),
    (
        lambda: OdysseyLSTMCell(3, coupled=True, input_gate=False),
        "OdysseyLSTMCell: coupled=True makes the forget gate 1 - i, so neither "
        "input_gate nor forget_gate can be False. Give coupled=False or both gates.",
    ),
    (
        lambda: OdysseyLSTMCell(3, coupled=True, full_gate_recurrence=True),
        "OdysseyLSTMCell: full_gate_recurrence=True feeds back the gates i, f and o, "
        "but this variant computes i, g, o only. Leave the gates as they are, or give "
        "full_gate_recurrence=False.",
    ),
    (
        lambda: jlstm.LayerNormLSTMCell(3, epsilon=0.0),
        "LayerNormLSTMCell: epsilon is 0.0; give a positive number.",
    ),
    (
        lambda: jlstm.LayerNormGRUCell(3, epsilon=-1.0),
        "LayerNormGRUCell: epsilon is -1.0; give a positive number.",
    ),
    (
        lambda: jlstm.MogrifierLSTMCell(3, rounds=0),
        "MogrifierLSTMCell: rounds is 0; give a positive integer.",
    ),
    (
        lambda: jlstm.MogrifierLSTMCell(3, rank=0),
        "MogrifierLSTMCell: rank is 0; give a positive integer or None.",
    ),
    (
        lambda: jlstm.CoRNNCell(3, time_step=0.0),
        "CoRNNCell: time_step is 0.0; give a positive number.",
    ),
    (
        lambda: jlstm.LEMCell(3, time_step=-1.0),
        "LEMCell: time_step is -1.0; give a positive number.",
    ),
    (
        lambda: jlstm.RHNCell(3, depth=0),
        "RHNCell: depth is 0; give a positive integer.",
    ),
    (
        lambda: jlstm.MGUCell(3, reset="late"),
        "MGUCell: reset is 'late'; choose one of before, after, none.",
    ),
    (
        lambda: jlstm.MGUCell(3, update="flip"),
        "MGUCell: update is 'flip'; choose one of write, keep.",
    ),
)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("make", "wanted"), REFUSED)
def test_what_makes_no_sense_is_refused(make, wanted):
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        make()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    "kind",
    [
        jlstm.CIFGLSTMCell,
        jlstm.CoRNNCell,
        jlstm.IndRNNCell,
        jlstm.JANETCell,
        jlstm.LayerNormGRUCell,
        jlstm.LayerNormLSTMCell,
        jlstm.LEMCell,
        jlstm.MGUCell,
        jlstm.MinimalRNNCell,
        jlstm.MogrifierLSTMCell,
        jlstm.MultiplicativeLSTMCell,
        jlstm.NASCell,
        OdysseyLSTMCell,
        jlstm.RHNCell,
        jlstm.URLSTMCell,
    ],
)
def test_a_size_that_is_no_size_is_refused(kind):
    wanted = f"{kind.__name__}: hidden_size is -1; give a positive integer."
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        kind(-1)
