"""The parallel backend: many steps at once, for cells that allow it.

On a CPU the sequence is cut into chunks, whose arrays fit into a cache; the backward
pass computes each of them again, which costs less than to keep them. A call's own
``checkpoint`` makes chunks of these. A number that is not finite stays in its row, and
in a linear cell ends at a reset.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._backends.call import Backend, Call, CallTypes, Steps
from jlstm._backends.chunks import from_the_start, run_equal_chunks
from jlstm._internal.overrides import beyond_run
from jlstm._internal.tree import time_slice
from jlstm._internal.types import Carry
from jlstm.analysis.target import current
from jlstm.cell import Cell, ParallelCell

Tree = Any


def _unsupported(cell: Cell, types: CallTypes) -> str | None:
    if not isinstance(cell, ParallelCell):
        return "its steps read what the step before has made"
    return beyond_run(cell)


def _run(call: Call) -> tuple[Carry, Array]:
    steps = call.shape[0]
    size = steps_at_once(most_steps(call.cell, call.start.h.size), steps)
    count = -(-steps // size)
    if count == 1:
        return _run_chunk(call)

    def run_chunk(start: Carry, steps: Steps) -> tuple[Carry, Array]:
        return _run_chunk(call.part(start, steps))

    filled = call.part(call.start, _fill(call, count * size))
    last, hs = run_equal_chunks(run_chunk, filled, size)
    return last, time_slice(hs, 0, steps)


@from_the_start
def _run_chunk(call: Call) -> tuple[Carry, Array]:
    cell, (xs, live, resets, _) = call.cell, call.steps
    live = jnp.ones(call.shape, bool) if live is None else live
    resets = jnp.zeros(call.shape, bool) if resets is None else resets
    zxs = cell.project(call.params, xs)
    last, carries = cell.run(call.params, call.start, call.fresh, zxs, live, resets)
    return last, call.output(carries.h)


PARALLEL = Backend("parallel", _unsupported, _run)

MOST_STEPS, MOST_NUMBERS = 64, 2**17
"""The outputs of a chunk are no more than these, so that it stays in a cache."""


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
    if current().platform != "cpu":
        return steps
    least = -(-steps // most)
    counts = (n for n in range(least, 2 * least + 1) if steps % n == 0)
    return -(-steps // next(counts, least))


def _fill(call: Call, length: int) -> Steps:
    """Add steps of zeros that do not count, up to a length."""
    steps = call.steps._replace(keys=None)  # no parallel cell draws noise in a step
    missing = length - call.shape[0]
    if missing == 0:
        return steps
    if steps.live is None:
        steps = steps._replace(live=jnp.ones(call.shape, bool))

    def fill(leaf: Array) -> Array:
        return jnp.pad(leaf, [(0, missing)] + [(0, 0)] * (leaf.ndim - 1))

    return jax.tree.map(fill, steps)
