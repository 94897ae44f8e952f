"""Everything that happens in a run, by name."""

import jax
from jaxtyping import Array, Float, Int

from jlstm._internal.types import Carry, Params
from jlstm.cell import Cell
from jlstm.loop import trace


def named_traces(
    cell: Cell,
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: Carry | None = None,
    *,
    lengths: Int[Array, "*b"] | None = None,
) -> dict[str, Array]:
    """Return every part of the carry and every gate of all steps, by name.

    It is :func:`jlstm.trace` for tables and plots, which want names. Entry t of a
    carry is what the step t left.

    Args:
        cell: what happens in a step.
        params: made by ``cell.init``.
        xs: inputs, time first.
        carry: where to start; ``None`` is ``cell.fresh_carry``.
        lengths: how many steps of each row count; later ones are zero.

    Returns:
        arrays with time first, by names that begin with ``carry.`` or ``gates.``; some
        cells have parts of the same name in both.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Example:
        >>> import jax.numpy as jnp
        >>> from jlstm import LSTMCell
        >>> cell = LSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> traces = named_traces(cell, params, jnp.ones((7, 2)))
        >>> list(traces)
        ['carry.h', 'carry.c', 'gates.i', 'gates.f', 'gates.g', 'gates.o']
        >>> traces["gates.f"].shape
        (7, 3)
    """
    _, (carries, gates) = trace(cell, params, xs, carry, lengths=lengths)
    leaves = jax.tree.leaves_with_path({"carry": carries, "gates": gates})
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf
        for path, leaf in leaves
    }
