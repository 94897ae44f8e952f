"""Equinox: ``eqx.nn.LSTMCell`` or ``GRUCell``, by ``vmap`` over the batch, scanned."""

from typing import Any

import jax

from benchmarks.libraries._jax import Model, builder, in_jlstm, require_known, zeros
from benchmarks.problem import Problem, parts
from jlstm.interop import to_equinox

PACKAGES = ("equinox", "jax")


def model(problem: Problem) -> Model:
    """Build one layer: Equinox has cells, the loop is the user's."""
    require_known(problem, plain=True)
    cell = to_equinox(*in_jlstm(problem, parts(problem)[0][0]))
    start = zeros(problem)
    carry = (start, start) if problem.cell == "lstm" else start

    def advance(cell: Any, carry: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        carry = jax.vmap(cell)(x, carry)
        return carry, carry[0] if problem.cell == "lstm" else carry

    def apply(cell: Any, xs: jax.Array) -> tuple[jax.Array, Any]:
        last, ys = jax.lax.scan(lambda c, x: advance(cell, c, x), carry, xs)
        return ys, last

    return Model(cell, apply, advance, carry)


build = builder(model)
