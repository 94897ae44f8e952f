"""Jacobians of steps are those of the equations, and of the run that they make up."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import LSTMCell, RNNCell, trace, unroll
from jlstm.analysis.jacobian import jacobian_spectra, step_jacobians
from jlstm.analysis.trajectory import (
    carries_before,
    carry_parts,
    flatten_carry,
    unflatten_carry,
)
from jlstm.cells.rnn import RNNCarry, RNNParams
from jlstm.wrappers.learned import LearnedCarryParams
from tests.zoo import CELLS, draw, each

STEPS, ROWS, UNITS = 4, 2, 3
CELL = LSTMCell(UNITS)
NUMBERS = np.random.default_rng(5)


def normal(*shape):
    return jnp.asarray(NUMBERS.normal(size=shape))


@pytest.fixture(scope="module")
def lstm():
    """Parameters, inputs and a start, all random, and the Jacobians there."""
    shapes = jax.eval_shape(lambda: CELL.init(jax.random.key(0), 2))
    params = jax.tree.map(lambda leaf: normal(*leaf.shape), shapes)
    start = jax.tree.map(lambda leaf: normal(*leaf.shape), CELL.init_carry((ROWS,)))
    xs = normal(STEPS, ROWS, 2)
    return params, xs, start, step_jacobians(CELL, params, xs, start)


def test_an_lstm_carries_its_cell_state_on_by_its_forget_gates(lstm):
    params, xs, start, jacobians = lstm
    _, (carries, gates) = jax.jit(partial(trace, CELL))(params, xs, start)
    c = carry_parts(CELL)["c"]
    wanted = np.asarray(gates.f)[..., None] * np.eye(UNITS)
    np.testing.assert_allclose(jacobians[..., c, c], wanted, rtol=1e-12, atol=1e-15)
    slopes = gates.o * (1 - np.tanh(carries.c) ** 2)
    h_by_c = jacobians[..., carry_parts(CELL)["h"], c]
    wanted = np.asarray(slopes * gates.f)[..., None] * np.eye(UNITS)
    np.testing.assert_allclose(h_by_c, wanted, rtol=1e-12, atol=1e-15)


def test_the_product_over_the_steps_is_the_finite_difference_of_the_run(lstm):
    params, xs, start, jacobians = lstm
    product = np.eye(2 * UNITS)
    for jacobian in np.asarray(jacobians)[:, 1]:
        product = jacobian @ product
    direction = NUMBERS.normal(size=2 * UNITS)

    @jax.jit
    def end(amount):
        moved = flatten_carry(start, 1).at[1].add(amount * direction)
        carry = unflatten_carry(CELL, moved)
        return flatten_carry(unroll(CELL, params, xs, carry, backend="scan")[0], 1)[1]

    slope = (end(1e-5) - end(-1e-5)) / 2e-5
    np.testing.assert_allclose(slope, product @ direction, rtol=1e-7, atol=1e-9)


def test_of_a_linear_cell_it_is_the_weight_from_the_old_to_the_new():
    cell = RNNCell(3, activation="identity")
    params = RNNParams(normal(2, 3), normal(3, 3), normal(3))
    found = step_jacobians(cell, params, normal(5, 2))
    wanted = np.broadcast_to(params.w_hh.T, (5, 3, 3))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


KINDS = ("conv_lstm", "lru", "mlstm", "qrnn")


@each([row for row in CELLS if row.name in KINDS])
def test_every_kind_of_carry_flattens_and_has_jacobians(row):
    sample = draw(row)
    carry = sample.carry
    vectors = flatten_carry(carry, rows=1)
    jax.tree.map(
        np.testing.assert_array_equal, carry, unflatten_carry(row.cell, vectors)
    )
    assert list(carry_parts(row.cell)) == list(carry._fields)
    for name, part in carry_parts(row.cell).items():
        flat = getattr(carry, name).reshape(len(vectors), -1)
        np.testing.assert_array_equal(vectors[:, part], flat)
    found = jax.eval_shape(
        lambda p, x: step_jacobians(row.cell, p, x), sample.params, sample.xs
    )
    size = vectors.shape[-1]
    assert found.shape == (*sample.xs.shape[:2], size, size)


def test_the_trajectory_starts_where_the_cell_starts():
    cell = jlstm.LearnedCarry(RNNCell(2))
    inner = RNNParams(normal(1, 2), normal(2, 2), normal(2))
    params = LearnedCarryParams(inner, RNNCarry(normal(2)))
    xs = normal(3, 4, 1)
    before = carries_before(cell, params, xs)
    _, ys = unroll(cell, params, xs, backend="scan")
    np.testing.assert_array_equal(before[0], jnp.tile(params.carry.h, (4, 1)))
    np.testing.assert_array_equal(before[1:], ys[:-1])


def test_spectra_are_sorted_and_those_of_a_known_matrix():
    turn = 0.9 * np.array([[0.0, -1.0], [1.0, 0.0]])
    known = np.diag([0.2, -3.0, 1.0, 1.0])
    known[2:, 2:] = turn
    basis = np.eye(4) + np.triu(NUMBERS.normal(size=(4, 4)), 1)
    matrices = np.stack([known, basis @ known @ np.linalg.inv(basis)])
    spectra = jacobian_spectra(jnp.asarray(matrices))
    for values in spectra.eigenvalues:
        np.testing.assert_allclose(np.sort(values.imag), [-0.9, 0, 0, 0.9], atol=1e-12)
        np.testing.assert_allclose(values[[0, 3]], [-3, 0.2], rtol=1e-12)
    np.testing.assert_allclose(spectra.magnitudes, [[3, 0.9, 0.9, 0.2]] * 2)
    np.testing.assert_allclose(spectra.singular_values[0], [3, 0.9, 0.9, 0.2])
    products = matrices[1] @ matrices[1].T
    squares = np.sort(np.linalg.eigvalsh(products))[::-1]
    np.testing.assert_allclose(spectra.singular_values[1] ** 2, squares, rtol=1e-9)
    assert jacobian_spectra(jnp.eye(2)[None]).eigenvalues.dtype.kind == "c"


def test_a_bent_gradient_has_no_jacobian():
    cell = jlstm.CutRecurrentGradient(CELL)
    with pytest.raises(ValueError, match=r"CutRecurrentGradient\(.*give the cell insi"):
        step_jacobians(cell, None, normal(3, 2))


def test_a_carry_of_another_batch_is_an_error(lstm):
    params, xs, _, _ = lstm
    with pytest.raises(ValueError, match=r"for a batch of shape \(2,\)"):
        step_jacobians(CELL, params, xs, CELL.init_carry((3,)))
