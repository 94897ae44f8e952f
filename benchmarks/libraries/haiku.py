"""Haiku: ``LSTM`` or ``GRU`` in ``dynamic_unroll``.

Its GRU resets before the product, which is another function of about the same cost.
"""

from typing import Any

import haiku as hk
import jax

from benchmarks.libraries._jax import Model, builder, in_jlstm, require_known, zeros
from benchmarks.problem import Problem, parts
from jlstm import GRUCell
from jlstm.interop import to_haiku

PACKAGES = ("dm-haiku", "jax")
KINDS = {"lstm": hk.LSTM, "gru": hk.GRU}


def model(problem: Problem) -> Model:
    """Build one layer."""
    require_known(problem, plain=True)
    hidden, start = problem.row.hidden_size, zeros(problem)
    carry = hk.LSTMState(start, start) if problem.cell == "lstm" else start

    def unroll(xs: jax.Array) -> tuple[jax.Array, Any]:
        core = KINDS[problem.cell](hidden, name="core")
        return hk.dynamic_unroll(core, xs, carry)

    def step(x: jax.Array, carry: Any) -> tuple[jax.Array, Any]:
        return KINDS[problem.cell](hidden, name="core")(x, carry)

    over_time, one = (hk.without_apply_rng(hk.transform(f)) for f in (unroll, step))

    def advance(params: Any, carry: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        y, carry = one.apply(params, x, carry)
        return carry, y

    return Model(weights(problem), over_time.apply, advance, carry)


def weights(problem: Problem) -> Any:
    """Return Haiku's parameters."""
    cell, params = in_jlstm(problem, parts(problem)[0][0])
    if problem.cell == "gru":
        cell = GRUCell(cell.hidden_size, reset="before")
        params = params._replace(b_hn=None)
    return to_haiku(cell, params, "core")


build = builder(model)
