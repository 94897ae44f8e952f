"""One loop over time: ``lax.scan``, plain or rematerialised in chunks."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._tree import concatenate, join_chunks, time_slice
from jlstm._types import Carry, Checkpoint

Tree = Any
Run = Callable[[Carry, Tree], tuple[Carry, Tree]]
"""Maps a carry and a stretch of inputs to a carry and a stretch of outputs."""


def chunk_length(checkpoint: Checkpoint, steps: int) -> int:
    """Return how many steps are rematerialised together; all of them means none.

    Example:
        >>> [chunk_length(rule, 100) for rule in (None, "sqrt", "step", 30)]
        [100, 10, 1, 30]
    """
    if checkpoint is None:
        return steps
    if checkpoint == "step":
        return 1
    if checkpoint == "sqrt":
        return max(1, math.isqrt(max(steps - 1, 0)) + 1)
    return min(checkpoint, max(steps, 1))


def run_in_chunks(
    run: Run,
    carry: Carry,
    inputs: Tree,
    steps: int,
    *,
    reverse: bool,
    checkpoint: Checkpoint,
) -> tuple[Carry, Tree]:
    """Run ``run`` over the whole sequence, keeping only the carries between chunks.

    With ``checkpoint="sqrt"`` a sequence of T steps keeps about 2√T carries for the
    backward pass in place of T, and runs the forward steps twice (Chen et al., 2016,
    arXiv:1604.06174).
    """
    size = chunk_length(checkpoint, steps)
    if checkpoint is None or steps == 0:
        return run(carry, inputs)
    whole = steps // size * size
    # What does not fill a chunk is processed last: the tail, or the head of a reverse
    # pass.
    cut = steps - whole if reverse else whole
    first, rest = (cut, steps), (0, cut)
    if not reverse:
        first, rest = rest, first
    carry, ys = _run_whole_chunks(run, carry, time_slice(inputs, *first), size, reverse)
    if rest[0] == rest[1]:
        return carry, ys
    carry, extra = jax.checkpoint(run)(carry, time_slice(inputs, *rest))
    return carry, concatenate(extra, ys) if reverse else concatenate(ys, extra)


def run_nothing(carry: Carry, emit: Callable[[Carry, Any], Tree]) -> tuple[Carry, Tree]:
    """Return what no steps give: the same carry, and outputs of length 0."""
    empty = jax.tree.map(lambda leaf: jnp.zeros((0, *leaf.shape), leaf.dtype), carry)
    return carry, emit(empty, ())


def _run_whole_chunks(
    run: Run, carry: Carry, inputs: Tree, size: int, reverse: bool
) -> tuple[Carry, Tree]:
    steps = jax.tree.leaves(inputs)[0].shape[0]

    def cut(leaf: Array) -> Array:
        return leaf.reshape(steps // size, size, *leaf.shape[1:])

    remat = jax.checkpoint(run, prevent_cse=False)
    chunks = jax.tree.map(cut, inputs)
    carry, ys = jax.lax.scan(remat, carry, chunks, reverse=reverse)
    return carry, join_chunks(ys)
