"""The reference backend: ``cell.step`` under ``lax.scan``, whatever the cell."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array

from jlstm._backends.call import Backend, Call, Steps
from jlstm._internal.tree import select, zero_unless
from jlstm._internal.types import Carry, Gates
from jlstm.analysis.target import current


def scan_steps(call: Call, emit: Callable[[Carry, Gates], Any]) -> tuple[Carry, Any]:
    """Run a call step by step and stack ``emit(carry, gates)`` of every step.

    The input of all steps (of a chunk, with ``checkpoint``) is projected in one product
    outside the loop. A step that is not live holds the carry and emits zeros; a step
    that resets starts from the fresh carry.
    """
    cell, params, steps = call.cell, call.params, call.steps

    def step(carry: Carry, inputs: Steps) -> tuple[Carry, Any]:
        zx, live, reset, key = inputs
        if reset is not None:
            carry = select(reset, call.fresh, carry)
        new, gates = cell.step(params, carry, _apart(zx), key)
        out = emit(new, gates)
        if live is None:
            return new, out
        # Here rather than in Call.output: the loop stores what is final, in one pass.
        out = zero_unless(live, out)
        return select(live, new, carry), out

    inputs = steps._replace(xs=cell.project(params, steps.xs))
    return jax.lax.scan(
        step, call.start, inputs, reverse=call.reverse, unroll=call.unroll
    )


def _apart(zx: Any) -> Any:
    """Return a step's slice of the projected input as arrays of its own.

    Fused into gates that read several slices of it, it would have XLA:CPU compute them
    number by number: ``docs/design/019-scan-speed.md``.
    """
    return jax.lax.optimization_barrier(zx) if current().platform == "cpu" else zx


def _run(call: Call) -> tuple[Carry, Array]:
    dtype = call.steps.xs.dtype
    return scan_steps(call, lambda carry, _: carry.h.astype(dtype))


SCAN = Backend("scan", unsupported=lambda cell, types: None, run=_run)
