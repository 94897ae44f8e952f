"""A carry as one vector, and a step as a map of such vectors."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.tree import cast
from jlstm._internal.types import Carry, Params, Shape, accumulator_dtype
from jlstm._internal.validate import (
    check_carry,
    check_cell,
    check_params,
    check_sequence,
)
from jlstm.cell import Cell, GatedCell
from jlstm.loop import trace

VectorStep = Callable[[Array, Array], Array]
"""Takes a carry as a vector and the input of one step; returns the next carry."""


def carry_parts(cell: Cell) -> dict[str, slice]:
    """Return where each part of a carry stands in the vector of the whole carry.

    Example:
        >>> from jlstm import LSTMCell
        >>> carry_parts(LSTMCell(3))
        {'h': slice(0, 3, None), 'c': slice(3, 6, None)}
    """
    leaves = jax.tree.leaves_with_path(jax.eval_shape(cell.init_carry))
    parts, start = {}, 0
    for path, leaf in leaves:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        parts[name] = slice(start, start + leaf.size)
        start += leaf.size
    return parts


def flatten_carry(carry: Carry, rows: int = 0) -> Float[Array, "*b n"]:
    """Join all parts of a carry to one vector for each row.

    Args:
        carry: with its parts in any shape, all of one dtype.
        rows: how many batch axes there are, which are kept.

    Example:
        >>> from jlstm import LSTMCell
        >>> flatten_carry(LSTMCell(3).init_carry((5,)), rows=1).shape
        (5, 6)
    """
    leaves = jax.tree.leaves(carry)
    flat = [leaf.reshape(*leaf.shape[:rows], -1) for leaf in leaves]
    return jnp.concatenate(flat, axis=-1)


def unflatten_carry(cell: Cell, vectors: Float[Array, "*b n"]) -> Carry:
    """Return the carries whose vectors these are: the inverse of flattening.

    Example:
        >>> from jlstm import LSTMCell
        >>> unflatten_carry(LSTMCell(2), jnp.arange(4.0)).c.tolist()
        [2.0, 3.0]
    """
    leaves, structure = jax.tree.flatten(jax.eval_shape(cell.init_carry))
    batch = vectors.shape[:-1]
    pieces = [vectors[..., piece] for piece in carry_parts(cell).values()]
    pairs = zip(pieces, leaves, strict=True)
    return structure.unflatten([p.reshape(*batch, *leaf.shape) for p, leaf in pairs])


def carries_before(
    cell: Cell,
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: Carry | None = None,
) -> Float[Array, "t *b n"]:
    """Return the vector of the carry that each step starts from.

    Args:
        cell: what happens in a step.
        params: made by ``cell.init``.
        xs: inputs, time first.
        carry: where to start; ``None`` is ``cell.fresh_carry``.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Example:
        >>> from jlstm import LSTMCell
        >>> cell = LSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> before = carries_before(cell, params, jnp.ones((7, 5, 2)))
        >>> before.shape, bool((before[0] == 0).all())
        ((7, 5, 6), True)
    """
    start = start_of(cell, params, xs, carry)
    rows = xs.ndim - 1 - cell.num_feature_axes
    _, (after, _) = trace(cell, params, xs, start)
    first, later = flatten_carry(start, rows), flatten_carry(after, rows + 1)
    return jnp.concatenate([first[None], later[:-1]])


def start_of(
    cell: Cell, params: Params, xs: Float[Array, "t *bx"], carry: Carry | None
) -> Carry:
    """Return the carry that a run starts from, in float32 or wider, once checked."""
    check_cell(cell)
    check_sequence(xs, cell.num_feature_axes)
    check_params(cell, params, xs.shape[-1])
    rows: Shape = xs.shape[1 : xs.ndim - cell.num_feature_axes]
    wide = accumulator_dtype(xs.dtype)
    if carry is None:
        step_input = jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype)
        return cell.fresh_carry(cell.prepare(params, step_input, None), rows, wide)
    check_carry(cell, carry, rows)
    return cast(carry, wide)


def vector_step(cell: Cell, params: Params) -> VectorStep:
    """Return the step of one row as a map of vectors; nothing is drawn at random.

    Example:
        >>> from jlstm import RNNCell
        >>> cell = RNNCell(2, activation="identity")
        >>> params = cell.init(jax.random.key(0), input_size=1)
        >>> params = params._replace(w_hh=2 * jnp.eye(2))
        >>> vector_step(cell, params)(jnp.array([1.0, 3.0]), jnp.zeros(1)).tolist()
        [2.0, 6.0]
    """

    def step(vector: Array, x: Array) -> Array:
        own = cell.prepare(params, jax.ShapeDtypeStruct(x.shape, x.dtype), None)
        zx = cell.project(own, x)
        return flatten_carry(cell.step(own, unflatten_carry(cell, vector), zx)[0])

    return step


def check_differentiable(cell: Cell) -> None:
    """Raise ValueError if the derivative of a step is not meant to be its own."""
    if isinstance(cell, GatedCell) and cell.has_custom_gradient:
        raise ValueError(
            f"{cell!r} bends its gradient, which is then not the derivative of its "
            "step; give the cell inside."
        )
