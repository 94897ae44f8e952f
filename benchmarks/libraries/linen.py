"""Flax Linen: ``OptimizedLSTMCell`` or ``GRUCell`` in ``nn.RNN``."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from benchmarks.libraries._jax import (
    Model,
    builder,
    in_jlstm,
    lengths_of,
    require_known,
    zero_beyond,
    zeros,
)
from benchmarks.problem import Problem, parts
from jlstm.interop import to_linen

PACKAGES = ("flax", "jax")
CELLS = {"lstm": nn.OptimizedLSTMCell, "gru": nn.GRUCell}


def model(problem: Problem) -> Model:
    """Build the layers, a bidirectional one of two ``nn.RNN``."""
    require_known(problem)
    cell = CELLS[problem.cell](problem.row.hidden_size)
    lengths = lengths_of(problem)
    rnn = nn.RNN(cell, time_major=True, return_carry=True)
    params = [
        [to_linen(*in_jlstm(problem, part))[1] for part in level]
        for level in parts(problem)
    ]

    def run(params: Any, xs: jax.Array, reverse: bool) -> tuple[Any, jax.Array]:
        return rnn.apply(
            {"params": {"cell": params}},
            xs,
            seq_lengths=lengths,
            reverse=reverse,
            keep_order=True,
        )

    def apply(params: Any, xs: jax.Array) -> tuple[jax.Array, Any]:
        carries = []
        for level in params:
            ends = [run(own, xs, n == 1) for n, own in enumerate(level)]
            carries.append([carry for carry, _ in ends])
            xs = jnp.concatenate([ys for _, ys in ends], axis=-1)
        return zero_beyond(lengths, xs), carries

    def advance(params: Any, carry: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        return cell.apply({"params": params[0][0]}, carry, x)

    start = zeros(problem)
    carry = (start, start) if problem.cell == "lstm" else start
    return Model(params, apply, advance if problem.row.is_plain else None, carry)


build = builder(model)
