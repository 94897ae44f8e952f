"""The pallas backend: LSTM, GRU and sLSTM on NVIDIA GPUs by a fused kernel.

Reverse mode only, and once: JAX refuses forward mode, and so Hessians, with a TypeError
that names ``custom_vjp``; the fused backend has every mode.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._backends.call import Backend, Call, CallTypes
from jlstm._backends.pallas.available import other_device, unsupported
from jlstm._backends.pallas.sequence import Inputs, sequence
from jlstm._backends.pallas.tiles import ROWS, UNIT_MULTIPLE, fill, round_up
from jlstm._internal.tree import vary_like
from jlstm._internal.types import Carry
from jlstm.cell import Cell


def _unsupported(cell: Cell, types: CallTypes) -> str | None:
    return unsupported(cell, *types.dtypes) or other_device(*types.target)


def run_kernel(call: Call, *, interpret: bool = False) -> tuple[Carry, Array]:
    """Run the kernels with all batch axes as one.

    With ``interpret`` a GPU is simulated on the CPU, slowly, for tests.
    """
    cell, batch = call.cell, call.shape[1:]
    rows, size = math.prod(batch), cell.hidden_size
    inputs = _in_tiles(call)
    hs, last = sequence(cell, call.reverse, interpret, vary_like(inputs, inputs))
    hs = hs[:, :rows, :size].reshape(len(hs), *batch, size)
    leaves = [leaf[:rows, :size].reshape(*batch, size) for leaf in last]
    return type(call.start)(*leaves), call.output(hs)


PALLAS = Backend("pallas", _unsupported, run_kernel)


def _in_tiles(call: Call) -> Inputs:
    """Fill up rows and units to whole tiles, and project the inputs of all steps.

    Units that are not there have weights of zero from and to all others. Where nothing
    resets, the fresh carry is not read.
    """
    cell, (xs, live, resets, _) = call.cell, call.steps
    rows = math.prod(call.shape[1:])
    tall = round_up(max(rows, 1), ROWS)
    wide = round_up(cell.hidden_size, UNIT_MULTIPLE)

    def flags(given: Array | None) -> Array | None:
        if given is None:
            return None
        return fill(given.reshape(len(given), rows), 1, tall)

    def leaves(given: Carry) -> tuple[Array, ...]:
        flat = (leaf.reshape(rows, cell.hidden_size) for leaf in given)
        return tuple(fill(fill(leaf, 0, tall), 1, wide) for leaf in flat)

    filled = jax.tree.map(lambda leaf: fill(leaf, -1, wide), call.params)
    flat = fill(xs.reshape(len(xs), rows, xs.shape[-1]), 1, tall)
    w_hh = fill(filled.w_hh, 0, wide).astype(xs.dtype)
    b_hn = getattr(filled, "b_hn", None)
    if b_hn is not None:
        b_hn = b_hn.astype(xs.dtype).astype(jnp.float32)
    return Inputs(
        cell.project(filled, flat), w_hh, b_hn, leaves(call.start), leaves(call.fresh),
        flags(live), flags(resets),
    )  # fmt: skip
