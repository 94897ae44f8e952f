"""A script as a user writes it, in full types: pyright and mypy check it strictly.

``python3 dev.py types`` runs both; ``assert_type`` says what each of them must know.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, assert_type

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

import jlstm
import jlstm.nnx
from jlstm.analysis.gradients import gradients_by_lag
from jlstm.analysis.traces import named_traces
from jlstm.initializers import Chrono, Glorot, Orthogonal
from jlstm.interop import from_torch, to_torch


class LeakyParams(NamedTuple):
    w_ih: Array
    w_hh: Array
    b: Array


class LeakyCarry(NamedTuple):
    h: Array


class LeakyGates(NamedTuple):
    candidate: Array


@dataclass(frozen=True, repr=False)
class LeakyCell(jlstm.AffineCell):
    """A cell of one's own: h moves towards its candidate by a fixed rate."""

    hidden_size: int
    rate: float = 0.1

    def init(
        self, key: Array, input_size: int, dtype: Any = jnp.float32
    ) -> LeakyParams:
        k_ih, k_hh = jax.random.split(key)
        n = self.hidden_size
        w_ih = Glorot()(k_ih, (input_size, n), dtype)
        w_hh = Orthogonal()(k_hh, (n, n), dtype)
        return LeakyParams(w_ih, w_hh, jnp.zeros((n,), dtype))

    def init_carry(
        self, batch_shape: tuple[int, ...] = (), dtype: Any = jnp.float32
    ) -> LeakyCarry:
        return LeakyCarry(jnp.zeros((*batch_shape, self.hidden_size), dtype))

    def gate(
        self, params: LeakyParams, carry: LeakyCarry, zx: Array, zh: Array
    ) -> tuple[LeakyCarry, LeakyGates]:
        candidate = jnp.tanh(zx + zh)
        h = (1 - self.rate) * carry.h + self.rate * candidate
        return LeakyCarry(h), LeakyGates(candidate)


def cells(xs: Array) -> Array:
    cell = jlstm.LSTMCell(hidden_size=6, forget_bias=Chrono(20))
    params = cell.init(jax.random.key(0), input_size=xs.shape[-1])
    assert_type(params, jlstm.LSTMParams)
    assert_type(params.w_ih, Array)
    lengths = jnp.full((xs.shape[1],), 3)
    carry, ys = jlstm.unroll(cell, params, xs, lengths=lengths, checkpoint="sqrt")
    assert_type(carry, jlstm.LSTMCarry)
    assert_type(carry.c, Array)
    carry, ys = jlstm.unroll(cell, params, xs, carry, backend="scan")
    assert_type(ys, Array)
    last, (carries, gates) = jlstm.trace(cell, params, xs)
    assert_type(last, jlstm.LSTMCarry)
    assert_type(carries, jlstm.LSTMCarry)
    assert_type(gates, jlstm.LSTMGates)
    assert_type(gates.f, Array)
    return ys


def other_cells(xs: Array) -> None:
    key = jax.random.key(0)
    gru = jlstm.GRUCell(4, reset="before")
    state, (_, gates) = jlstm.trace(gru, gru.init(key, 3), xs)
    assert_type(state, jlstm.GRUCarry)
    assert_type(gates.z, Array)
    scan = jlstm.MinGRUCell(4)
    hidden, _ = jlstm.unroll(scan, scan.init(key, 3), xs)
    assert_type(hidden, jlstm.HiddenCarry)
    own = LeakyCell(4)
    leaky, (_, mine) = jlstm.trace(own, own.init(key, 3), xs)
    assert_type(leaky, LeakyCarry)
    assert_type(mine, LeakyGates)
    noisy = jlstm.LearnedCarry(jlstm.Zoneout(jlstm.RecurrentDropout(own, 0.2), h=0.1))
    _, ys = jlstm.unroll(noisy, noisy.init(key, 3), xs, key=key)
    assert_type(ys, Array)


def layers(xs: Array) -> Array:
    cell = jlstm.GRUCell(4)
    parts: tuple[jlstm.Layer, ...] = (jlstm.Recurrent(cell), jlstm.Bidirectional(cell))
    stack = jlstm.Stack(parts, dropout=0.3, connect="skip")
    params = stack.init(jax.random.key(0), xs.shape[-1])
    _, ys = stack.apply(params, xs, key=jax.random.key(1))
    assert_type(ys, Array)
    print(jlstm.summary(stack, input_size=3), jlstm.explain(cell, xs=xs).backend)
    last = jlstm.last_output(ys, jnp.full((xs.shape[1],), 2))
    assert_type(last, Array)
    return ys


def flax(xs: Array) -> Array:
    model = jlstm.nnx.LSTM(3, 5, num_layers=2, bidirectional=True, rngs=nnx.Rngs(0))
    _, ys = model(jnp.swapaxes(xs, 0, 1), key=jax.random.key(0))
    assert_type(ys, Array)
    wrapped = jlstm.nnx.RNN(LeakyCell(4), input_size=3, rngs=nnx.Rngs(0))
    assert_type(wrapped.output_size, int)
    return ys


def weights_and_plots(xs: Array) -> Array:
    cell = jlstm.LSTMCell(4)
    params = cell.init(jax.random.key(0), 3)
    arrays = to_torch(jlstm.Recurrent(cell), params)
    layer, same = from_torch(arrays)
    _, ys = layer.apply(same, xs)
    assert_type(ys, Array)
    lags = gradients_by_lag(cell, params, xs, jnp.ones_like(ys[-1]))
    assert_type(named_traces(cell, params, xs), dict[str, Array])
    print(jax.tree.map(jnp.shape, lags))

    def run(params: jlstm.LSTMParams, xs: Array) -> Array:
        return jlstm.unroll(cell, params, xs)[1]

    assert_type(jlstm.memory_of(run, params, xs).total, int)
    return ys


def main() -> dict[str, tuple[int, ...]]:
    xs = jnp.ones((5, 2, 3))
    other_cells(xs)
    made = {"cells": cells(xs), "layers": layers(xs), "flax": flax(xs)}
    made["weights"] = weights_and_plots(xs)
    return {name: ys.shape for name, ys in made.items()}


if __name__ == "__main__":
    print(main())
