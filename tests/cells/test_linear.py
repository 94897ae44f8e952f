"""Cells whose gates see no past output: what they refuse, and how they are related.

Their steps are tested with all others, against the oracle, and that they run at once in
``tests/laws/test_parallel.py``.
"""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import (
    LRUCell,
    MinGRUCell,
    MinLSTMCell,
    PeepholeSRUCell,
    QRNNCell,
    SRUCell,
    SRUParams,
    unroll,
)
from jlstm.cells.minimal import positive
from tests.zoo import CELLS, assert_close, draw, random_like

ROW = {row.name: row for row in CELLS}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            lambda: QRNNCell(3, pooling="of"),
            "QRNNCell: pooling is 'of'; choose one of f, fo, ifo.",
        ),
        (
            lambda: QRNNCell(3, window=0),
            "QRNNCell: window is 0; give a positive integer.",
        ),
        (
            lambda: LRUCell(3, r_min=0.9, r_max=0.5),
            "LRUCell: r_min is 0.9 and r_max 0.5; give 0 <= r_min < r_max <= 1.",
        ),
        (
            lambda: LRUCell(3, max_phase=0.0),
            "LRUCell: max_phase is 0.0; give a positive number.",
        ),
    ],
)
def test_an_option_that_cannot_be_is_refused(make, wanted):
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        make()


def test_the_candidate_in_log_space_is_positive():
    z = jnp.linspace(-9.0, 9.0, 37)
    g = positive(z)
    assert (g > 0).all() and (jnp.diff(g) > 0).all()
    assert positive(jnp.zeros(())) == 0.5
    xs = draw(ROW["min_gru"]).xs
    cell = MinGRUCell(3, activation=positive)
    params = random_like(cell.init(jax.random.key(0), 2), np.random.default_rng(0))
    _, ys = unroll(cell, params, xs)
    assert (ys > 0).all()


@pytest.mark.parametrize("closed", [-1e4, -50.0, 1e4])
def test_the_gates_of_a_min_lstm_share_one_though_both_are_all_but_closed(closed):
    cell = MinLSTMCell(3)
    params = cell.init(jax.random.key(0), 2)

    def gates_of(z):
        zx = jnp.stack([z, z, jnp.ones(3)])
        return cell.step(params, cell.init_carry(dtype=z.dtype), zx)[1]

    z = jnp.full(3, closed)
    gates = gates_of(z)
    np.testing.assert_allclose(jnp.stack(gates[:2]), 0.5)
    assert jnp.isfinite(jax.jacobian(lambda z: gates_of(z).i)(z)).all()


def test_an_lru_starts_on_its_ring_with_a_state_as_large_as_its_drive():
    cell = LRUCell(4, state_size=500, r_min=0.8, r_max=0.9, max_phase=0.5)
    params = cell.init(jax.random.key(0), 2)
    eigenvalues = cell.eigenvalues(params)
    size, phase = np.abs(eigenvalues), np.angle(eigenvalues)
    assert 0.8 <= size.min() < 0.805 and 0.895 < size.max() <= 0.9
    assert 0 <= phase.min() < 0.01 and 0.49 < phase.max() <= 0.5
    # Uniform by area: half of the eigenvalues lie outside of the middle circle.
    assert 0.43 < (size**2 > (0.8**2 + 0.9**2) / 2).mean() < 0.57
    np.testing.assert_allclose(jnp.exp(params.gamma) ** 2 + size**2, 1.0, rtol=1e-5)


def test_the_whole_disc_has_no_infinite_logarithm():
    params = LRUCell(4, state_size=10_000).init(jax.random.key(0), 1)
    assert all(jnp.isfinite(leaf).all() for leaf in params)
    assert LRUCell(4).init_carry().re.shape == (4,)


def test_a_qrnn_is_a_causal_convolution_with_pooling():
    params, xs = draw(ROW["qrnn"])[:2]
    _, ys = unroll(ROW["qrnn"].cell, params, xs)
    before = np.pad(np.asarray(xs), ((2, 0), (0, 0), (0, 0)))
    taps = [before[2 - j : 7 - j] @ np.asarray(params.w_ih)[:, j, n]
            for n in range(4) for j in range(3)]  # fmt: skip
    z = np.sum(np.reshape(taps, (4, 3, 5, 3, 3)), axis=1) + params.b[:, None, None]
    i, f, o = (1 / (1 + np.exp(-z[n])) for n in (0, 1, 3))
    c, g = np.zeros((3, 3)), np.tanh(z[2])
    for t in range(5):
        c = f[t] * c + i[t] * g[t]
        np.testing.assert_allclose(ys[t], o[t] * c, rtol=1e-11)


def test_without_peepholes_both_simple_recurrent_units_are_one():
    params, xs = draw(ROW["sru_peephole"])[:2]
    zero = jnp.zeros(3)
    quiet = params._replace(p_f=zero, p_r=zero)
    cell = PeepholeSRUCell(3, 1.5, activation="tanh")
    wanted = unroll(SRUCell(3, 1.5), SRUParams(*params[:3]), xs)
    assert_close(unroll(cell, quiet, xs), wanted)


def test_a_highway_has_a_weight_only_where_widths_differ():
    cell = SRUCell(3)
    assert cell.init(jax.random.key(0), 3).w_skip is None
    assert cell.init(jax.random.key(0), 2).w_skip.shape == (2, 3)


def test_a_closed_reset_gate_lets_the_input_pass():
    cell = SRUCell(3, highway_scale=2.0)
    params = cell.init(jax.random.key(0), 3, jnp.float64)
    params = params._replace(b=params.b.at[1].set(-1e3))
    xs = draw(ROW["sru_same_width"]).xs
    np.testing.assert_allclose(unroll(cell, params, xs)[1], 2 * xs)
