"""Every cell that the kernel can have computes what the scan computes."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import explain
from jlstm._backends.native.available import unsupported_cell
from tests.backends.native.samples import (
    assert_close,
    draw,
    needs_kernel,
    value,
    value_and_grad,
)
from tests.zoo import CELLS

pytestmark = needs_kernel
LSTM, GRU = jlstm.LSTMCell(3), jlstm.GRUCell(3, reset="before")


@pytest.fixture(autouse=True)
def one_noise_in_float32():
    """With 64 bits noise is drawn in float64; and all are to have the same noise."""
    with jax.enable_x64(False), jax.debug_key_reuse(False):
        yield


class Carry(NamedTuple):
    """The carry of the cells of this file."""

    h: Any


class Weights(NamedTuple):
    """The parameters of the cells of this file."""

    w_ih: Any
    w_hh: Any
    w_mh: Any
    gain: Any


@dataclass(frozen=True)
class OwnCell(jlstm.Cell):
    """Two products, a norm and an activation that nobody has told the kernel of."""

    hidden_size: int

    def init(self, key, input_size, dtype=jnp.float32):
        k1, k2, k3 = jax.random.split(key, 3)
        n = self.hidden_size
        draws = (jax.random.normal(k1, (input_size, n), dtype),
                 jax.random.normal(k2, (n, n), dtype),
                 jax.random.normal(k3, (n, n), dtype))  # fmt: skip
        return Weights(*draws, jnp.ones(n, dtype))

    def init_carry(self, batch_shape=(), dtype=jnp.float32):
        return Carry(jnp.zeros((*batch_shape, self.hidden_size), dtype))

    def project(self, params, x):
        return x @ params.w_ih

    def step(self, params, carry, zx, key=None):
        m = self.mix(zx * (carry.h @ params.w_hh))
        m = m - m.mean(-1, keepdims=True)
        m = m / jnp.sqrt((m * m).mean(-1, keepdims=True) + 0.1)
        z = jnp.expand_dims(params.gain, tuple(range(m.ndim - 1))) * m
        h = 0.5 * carry.h + jnp.tanh(zx + z @ params.w_mh)
        return Carry(h), None

    def mix(self, m):
        return jnp.where(m > 0, m, 0.1 * jnp.expm1(m)) * jax.nn.sigmoid(m)


@dataclass(frozen=True)
class CumsumCell(OwnCell):
    """Its units read their neighbours."""

    def mix(self, m):
        return jnp.cumsum(m, -1)


@jax.custom_vjp
def clipped(m):
    return m


clipped.defvjp(lambda m: (m, None), lambda _, dm: (jnp.clip(dm, -1, 1),))


@dataclass(frozen=True)
class ClippedCell(OwnCell):
    """It has a gradient of its own."""

    def mix(self, m):
        return clipped(m)


@dataclass(frozen=True)
class ComplexCell(OwnCell):
    """It turns numbers in the plane."""

    def mix(self, m):
        z = jax.lax.complex(m, m)
        return (z * z).imag


def sized(cell, size):
    """Return the cell with so many units; a multiple of its heads."""
    if hasattr(cell, "cell"):
        return replace(cell, cell=sized(cell.cell, size))
    heads = getattr(cell, "num_heads", 1)
    return replace(cell, hidden_size=-(-size // heads) * heads)


# Why the kernel does not have a row of the zoo.
WITHOUT = {
    "projected": "it has a product of another kind (rowsx3 by 3x4*units)",
    "odyssey_full_recurrence": "it has a product of another kind",
    "mogrifier": "it has a product of another kind",
    "mogrifier_full_rank": "it has a product of another kind",
    **dict.fromkeys(
        ("conv_lstm", "conv_lstm_valid", "conv_gru", "conv_gru_after"),
        "it reads images",
    ),
    "clip_gradient": "it computes custom_vjp_call of the carry",
    "lru": "it computes imag of the carry",
    "qrnn": "it pads the units",
    "qrnn_fo": "it pads the units",
    "qrnn_f": "its carry has a leaf of 0 by 2 by units per row",
    "mlstm": "its carry has a leaf of 2 by 3 per row",
    "mlstm_exp": "its carry has a leaf of 1 by units by units per row",
}
MORE = {
    "nested": jlstm.LearnedCarry(
        jlstm.Zoneout(jlstm.RecurrentDropout(LSTM, 0.5), h=0.3, c=0.2)
    ),
    "nested_cut": jlstm.RecurrentDropout(jlstm.CutRecurrentGradient(GRU), 0.5),
    "smooth": jlstm.LSTMCell(
        3, gate_activation="hard_sigmoid", activation="gelu", output_activation="elu"
    ),
    "rough": jlstm.GRUCell(3, activation="softplus", gate_activation="hard_tanh"),
    "heads_after": jlstm.GRUCell(4, num_heads=2),
    "own": OwnCell(3),
}
LEGAL = {row.name: row.legal for row in CELLS if row.legal is not None}
NOISY = (
    *("zoneout", "recurrent_dropout", "input_dropout", "weight_drop", "weight_noise"),
    *("nested", "nested_cut"),
)
TABLE = {row.name: row.cell for row in CELLS if row.name not in WITHOUT} | MORE
CASES = [*((name, False) for name in TABLE), *((name, True) for name in NOISY)]
QUICK = [("gru_before", False), ("own", False), ("zoneout", True)]
DEEP = {"rhn": 2e-5, "rhn_coupled": 2e-5}
"""What is larger than elsewhere, for there are more roundings in a step."""


def cases(quick=QUICK):
    return [
        pytest.param(
            *case, id=case[0] + "-key" * case[1],
            marks=[] if case in quick else pytest.mark.long,
        )
        for case in CASES
    ]  # fmt: skip


def sample_of(name, noisy, cell, *shape, **flags):
    """Draw a sample; where a step does not count the input is no number."""
    key = jax.random.key(3) if noisy else None
    sample = draw(cell, *shape, **flags, key=key, legal=LEGAL.get(name))
    if sample.live is None:
        return sample
    xs = jnp.where(sample.live[..., None], sample.point.xs, jnp.nan)
    return sample._replace(point=sample.point._replace(xs=xs))


def check(name, cell, sample, reverse):
    """Compare values and gradients, then the values where no gradient is wanted."""
    tol = DEEP.get(name, 5e-6)
    wanted = value_and_grad("scan", cell, sample, reverse)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(wanted))
    assert_close(value_and_grad("native", cell, sample, reverse), wanted, tol)
    assert_close(value("native", cell, sample, reverse), wanted[0], tol)


@pytest.mark.parametrize(("name", "noisy"), cases())
def test_value_and_gradient_are_those_of_the_scan(name, noisy):
    cell = sized(TABLE[name], 19)
    sample = sample_of(name, noisy, cell, 4, (5,), 3, live=True, resets=True)
    check(name, cell, sample, reverse=True)


SHARED = ("lstm_heads", "gru_before", "layer_norm_lstm", "rhn", "nested", "own")


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.long
def test_units_that_are_shared_out_to_threads(name):
    """Where rows are few and weights large."""
    cell = sized(TABLE[name], 520)
    sample = sample_of(name, name in NOISY, cell, 3, (2,), 3, live=True, resets=True)
    check(name, cell, sample, reverse=False)


EXTREME = ("slstm", "slstm_exp", "nas", "min_lstm", "min_gru", "urlstm")


@pytest.mark.parametrize("name", EXTREME)
@pytest.mark.parametrize("number", [1e4, -1e4, np.inf, np.nan])
@pytest.mark.long
def test_extreme_inputs_are_those_of_the_scan(name, number):
    """Of one row, one step; other rows do not see it, and no bound is forgotten."""
    cell = sized(TABLE[name], 19)
    sample = sample_of(name, False, cell, 4, (5,), 3)
    xs = sample.point.xs.at[1, 2].set(number)
    sample = sample._replace(point=sample.point._replace(xs=xs))
    ours, wanted = (value_and_grad(name, cell, sample) for name in ("native", "scan"))
    pairs = zip(jax.tree.leaves_with_path(ours), jax.tree.leaves(wanted), strict=True)
    for (path, a), b in pairs:
        finite = np.isfinite(b)
        np.testing.assert_array_equal(
            np.isfinite(a), finite, jax.tree_util.keystr(path)
        )
        scale = np.abs(b[finite]).max(initial=1e-3)
        # At 1e4 both are 8e-6 from the gradient of NAS in float64, on either side.
        np.testing.assert_allclose(a[finite], b[finite], rtol=0, atol=5e-5 * scale)


def test_the_zoo_is_run_or_the_reason_is_known():
    known = {row.name for row in CELLS}
    assert WITHOUT.keys() <= known and set(NOISY) <= TABLE.keys()


@pytest.mark.parametrize("name", WITHOUT)
def test_what_of_a_cell_the_kernel_cannot_have_is_named(name):
    (cell,) = (row.cell for row in CELLS if row.name == name)
    said = unsupported_cell(cell)
    assert said.startswith(f"no kernel for {type(cell).__name__}: {WITHOUT[name]}")
    assert explain(cell).backend != "native"


OWN = {
    CumsumCell: "it computes cumsum of the carry",
    ClippedCell: "it computes custom_vjp_call of the carry",
    ComplexCell: "it computes imag of the carry",
}


@pytest.mark.parametrize("kind", OWN)
def test_another_backend_runs_it_and_says_why(kind):
    cell = kind(8)
    chosen = explain(cell)
    assert chosen.backend != "native"
    assert f"no kernel for {kind.__name__}: {OWN[kind]}" in str(chosen)
    xs = jax.random.normal(jax.random.key(0), (20, 4, 3), "float32")
    params = cell.init(jax.random.key(1), 3)
    ys = jlstm.unroll(cell, params, xs)[1]
    assert_close(ys, jlstm.unroll(cell, params, xs, backend="scan")[1])
    with pytest.raises(ValueError, match=f"no kernel for {kind.__name__}"):
        jlstm.unroll(cell, params, xs, backend="native")


def test_a_cell_of_ones_own_is_run_unasked():
    assert str(explain(OwnCell(8))).startswith("native: ")
