"""Run a call by the program that is generated from the cell's equations."""

import math
import warnings
from typing import Any

import jax
from jaxtyping import Array

from jlstm._backends.call import Call
from jlstm._backends.native.compiled import Compiled, compiled
from jlstm._backends.native.equations.outside import computed
from jlstm._backends.native.equations.sizes import Sizes
from jlstm._backends.native.equations.trace import StepInputs
from jlstm._backends.native.equations.unsupported import UnsupportedError
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
    sizes = made.sizes(inputs.h0.shape[0], 1)
    shown = made.program.shown
    hs, last = out[:shown], [h[0 if call.reverse else -1] for h in out[:shown]]
    parts = iter([*last, *out[shown:]])
    leaves, tree = jax.tree.flatten(call.start)
    new = [
        of.joined([next(parts) for _ in range(of.width)], sizes)
        .reshape(leaf.shape)
        .astype(leaf.dtype)
        for of, leaf in zip(made.carry, leaves, strict=True)
    ]
    ys = made.carry[0].joined(hs, sizes).reshape(hs[0].shape[0], *leaves[0].shape)
    return jax.tree.unflatten(tree, new), call.output(ys)


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
    sizes = made.sizes(rows, xs.shape[-1])
    trace = made.at(rows, xs.shape[-1])
    cut = made.cut
    shared = [*cut.vectors, *cut.rows, *(p.weight for p in cut.products)]
    params = made.flat_params(call.params, sizes)
    each, read = [*cut.x, *cut.streams], (params, xs, call.steps.keys)
    got, streams = computed(trace, shared, each, read)
    xs = streams.pop(0).astype(made.real) if cut.x else None
    v, r = len(cut.vectors), len(cut.vectors) + len(cut.rows)
    packed = [
        of.packed(value, sizes)
        for of, value in zip([*made.vectors, *made.rows], got[:r], strict=True)
    ]
    weights = [
        head
        for of, value in zip(made.weights, got[r:], strict=True)
        for head in of.packed(value.astype(made.weight_dtype), sizes)
    ]
    streams = [
        of.packed(value, sizes) for of, value in zip(made.streams, streams, strict=True)
    ]
    carry = _split(made, call.start, sizes)
    return made.inputs_type(
        xs,
        *weights, *streams, *packed[:v], *packed[v:r], *carry,
        *_fresh(made, call, sizes),
        *(None if f is None else f.reshape(steps, rows)
          for f in (call.steps.live, call.steps.resets)),
    )  # fmt: skip


def _fresh(made: Compiled, call: Call, sizes: Sizes) -> list[Array | None]:
    if call.steps.resets is None:
        return [None] * made.leaves
    return _split(made, call.fresh, sizes)


def _split(made: Compiled, carry: Carry, sizes: Sizes) -> list[Array]:
    pairs = zip(made.carry, jax.tree.leaves(carry), strict=True)
    return [
        part
        for of, leaf in pairs
        for part in of.split(leaf.reshape(sizes.true(of.traced)), sizes)
    ]
