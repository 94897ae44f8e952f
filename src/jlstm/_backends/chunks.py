"""What all backends have in common: padding, and a sequence cut into chunks."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
from jaxtyping import Array

from jlstm._backends.call import Call, Steps
from jlstm._internal.tree import concatenate, join_chunks, time_slice, zero_unless
from jlstm._internal.types import Carry, Checkpoint

Tree = Any
Run = Callable[[Call], tuple[Carry, Tree]]
"""Returns the last carry, and something of every step."""
RunChunk = Callable[[Carry, Steps], tuple[Carry, Tree]]
"""Does so from a carry and over some of the steps."""


def run_call(run: Run, call: Call) -> tuple[Carry, Tree]:
    """Run a whole call; what the input holds where a step does not count is not seen.

    With ``checkpoint`` only the carries between chunks are kept. ``"sqrt"`` keeps about
    2√T carries of T steps for the backward pass, and runs the forward steps twice (Chen
    et al., 2016, arXiv:1604.06174).
    """
    xs, live, *_ = call.steps
    if live is not None:
        # NaN would survive multiplication by zero, in values and in gradients.
        xs = zero_unless(live, xs)
        call = call.part(call.start, call.steps._replace(xs=xs))
    if call.checkpoint is None or call.shape[0] == 0:
        return run(call)
    return _in_chunks(run, call)


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


def run_equal_chunks(run: RunChunk, call: Call, size: int) -> tuple[Carry, Tree]:
    """Run chunks of ``size`` steps in a loop, each computed again on the way back."""
    count = call.shape[0] // size

    def cut(leaf: Array) -> Array:
        return leaf.reshape(count, size, *leaf.shape[1:])

    remat = jax.checkpoint(run, prevent_cse=False)
    chunks = jax.tree.map(cut, call.steps)
    last, ys = jax.lax.scan(remat, call.start, chunks, reverse=call.reverse)
    return last, join_chunks(ys)


def from_the_start(run: Run) -> Run:
    """Return ``run`` for both directions, where it can only begin at the first step."""

    def either_way(call: Call) -> tuple[Carry, Tree]:
        if not call.reverse:
            return run(call)
        last, ys = run(replace(call, steps=_flip(call.steps), reverse=False))
        return last, _flip(ys)

    return either_way


def _in_chunks(run: Run, call: Call) -> tuple[Carry, Tree]:
    steps = call.shape[0]
    size = chunk_length(call.checkpoint, steps)
    whole = steps // size * size
    # What does not fill a chunk is processed last: the tail, or the head of a reverse
    # pass.
    cut = steps - whole if call.reverse else whole
    first, rest = (cut, steps), (0, cut)
    if not call.reverse:
        first, rest = rest, first

    def run_chunk(start: Carry, steps: Steps) -> tuple[Carry, Tree]:
        return run(call.part(start, steps))

    begun = call.part(call.start, time_slice(call.steps, *first))
    last, ys = run_equal_chunks(run_chunk, begun, size)
    if rest[0] == rest[1]:
        return last, ys
    last, extra = jax.checkpoint(run_chunk)(last, time_slice(call.steps, *rest))
    return last, concatenate(extra, ys) if call.reverse else concatenate(ys, extra)


def _flip(tree: Tree) -> Tree:
    return jax.tree.map(lambda leaf: leaf[::-1], tree)
