"""sLSTM and mLSTM: the stabiliser changes nothing, and holds where gates are extreme.

Their steps are tested with all others, against the oracle.
"""

import dataclasses
import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jlstm import MLSTMCell, Recurrent, SLSTMCell, unroll
from jlstm._internal.tree import cast
from tests.oracle.basic import sigmoid
from tests.zoo import (
    CELLS,
    Sample,
    as_dicts,
    ask_oracle,
    assert_close,
    assert_same,
    draw,
    run,
)

ROW = {row.name: row for row in CELLS}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            lambda: SLSTMCell(3, forget_gate="tanh"),
            "SLSTMCell: forget_gate is 'tanh'; choose one of sigmoid, exp.",
        ),
        (
            lambda: MLSTMCell(3, forget_gate="sigm"),
            "MLSTMCell: forget_gate is 'sigm'; choose one of sigmoid, exp. Did you "
            "mean sigmoid?",
        ),
        (
            lambda: MLSTMCell(4, 2, key_size=3),
            "MLSTMCell: 2 heads cannot share key_size=3; give a multiple of num_heads.",
        ),
        (
            lambda: MLSTMCell(3, num_heads=2),
            "MLSTMCell: 2 heads cannot share 3 hidden units; give a divisor of "
            "hidden_size.",
        ),
        (
            lambda: MLSTMCell(3, chunk_size=0),
            "MLSTMCell: chunk_size is 0; give a positive integer.",
        ),
    ],
)
def test_an_option_that_cannot_be_is_refused(make, wanted):
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        make()


def arrays(params):
    return jax.tree.map(np.asarray, params)


def test_an_slstm_is_its_equations_without_stabiliser():
    params, xs = draw(ROW["slstm_exp"])[:2]
    _, ys = unroll(ROW["slstm_exp"].cell, params, xs)
    p = arrays(params)
    h, c, n = np.zeros((3, 3, 3))
    for x, y in zip(xs, ys, strict=True):
        z = np.tensordot(x, p.w_ih, 1) + np.tensordot(h, p.w_hh, 1)
        i, f, o = np.exp(z[:, 0]), np.exp(z[:, 1]), sigmoid(z[:, 3])
        c, n = f * c + i * np.tanh(z[:, 2]), f * n + i
        h = o * c / n
        np.testing.assert_allclose(y, h, rtol=1e-11)


def test_an_mlstm_is_its_equations_without_stabiliser():
    params, xs = draw(ROW["mlstm_exp"])[:2]
    _, ys = unroll(ROW["mlstm_exp"].cell, params, xs)
    p = arrays(params)
    for row in range(3):
        c, n = np.zeros((3, 3)), np.zeros(3)
        for x, y in zip(np.asarray(xs[:, row]), ys[:, row], strict=True):
            q, k = x @ p.w_qk[:, 0], x @ p.w_qk[:, 1] / np.sqrt(3)
            v, o = x @ p.w_vo[:, 0], sigmoid(x @ p.w_vo[:, 1])
            i, f = np.exp(x @ p.w_if[..., 0])
            c, n = f * c + i * np.outer(v, k), f * n + i * k
            np.testing.assert_allclose(y, o * (c @ q) / max(abs(n @ q), 1), rtol=1e-11)


def test_a_unit_that_has_not_begun_reads_no_stabiliser():
    """Rows, and units of a row, begin each for itself."""
    row = ROW["slstm"]
    params, xs, carry = draw(row)[:3]
    begun = jnp.array([[True] * 4, [False] * 4, [True, False, False, True]])
    n, c = jnp.where(begun, carry.n, 0.0), jnp.where(begun, carry.c, 0.0)
    empty = carry._replace(n=n, c=c, m=jnp.where(begun, carry.m, 1e5))
    plain = empty._replace(m=jnp.where(begun, carry.m, 0.0))
    assert_close(
        unroll(row.cell, params, xs, empty), unroll(row.cell, params, xs, plain)
    )


@partial(jax.jit, static_argnums=(0, 1))
def total(cell, backend, params, xs):
    """Return outputs, and the gradients of their sum."""

    def loss(params, xs):
        _, ys = unroll(cell, params, xs, backend=backend)
        return jnp.sum(ys), ys

    (_, ys), grads = jax.value_and_grad(loss, (0, 1), has_aux=True)(params, xs)
    return ys, grads


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        pytest.param("slstm", "scan", marks=pytest.mark.slow),
        ("slstm_exp", "scan"),
        pytest.param("mlstm", "scan", marks=pytest.mark.slow),
        pytest.param("mlstm", "parallel", marks=pytest.mark.slow),
        ("mlstm_exp", "parallel"),
    ],
)
def test_extreme_gates_in_float32_stay_near_the_oracle(name, backend):
    """Pre-activations of some hundreds, whose exponentials float32 cannot hold."""
    row = ROW[name]
    sample = draw(row, steps=12)
    weight = "w_ih" if name.startswith("slstm") else "w_if"
    scaled = {weight: 300 * getattr(sample.params, weight)}
    # Rounded first: the large weights would magnify another rounding of inputs.
    params = cast(sample.params._replace(**scaled), jnp.float32)
    xs = sample.xs.astype(jnp.float32)
    ys, grads = total(row.cell, backend, params, xs)
    wide = sample._replace(params=cast(params, jnp.float64), xs=xs.astype(jnp.float64))
    with np.errstate(over="ignore"):
        _, wanted = ask_oracle(row, Sample(wide.params, wide.xs))
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(ys, wanted, atol=2e-3)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))


@pytest.mark.parametrize("size", [3, 100])
def test_the_size_of_chunks_changes_nothing(size):
    row = ROW["mlstm"]
    cell = dataclasses.replace(row.cell, chunk_size=size)
    carry, ys = run(Recurrent(cell, backend="parallel"), draw(row))
    assert_close((as_dicts(carry), np.asarray(ys)), ask_oracle(row, draw(row)))


@pytest.mark.long
def test_a_memory_returns_what_it_stored_under_a_key():
    """One head with open gates and orthogonal keys: an associative memory."""
    cell = MLSTMCell(4, forget_gate="exp", use_bias=False)
    params = jax.tree.map(jnp.zeros_like, cell.init(jax.random.key(0), 8, jnp.float64))
    # The first half of the input is the key and the query, the second is the value;
    # keys are of length 2, which the scale of 1/2 makes 1.
    key, value = jnp.eye(8)[:, :4], jnp.eye(8)[:, 4:]
    params = params._replace(
        w_qk=jnp.stack([key / 2, key], axis=1),
        w_vo=jnp.stack([value, 0 * value], axis=1),
    )
    keys, values = 2 * jnp.eye(4), jnp.asarray(np.random.default_rng(0).random((4, 4)))
    stored = jnp.concatenate([keys, values], axis=1)
    carry, _ = unroll(cell, params, stored)
    asked = jnp.concatenate([keys[:1], jnp.zeros((1, 4))], axis=1)
    # Asking stores zeros under the same key: the weight is 2; and o is half open.
    _, (answer,) = unroll(cell, params, asked, carry)
    np.testing.assert_allclose(answer, values[0] / 4)
    assert_same(carry.m, jnp.zeros(1))
