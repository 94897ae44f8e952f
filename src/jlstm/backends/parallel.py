"""The parallel backend: many steps at once, for cells that allow it."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._tree import join_chunks, time_slice, zero_unless
from jlstm._types import Carry, Checkpoint, Params, Shape
from jlstm.backends.loop import run_in_chunks
from jlstm.backends.scan import Controls, Emit
from jlstm.parallel import ParallelCell

Tree = Any


def parallel(
    cell: ParallelCell,
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: Carry,
    fresh: Carry,
    controls: Controls,
    emit: Emit,
    *,
    reverse: bool = False,
    unroll: int = 1,
    checkpoint: Checkpoint = None,
) -> tuple[Carry, Any]:
    """Run ``cell`` over ``xs`` and stack ``emit(carry, ())``, many steps at once.

    The result is that of :func:`~jlstm.backends.scan.scan`, up to rounding. A number
    that is not finite stays in its row, and in a linear cell ends at a reset. On a CPU
    the sequence is cut into chunks, whose arrays fit into a cache; the backward pass
    computes each of them again, which costs less than to keep them. ``checkpoint``
    makes chunks of these.
    """

    def flags_of(xs: Array) -> Shape:
        return xs.shape[: xs.ndim - cell.num_feature_axes]

    def run_chunk(carry: Carry, inputs: Tree) -> tuple[Carry, Tree]:
        xs, live, resets = _flip(inputs) if reverse else inputs
        live = jnp.ones(flags_of(xs), bool) if live is None else live
        resets = jnp.zeros(flags_of(xs), bool) if resets is None else resets
        zxs = cell.project(params, zero_unless(live, xs))
        last, carries = cell.run(params, carry, fresh, zxs, live, resets)
        ys = zero_unless(live, emit(carries, ()))
        return last, _flip(ys) if reverse else ys

    def run(carry: Carry, inputs: Tree) -> tuple[Carry, Tree]:
        xs, live, resets = inputs
        steps = xs.shape[0]
        size = steps_at_once(most_steps(cell, carry.h.size), steps)
        count = -(-steps // size)
        if count in (0, 1):
            return run_chunk(carry, inputs)
        if live is None and count * size != steps:
            live = jnp.ones(flags_of(xs), bool)
        chunks = _cut((xs, live, resets), count, size)
        remat = jax.checkpoint(run_chunk, prevent_cse=False)
        carry, ys = jax.lax.scan(remat, carry, chunks, reverse=reverse)
        return carry, _join(ys, steps)

    inputs = (xs, controls.live, controls.resets)
    return run_in_chunks(
        run, carry, inputs, xs.shape[0], reverse=reverse, checkpoint=checkpoint
    )


MOST_STEPS, MOST_NUMBERS = 64, 2**17
"""The outputs of a chunk are no more than these, so that it stays in a cache."""
FEWEST_STEPS = 4
"""Where fewer fit, each is so large that nothing is won."""


def worthwhile(cell: ParallelCell, steps: int, numbers: int) -> str | None:
    """Return why this backend is better than the loop; None where it is not.

    Args:
        cell: what happens in a step.
        steps: how many; one that is only a name, as in an exported program, is many.
        numbers: in the output of a step, over all rows; a name stands for few.

    The measurements behind the rule, of a CPU, are in
    ``docs/design/006-linear-cells.md``.

    Example:
        >>> from jlstm import MinGRUCell
        >>> cell = MinGRUCell(64)
        >>> worthwhile(cell, steps=1000, numbers=8 * 64)
        'what no carry enters is computed for many steps at once'
        >>> worthwhile(cell, steps=1, numbers=8 * 64)
        >>> worthwhile(cell, steps=1000, numbers=1024 * 64)
    """
    single = isinstance(steps, int) and steps < 2
    if single or most_steps(cell, numbers) < FEWEST_STEPS:
        return None
    return "what no carry enters is computed for many steps at once"


def most_steps(cell: ParallelCell, numbers: int) -> int:
    """Return how many steps a CPU computes together, of so many numbers in the output.

    Example:
        >>> from jlstm import MinGRUCell
        >>> [most_steps(MinGRUCell(256), rows * 256) for rows in (1, 64, 1024)]
        [64, 8, 1]
    """
    if cell.chunk_size is not None:
        return cell.chunk_size
    if not isinstance(numbers, int):
        return MOST_STEPS
    return min(MOST_STEPS, max(1, MOST_NUMBERS // max(numbers, 1)))


def steps_at_once(most: int, steps: int) -> int:
    """Return how many of ``steps`` are computed together.

    On a CPU that is ``most`` or less, and at least half of it where this makes all
    chunks equal, so that none has to be filled; elsewhere it is all of them. Of a
    number of steps that is only a name, as in an exported program, nothing is known.

    Example:
        >>> [steps_at_once(64, steps) for steps in (0, 50, 67, 100, 1000)]
        [1, 50, 34, 50, 50]
    """
    if not isinstance(steps, int):
        return most
    steps = max(steps, 1)
    if jax.default_backend() != "cpu":
        return steps
    least = -(-steps // most)
    counts = (n for n in range(least, 2 * least + 1) if steps % n == 0)
    return -(-steps // next(counts, least))


def _cut(tree: Tree, count: int, size: int) -> Tree:
    """Cut the leading axis into chunks; what the last one lacks are zeros."""

    def cut(leaf: Array) -> Array:
        missing = [(0, count * size - leaf.shape[0])] + [(0, 0)] * (leaf.ndim - 1)
        return jnp.pad(leaf, missing).reshape(count, size, *leaf.shape[1:])

    return jax.tree.map(cut, tree)


def _join(tree: Tree, steps: int) -> Tree:
    """Undo :func:`_cut`."""
    return time_slice(join_chunks(tree), 0, steps)


def _flip(tree: Tree) -> Tree:
    return jax.tree.map(lambda leaf: leaf[::-1], tree)
