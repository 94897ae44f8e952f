"""From what a backend is given to whole tiles, and back."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._tree import vary_like
from jlstm._types import Carry, Params
from jlstm.pallas.gates import Cell
from jlstm.pallas.sequence import Inputs, sequence
from jlstm.pallas.tiles import ROWS, UNIT_MULTIPLE, fill, round_up


def run_rows(
    cell: Cell,
    reverse: bool,
    interpret: bool,
    params: Params,
    xs: Array,
    carry: Carry,
    fresh: Carry,
    live: Array | None,
    resets: Array | None,
) -> tuple[Array, Carry]:
    """Run the kernels with all batch axes as one; return ``hs`` and the last carry."""
    batch = xs.shape[1:-1]
    rows, size = math.prod(batch), cell.hidden_size
    inputs = _in_tiles(cell, params, xs, carry, fresh, live, resets)
    hs, last = sequence(cell, reverse, interpret, vary_like(inputs, inputs))
    hs = hs[:, :rows, :size].reshape(len(hs), *batch, size)
    leaves = [leaf[:rows, :size].reshape(*batch, size) for leaf in last]
    return hs, type(carry)(*leaves)


def _in_tiles(
    cell: Cell,
    params: Params,
    xs: Array,
    carry: Carry,
    fresh: Carry,
    live: Array | None,
    resets: Array | None,
) -> Inputs:
    """Fill up rows and units to whole tiles, and project the inputs of all steps.

    Units that are not there have weights of zero from and to all others. Where nothing
    resets, the fresh carry is not read.
    """
    rows = math.prod(xs.shape[1:-1])
    tall = round_up(max(rows, 1), ROWS)
    wide = round_up(cell.hidden_size, UNIT_MULTIPLE)

    def flags(given: Array | None) -> Array | None:
        if given is None:
            return None
        return fill(given.reshape(len(given), rows), 1, tall)

    def leaves(given: Carry) -> tuple[Array, ...]:
        flat = (leaf.reshape(rows, cell.hidden_size) for leaf in given)
        return tuple(fill(fill(leaf, 0, tall), 1, wide) for leaf in flat)

    filled = jax.tree.map(lambda leaf: fill(leaf, -1, wide), params)
    flat = fill(xs.reshape(len(xs), rows, xs.shape[-1]), 1, tall)
    w_hh = fill(filled.w_hh, 0, wide).astype(xs.dtype)
    b_hn = getattr(filled, "b_hn", None)
    if b_hn is not None:
        b_hn = b_hn.astype(xs.dtype).astype(jnp.float32)
    return Inputs(
        cell.project(filled, flat), w_hh, b_hn, leaves(carry), leaves(fresh),
        flags(live), flags(resets),
    )  # fmt: skip
