"""Run a call by the program that is generated from the cell's equations."""

import math
import warnings
from typing import Any

import jax
from jaxtyping import Array

from jlstm._backends.call import Call
from jlstm._backends.native.compiled import Compiled, compiled
from jlstm._backends.native.equations.trace import StepInputs
from jlstm._backends.native.equations.unsupported import UnsupportedError
from jlstm._backends.native.inputs import (
    join_carry,
    read_inputs,
    shared_inputs,
    split_carry,
)
from jlstm._backends.native.primitive import run
from jlstm._backends.native.steps import StepsRoutine
from jlstm._backends.scan import SCAN
from jlstm._internal.types import Carry


def run_generated(call: Call) -> tuple[Carry, Array]:
    """Run the kernel; what the way back reads is kept for a gradient only.

    Parameters that are not those that the cell makes run by the scan, with a warning.
    """
    try:
        made = compiled(call.cell, step_types(call))
        inputs = _inputs(made, call)
    except UnsupportedError as error:
        warnings.warn(f"{call.cell!r} runs by the scan: {error}", stacklevel=2)
        return SCAN.run(call)
    out = run(StepsRoutine(made, call.steps.xs.shape[-1], call.reverse), inputs)
    rows, shown = inputs.h0.shape[0], made.program.shown
    hs, last = out[:shown], [h[0 if call.reverse else -1] for h in out[:shown]]
    carry = join_carry(made, [*last, *out[shown:]], call.start, rows)
    ys = made.carry[0].joined(hs, made.sizes(rows, 1))
    return carry, call.output(ys.reshape(hs[0].shape[0], *call.start.h.shape))


def step_types(call: Call) -> StepInputs:
    """Return the types of what a step of a call reads."""
    keys = call.steps.keys
    x = jax.ShapeDtypeStruct(call.steps.xs.shape[1:], call.steps.xs.dtype)
    key = None if keys is None else jax.ShapeDtypeStruct((), keys.dtype)
    params, carry = jax.tree.map(jax.typeof, (call.params, call.start))
    return StepInputs(params, x, key, carry)


def _inputs(made: Compiled, call: Call) -> Any:
    """Return what the kernel reads, with all axes of the batch as one."""
    steps, *batch = call.shape
    rows = math.prod(batch)
    xs = call.steps.xs.reshape(steps, rows, call.steps.xs.shape[-1])
    shared = shared_inputs(made, call.params, rows, xs.shape[-1])
    read = read_inputs(made, call.params, xs, call.steps.keys)
    return made.inputs_type(
        read.xs,
        *shared.weights, *read.streams, *shared.vectors, *shared.rows,
        *split_carry(made, call.start, rows), *_fresh(made, call, rows),
        *(None if f is None else f.reshape(steps, rows)
          for f in (call.steps.live, call.steps.resets)),
    )  # fmt: skip


def _fresh(made: Compiled, call: Call, rows: int) -> list[Array | None]:
    if call.steps.resets is None:
        return [None] * made.leaves
    return split_carry(made, call.fresh, rows)
