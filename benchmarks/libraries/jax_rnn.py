"""``jax.experimental.rnn``: cuDNN's LSTM as JAX offers it, in float32, batch first."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import rnn

from benchmarks.libraries._jax import Model, builder, in_jlstm, require_known, zeros
from benchmarks.problem import Problem, parts
from benchmarks.program import Unsupported
from jlstm.interop import to_cudnn

PACKAGES = ("jax",)


def model(problem: Problem) -> Model:
    """Build one layer, its weights in one vector."""
    require_known(problem, plain=True)
    for given, only in (
        (problem.cell, "lstm"),
        (problem.dtype, "float32"),
        (problem.device, "gpu"),
    ):
        if given != only:
            raise Unsupported(f"has {only} only, not {given}")
    row, [[part]] = problem.row, parts(problem)
    start = zeros(problem)[None]
    lengths = jnp.asarray(row.lengths())

    def apply(weights: Any, xs: jax.Array) -> tuple[jax.Array, Any]:
        ys, *last = rnn.lstm(
            xs, start, start, weights, lengths,
            row.input_size, row.hidden_size, 1, 0.0, False,
        )  # fmt: skip
        return ys, last

    return Model(to_cudnn(*in_jlstm(problem, part)), apply, batch_first=True)


build = builder(model)
