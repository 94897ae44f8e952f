"""One step by the kernel, forward and back: its operands, results and equations."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from jlstm._backends.pallas.gates import SHARE, Blocks, Equations, share_of
from jlstm._backends.pallas.kernel import Grid, Operand, Product, Result, fused_product
from jlstm._backends.pallas.tiles import Tile, split


class Run(NamedTuple):
    """What is the same at every step."""

    rules: Equations
    size: int
    dtype: Any
    pieces: int
    tile: Tile
    interpret: bool


class Back(NamedTuple):
    """What a step back makes."""

    d_share: Array
    pieces: Array
    """Of the gradient of ``zh``, for the product of the step before."""
    d_old: Blocks
    """Gradient of the carry before the step, without what passes through ``zh``."""
    d_h: Array | None
    """Gradient of the hidden state after the step, with all its parts."""


def forward_step(
    run: Run,
    now: Array,
    w: Array,
    zx: Array,
    b_hn: Array | None,
    carry: Blocks,
    pieces: Array,
) -> tuple[Blocks, Array]:
    """Return the new carry and the pieces of its hidden state."""
    rules, gates = run.rules, len(run.rules.input_blocks)

    def epilogue(zh: list[Array], tiles: Grid) -> list:
        inputs, *read = tiles
        if b_hn is not None:
            (bias,) = read.pop()
            zh = [*zh[:-1], zh[-1] + bias]
        zx = [tile.astype(jnp.float32) for tile in inputs]
        new = rules.gate(share_of(rules, zx, zh), tuple(tile for (tile,) in read))
        return [*([leaf] for leaf in new), split(new[0], run.pieces)]

    operands = [Operand(zx, gates, timed=True)]
    operands += [Operand(carry[k]) for k in rules.reads]
    if b_hn is not None:
        operands.append(Operand(b_hn))
    results = [Result(jnp.float32)] * len(carry)
    results.append(Result(jnp.bfloat16, planes=run.pieces))
    *new, pieces = fused_product(
        now, Product(pieces, w, run.pieces, gates), operands, results, epilogue,
        run.size, run.tile, interpret=run.interpret,
    )  # fmt: skip
    return tuple(new), pieces


def backward_step(
    run: Run,
    now: Array,
    w: Array,
    timed: tuple[Array, Blocks, Array],
    pieces: Array,
    d_held: Blocks,
    masked: bool,
) -> Back:
    """Go back one step.

    Args:
        run: what is the same at every step.
        now: which step.
        w: the recurrent weight, by :func:`~jlstm._backends.pallas.tiles.pack_backward`.
        timed: of all steps: shares, leaves that the gates read, gradient of the
            outputs.
        pieces: of the gradient of the ``zh`` of the step after.
        d_held: gradient of the carry after the step, without what passes through
            ``pieces`` and the outputs.
        masked: whether to return ``d_h``.
    """
    rules = run.rules
    share, read, d_hs = timed

    def epilogue(product: list[Array], tiles: Grid) -> list:
        share, *rest = tiles
        rest = [tile for (tile,) in rest]
        read, (d_out, *d_new) = rest[: len(rules.reads)], rest[len(rules.reads) :]
        d_h = product[0] + d_out + d_new[0]
        d_new = (d_h, *d_new[1:])
        d_share, d_read = rules.back(tuple(share), tuple(read), d_new)
        parts = [split(d_share[k], run.pieces) for k in rules.recurrent_blocks]
        planes = [part[n] for n in range(run.pieces) for part in parts]
        made = [d_share, planes, *([leaf] for leaf in d_read)]
        return [*made, [d_h]] if masked else made

    operands = [Operand(share, SHARE, timed=True)]
    operands += [Operand(leaf, timed=True) for leaf in (*read, d_hs)]
    operands += [Operand(leaf) for leaf in d_held]
    results = [Result(run.dtype, SHARE)]
    results.append(Result(jnp.bfloat16, len(rules.recurrent_blocks), run.pieces))
    results += [Result(jnp.float32)] * (len(read) + masked)
    d_share, pieces, *made = fused_product(
        now, Product(pieces, w, run.pieces, 1), operands, results, epilogue,
        run.size, run.tile, interpret=run.interpret,
    )  # fmt: skip
    # What the gates do not read reaches the step before through ``zh`` alone.
    d_old = [jnp.zeros_like(leaf) for leaf in d_held]
    for k, leaf in zip(rules.reads, made, strict=False):
        d_old[k] = leaf
    return Back(d_share, pieces, tuple(d_old), made[-1] if masked else None)
