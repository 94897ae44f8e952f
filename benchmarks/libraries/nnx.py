"""Flax NNX: ``OptimizedLSTMCell`` or ``GRUCell`` in ``nnx.RNN``.

Its GRU has no bias inside the reset product.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from benchmarks.libraries._jax import (
    Model,
    builder,
    in_jlstm,
    lengths_of,
    require_known,
    zero_beyond,
    zeros,
)
from benchmarks.problem import Part, Problem, parts
from jlstm.interop import to_nnx

PACKAGES = ("flax", "jax")
KINDS = {"lstm": nnx.OptimizedLSTMCell, "gru": nnx.GRUCell}


def model(problem: Problem) -> Model:
    """Build the layers, split into what is static and parameters."""
    require_known(problem)
    lengths = lengths_of(problem)
    split = [
        [nnx.split(direction(problem, part)) for part in level]
        for level in parts(problem)
    ]
    params = [[own for _, own in level] for level in split]

    def rnn(n: int, m: int, params: Any) -> nnx.RNN:
        return nnx.merge(split[n][m][0], params[n][m])

    def apply(params: Any, xs: jax.Array) -> tuple[jax.Array, Any]:
        carries = []
        for n, level in enumerate(params):
            ends = [
                rnn(n, m, params)(
                    xs,
                    seq_lengths=lengths,
                    reverse=m == 1,
                    keep_order=True,
                    rngs=nnx.Rngs(0),
                )
                for m in range(len(level))
            ]
            carries.append([carry for carry, _ in ends])
            xs = jnp.concatenate([ys for _, ys in ends], axis=-1)
        return zero_beyond(lengths, xs), carries

    def advance(params: Any, carry: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        return rnn(0, 0, params).cell(carry, x)

    start = zeros(problem)
    carry = (start, start) if problem.cell == "lstm" else start
    return Model(params, apply, advance if problem.row.is_plain else None, carry)


def direction(problem: Problem, part: Part) -> nnx.RNN:
    """Return one direction of a layer."""
    if part.b_hn is not None:
        part = part._replace(b_hn=jnp.zeros_like(part.b_hn))
    cell = to_nnx(*in_jlstm(problem, part), KINDS[problem.cell])
    return nnx.RNN(cell, time_major=True, return_carry=True, rngs=False)


build = builder(model)
