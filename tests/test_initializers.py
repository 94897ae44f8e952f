"""Initialisers: the distributions that they promise, for each gate on its own."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell
from jlstm.initializers import (
    Chrono,
    Constant,
    Glorot,
    HiddenUniform,
    Identity,
    Initializer,
    Orthogonal,
    Uniform,
    init_gates,
)
from tests.quick import quick

SIZE, INPUT_SIZE = 16, 6
GATED = (LSTMCell, GRUCell, PeepholeLSTMCell)


def draw(cell, dtype=jnp.float32, input_size=INPUT_SIZE):
    return cell.init(jax.random.key(0), input_size, dtype)


def as_gates(weight):
    """Return the block of each gate; a plain RNN has one."""
    return np.moveaxis(weight, -2, 0) if weight.ndim == 3 else weight[None]


def is_uniform(draws, limit):
    """Whether draws look like U(-limit, limit): none outside, the moments near."""
    draws = np.asarray(draws, np.float64).ravel()
    variance = limit**2 / 3
    return (
        np.abs(draws).max() <= limit
        and np.abs(draws).max() > 0.9 * limit
        and abs(draws.mean()) < 5 * np.sqrt(variance / draws.size)
        and abs(draws.var() - variance) < 5 * variance * np.sqrt(0.8 / draws.size)
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [RNNCell, *GATED])
def test_every_gate_is_orthogonal_of_its_own(kind):
    """The fused matrix is not: that leaves singular values of a gate far from 1."""
    gates = as_gates(draw(kind(SIZE)).w_hh)
    for gate in gates:
        np.testing.assert_allclose(gate.T @ gate, np.eye(SIZE), atol=1e-5)
    assert len({gate.tobytes() for gate in map(np.ascontiguousarray, gates)}) == len(
        gates
    )


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    drawn = Orthogonal(gain=2.0)(jax.random.key(0), shape, jnp.float64)
    values = np.linalg.svd(drawn, compute_uv=False)
    np.testing.assert_allclose(values, 2.0)


@pytest.mark.long
@pytest.mark.parametrize("kind", quick([RNNCell, *GATED]))
def test_glorot_counts_the_units_of_one_gate(kind):
    limit = np.sqrt(6 / (INPUT_SIZE + 200))
    for gate in as_gates(draw(kind(200)).w_ih):
        assert is_uniform(gate, limit)


@pytest.mark.long
@pytest.mark.parametrize("kind", GATED)
def test_hidden_uniform_is_the_default_of_torch(kind):
    everywhere = {f"{name}_init": HiddenUniform() for name in ("w_ih", "w_hh", "b")}
    options = {"forget_bias": 0.0} if kind is not GRUCell else {}
    params = draw(kind(100, **everywhere, **options))
    for leaf in (params.w_ih, params.w_hh):
        assert is_uniform(leaf, 1 / np.sqrt(100))
    assert is_uniform(params.b, 1 / np.sqrt(100))
    if kind is GRUCell:
        assert is_uniform(params.b_hn, 1 / np.sqrt(100))
        assert not np.isin(params.b_hn, params.b).any()


@pytest.mark.parametrize("kind", [LSTMCell, PeepholeLSTMCell])
@pytest.mark.parametrize("bias", [0.0, 1.0, -2.5])
def test_the_forget_bias_is_added_to_its_gate_alone(kind, bias):
    b = draw(kind(SIZE, forget_bias=bias, b_init=Constant(0.25))).b
    wanted = np.full((4, SIZE), 0.25)
    wanted[1] += bias
    np.testing.assert_array_equal(b, wanted)


@pytest.mark.long
@pytest.mark.parametrize("kind", [LSTMCell, PeepholeLSTMCell])
def test_chrono_spreads_the_memory_of_units(kind):
    """Tallec and Ollivier (2018): b_f = log U[1, T - 1] and b_i = -b_f."""
    empty = {"w_ih_init": Constant(), "w_hh_init": Constant()}
    b = draw(kind(2000, forget_bias=Chrono(101), **empty)).b
    i, f, g, o = np.asarray(b, np.float64)
    np.testing.assert_array_equal(i, -f)
    assert not g.any() and not o.any()
    # exp of the bias is uniform on [1, 100]: centred, it is on [-49.5, 49.5].
    assert is_uniform(np.exp(f) - 50.5, 49.5 * (1 + 1e-6))


def test_chrono_refuses_a_range_without_room():
    wanted = "Chrono: t_max is 2; give 3 or more whole steps."
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        Chrono(2)


def test_each_gate_may_have_its_own():
    each = (Constant(1.0), Constant(2.0), Constant(3.0), Constant(4.0))
    params = draw(LSTMCell(SIZE, 0.0, w_ih_init=each, w_hh_init=each, b_init=each))
    for leaf in (params.w_ih, params.w_hh, params.b):
        for n, gate in enumerate(np.moveaxis(leaf, -2, 0), start=1):
            np.testing.assert_array_equal(gate, n)


def test_a_gate_without_initialiser_is_an_error():
    cell = LSTMCell(SIZE, w_hh_init=(Orthogonal(), Glorot()))
    wanted = (
        "2 initialisers came for the 4 gates i, f, g, o. Give one for all, or one for "
        "each in this order."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        draw(cell)


def test_identity_starts_an_irnn():
    w_hh = draw(RNNCell(SIZE, w_hh_init=Identity(gain=0.5))).w_hh
    np.testing.assert_array_equal(w_hh, 0.5 * np.eye(SIZE))


ALL = (
    Constant(0.3),
    Uniform(0.1),
    HiddenUniform(),
    Glorot(),
    Orthogonal(),
    Identity(),
    Chrono(9),
)


@pytest.mark.parametrize("init", ALL)
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_16_bit_draws_are_the_rounded_32_bit_ones(init, dtype):
    assert isinstance(init, Initializer)
    coarse = init(jax.random.key(0), (4, 4), dtype)
    fine = init(jax.random.key(0), (4, 4), jnp.float32)
    assert coarse.dtype == dtype
    np.testing.assert_array_equal(coarse, fine.astype(dtype))


@pytest.mark.parametrize("init", ALL)
def test_an_initialiser_is_a_value(init):
    assert hash(init) == hash(eval(repr(init)))
    assert init == eval(repr(init))


def test_gates_are_stacked_before_the_units():
    weights = init_gates(Uniform(1.0), jax.random.key(0), "abc", (2, 5), jnp.float32)
    assert weights.shape == (2, 3, 5)
    biases = init_gates(Uniform(1.0), jax.random.key(0), "abc", (5,), jnp.float32)
    assert biases.shape == (3, 5)
    assert len(np.unique(weights)) == 30
