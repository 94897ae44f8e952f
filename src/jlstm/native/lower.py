"""How a primitive becomes a call of the kernel."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.interpreters import mlir

from jlstm.cells.lstm import LSTMCell
from jlstm.native.build import register, target
from jlstm.native.inputs import Inputs, Kernel

WEIGHTS = ("w_ih", "w_hh", "b", "b_hn")
CARRIES = ("h", "c", "fresh_h", "fresh_c")
EMPTY = (0,)


def by_kernel_if_it_stays(call: Callable, by_formula: Callable) -> Callable:
    """Return a lowering rule that calls the kernel unless the program leaves here.

    A program that is exported runs elsewhere, where there may be no kernel; and where
    XLA itself splits a program over devices it must see what it splits. There the
    formula is lowered. Inside ``jax.shard_map`` and ``jax.pmap`` each device has a
    program of its own, and the kernel runs.
    """

    def rule(ctx: mlir.LoweringRuleContext, *operands: Any, **params: Any) -> Any:
        module = ctx.module_context
        axes = module.axis_context
        split = isinstance(axes, mlir.ShardingContext) and axes.num_devices > 1
        leaves = split or module.lowering_parameters.for_export
        return (by_formula if leaves else call)(ctx, *operands, **params)

    return rule


def forward_call(
    ctx: mlir.LoweringRuleContext,
    *operands: Any,
    cell: Kernel,
    reverse: bool,
    keep: bool,
    tree: Any,
) -> list:
    """Lower to ``forward`` of the kernel: hs, c, cs, kept."""
    avals = list(ctx.avals_out)
    lstm = isinstance(cell, LSTMCell)
    present = (True, lstm, lstm and keep, keep)
    results = [avals.pop(0) if there else None for there in present]
    inputs = jax.tree.unflatten(tree, operands)
    types = jax.tree.unflatten(tree, ctx.avals_in)
    return _call(ctx, _name(cell, "forward"), [*inputs], [*types], results, reverse)


def backward_call(
    ctx: mlir.LoweringRuleContext,
    *operands: Any,
    cell: Kernel,
    reverse: bool,
    wanted: tuple[str, ...],
    tree: Any,
) -> list:
    """Lower to ``backward`` of the kernel: the gradients of what is wanted.

    The kernel also makes the gradients of the pre-activations, in the place of what the
    forward pass kept.
    """
    inputs, outputs, cotangents = jax.tree.unflatten(tree, operands)
    types, kept, d_types = jax.tree.unflatten(tree, ctx.avals_in)
    operands = [*inputs, outputs.hs, outputs.cs, outputs.kept, *cotangents]
    avals_in = [*types, kept.hs, kept.cs, kept.kept, *d_types]
    made = _made(types, wanted)
    results = [
        kept.kept,
        *(
            getattr(types, name) if name in made else None
            for name in ("xs", *WEIGHTS, *CARRIES)
        ),
    ]
    out = _call(
        ctx, _name(cell, "backward"), operands, avals_in, results, reverse,
        aliases={len(Inputs._fields) + 2: 0},
    )  # fmt: skip
    names = [name for name in ("xs", *WEIGHTS, *CARRIES) if name in made]
    grads = dict(zip(names, out[1:], strict=True))
    return [grads[name] for name in wanted]


def _made(types: Inputs, wanted: tuple[str, ...]) -> set[str]:
    """Return which gradients the kernel makes: carries always, weights all or none."""
    names = {*CARRIES, *(("xs",) if "xs" in wanted else ())}
    if set(WEIGHTS) & set(wanted):
        names |= set(WEIGHTS)
    return {name for name in names if getattr(types, name) is not None}


def _call(
    ctx: mlir.LoweringRuleContext,
    name: str,
    operands: list,
    avals_in: list,
    results: list,
    reverse: bool,
    aliases: dict[int, int] | None = None,
) -> list:
    """Call the kernel with empty arrays for what is ``None``; return what is not."""
    register()
    nothing = jax.core.ShapedArray(EMPTY, np.float32)
    absent = mlir.ir_constant(np.zeros(EMPTY, np.float32))
    operands = [absent if operand is None else operand for operand in operands]
    full = ctx.replace(
        avals_in=[nothing if aval is None else aval for aval in avals_in],
        avals_out=[nothing if aval is None else aval for aval in results],
    )
    rule = jax.ffi.ffi_lowering(target(name), operand_output_aliases=aliases)
    out = rule(full, *operands, reverse=reverse)
    return [value for value, aval in zip(out, results, strict=True) if aval is not None]


def _name(cell: Kernel, direction: str) -> str:
    return f"{'lstm' if isinstance(cell, LSTMCell) else 'gru'}_{direction}"
