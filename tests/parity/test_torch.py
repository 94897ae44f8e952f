"""Parity with ``torch.nn.LSTM``, ``GRU`` and ``RNN``: outputs, last states, gradients.

Against torch itself where it is installed, and always against the golden files that
``make_golden.py`` wrote with it.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jlstm
from jlstm import Bidirectional, BidirectionalParams, Recurrent, Stack
from tests.interop.peers import need
from tests.parity.make_golden import (
    CASES,
    GOLDEN,
    HIDDEN_SIZE,
    run_torch,
    weights_of_loss,
)
from tests.zoo import assert_close

each_case = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture
def torch():
    """Torch, or a skip that says so; JLSTM_REQUIRE_PEERS=1 makes its absence fail."""
    return need("torch")


def layer_of(case):
    """Return our layer for a case."""
    lstm = jlstm.LSTMCell(HIDDEN_SIZE)
    if case.proj_size:
        lstm = jlstm.ProjectedLSTMCell(HIDDEN_SIZE, case.proj_size)
    cell = {
        "LSTM": lstm,
        "GRU": jlstm.GRUCell(HIDDEN_SIZE, reset="after"),
        "RNN": jlstm.RNNCell(HIDDEN_SIZE, activation=case.nonlinearity or "tanh"),
    }[case.kind]
    one = Bidirectional(cell) if case.bidirectional else Recurrent(cell)
    return Stack((one,) * case.layers)


def blocks(stacked, count):
    """Cut torch's stacked rows into gates: (gate·h, x) becomes (x, gate, h)."""
    array = jnp.asarray(stacked)
    return jnp.moveaxis(array.reshape(count, -1, *array.shape[1:]), -1, 0)


def params_of(case, named, suffix, prefix=""):
    """Return one direction of one layer; with ``prefix="grad."`` its gradient.

    Our one bias is the sum of torch's two, so a gradient is that of either.
    """
    w_ih, w_hh, b_ih, b_hh = (
        named[f"{prefix}{name}_{suffix}"]
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    b = jnp.asarray(b_ih if prefix else b_ih + b_hh)
    if case.kind == "RNN":
        return jlstm.RNNParams(jnp.asarray(w_ih.T), jnp.asarray(w_hh.T), b)
    if case.kind == "LSTM":
        maps = blocks(w_ih, 4), blocks(w_hh, 4), b.reshape(4, HIDDEN_SIZE)
        if not case.proj_size:
            return jlstm.LSTMParams(*maps)
        w_hr = jnp.asarray(named[f"{prefix}weight_hr_{suffix}"].T)
        return jlstm.ProjectedLSTMParams(*maps, w_hr)
    inside = jnp.asarray(b_hh[2 * HIDDEN_SIZE :])
    b = b.at[2 * HIDDEN_SIZE :].set(b_ih[2 * HIDDEN_SIZE :]).reshape(3, HIDDEN_SIZE)
    return jlstm.GRUParams(blocks(w_ih, 3), blocks(w_hh, 3), b, inside)


def carry_of(case, named, index, h, c):
    """Return one of the states that torch stacks over layers and directions."""
    if case.kind == "LSTM":
        return jlstm.LSTMCarry(
            jnp.asarray(named[h][index]), jnp.asarray(named[c][index])
        )
    kind = jlstm.GRUCarry if case.kind == "GRU" else jlstm.RNNCarry
    return kind(jnp.asarray(named[h][index]))


def nested(case, make):
    """Arrange what ``make(index, suffix)`` returns as the layer arranges its parts."""
    ways = 2 if case.bidirectional else 1
    names = ("", "_reverse")
    layers = []
    for layer in range(case.layers):
        parts = [
            make(layer * ways + way, f"l{layer}{names[way]}") for way in range(ways)
        ]
        layers.append(BidirectionalParams(*parts) if ways == 2 else parts[0])
    return tuple(layers)


@partial(jax.jit, static_argnums=0)
def run_ours(case, params, xs, carry, lengths):
    """Return the last carry, ys, and gradients of params, xs and carry."""

    def scored(params, xs, carry):
        last, ys = layer_of(case).apply(params, xs, carry, lengths=lengths)
        # Torch stacks layers and directions: the loss weighs the stacked states.
        states = zip(*(_flat(case, part) for part in last), strict=True)
        stacked = [jnp.concatenate(state) for state in states]
        loss = sum(jnp.sum(out * weights_of_loss(out.shape)) for out in (ys, *stacked))
        return loss, (last, ys)

    grad = jax.grad(scored, argnums=(0, 1, 2), has_aux=True)
    grads, (last, ys) = grad(params, xs, carry)
    return last, ys, *grads


def _flat(case, carry):
    ways = carry if case.bidirectional else (carry,)
    return [jnp.stack(state) for state in zip(*ways, strict=True)]


def require_parity(case, named):
    params = nested(case, lambda _, suffix: params_of(case, named, suffix))
    carry = nested(case, lambda n, _: carry_of(case, named, n, "h0", "c0"))
    ours = run_ours(
        case, params, jnp.asarray(named["xs"]), carry, jnp.asarray(named["lengths"])
    )
    theirs = (
        nested(case, lambda n, _: carry_of(case, named, n, "hn", "cn")),
        jnp.asarray(named["ys"]),
        nested(case, lambda _, suffix: params_of(case, named, suffix, "grad.")),
        jnp.asarray(named["grad.xs"]),
        nested(case, lambda n, _: carry_of(case, named, n, "grad.h0", "grad.c0")),
    )
    assert_close(ours, theirs)


@each_case
def test_we_agree_with_the_golden_file(case):
    named = np.load(GOLDEN / f"{case}.npz")
    assert str(named["torch_version"])
    require_parity(case, named)


@each_case
def test_we_agree_with_torch(case, torch):
    require_parity(case, run_torch(case, seed=1))


@each_case
def test_the_golden_file_is_what_torch_computes(case, torch):
    named = dict(np.load(GOLDEN / f"{case}.npz"))
    del named["torch_version"]
    live = run_torch(case, seed=0)
    assert live.keys() == named.keys()
    for name, array in live.items():
        np.testing.assert_allclose(array, named[name], atol=1e-12, err_msg=name)


def test_golden_files_are_small():
    sizes = {path.name: path.stat().st_size for path in GOLDEN.iterdir()}
    assert len(sizes) == len(CASES)
    assert max(sizes.values()) < 30_000, sizes
