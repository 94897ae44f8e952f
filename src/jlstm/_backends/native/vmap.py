"""How the primitives of the kernel are mapped over an axis by ``jax.vmap``.

An axis of the data alone joins the rows. Where there are several models, one runs after
the other, each on all threads. Forward mode, and gradients of every row by itself, are
the formula's.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jaxtyping import Array

from jlstm._backends.native.routine import Routine


def batch_formula(formula: Callable) -> Callable:
    """Return the rule that maps a formula."""

    def rule(args: Sequence, dims: Sequence, **params: Any) -> tuple[list, list]:
        out = jax.vmap(partial(formula, **params), tuple(dims))(*args)
        return out, [0] * len(out)

    return rule


def batch_forward(
    primitive: Primitive,
    args: Sequence,
    dims: Sequence,
    *,
    routine: Routine,
    keep: bool,
    tree: Any,
) -> tuple[list, list]:
    """Fold the axis into the rows, unless there are several models."""
    axes = jax.tree.unflatten(tree, dims)
    bind = partial(primitive.bind, routine=routine, keep=keep, tree=tree)
    if _several_models(routine, axes):
        return _one_by_one(bind, args, dims)
    size = next(
        arg.shape[dim] for arg, dim in zip(args, dims, strict=True) if dim is not None
    )
    inputs = jax.tree.unflatten(tree, args)
    folded = {
        name: _fold(getattr(inputs, name), getattr(axes, name), size, at)
        for name, at in routine.rows.items()
        if getattr(inputs, name) is not None
    }
    inputs = inputs._replace(**folded)
    out = bind(*jax.tree.leaves(inputs))
    places = routine.row_axes(inputs)[: len(out)]
    return [
        _split(leaf, size, at) for leaf, at in zip(out, places, strict=True)
    ], places


def batch_backward(
    primitive: Primitive,
    by_formula: Callable,
    args: Sequence,
    dims: Sequence,
    *,
    routine: Routine,
    wanted: tuple[str, ...],
    tree: Any,
) -> tuple[list, list]:
    """Run several models one by one; else the formula: weights sum over the rows."""
    params = {"routine": routine, "wanted": wanted, "tree": tree}
    if _several_models(routine, jax.tree.unflatten(tree, dims)[0]):
        return _one_by_one(partial(primitive.bind, **params), args, dims)
    return by_formula(args, dims, **params)


def _several_models(routine: Routine, axes: Any) -> bool:
    given = axes._asdict().items()
    return any(axis is not None for name, axis in given if name not in routine.rows)


def _one_by_one(bind: Callable, args: Sequence, dims: Sequence) -> tuple[list, list]:
    mapped = [n for n, dim in enumerate(dims) if dim is not None]

    def run(slices: list[Array]) -> list[Array]:
        full = list(args)
        for n, leaf in zip(mapped, slices, strict=True):
            full[n] = leaf
        return bind(*full)

    out = jax.lax.map(run, [jnp.moveaxis(args[n], dims[n], 0) for n in mapped])
    return out, [0] * len(out)


def _fold(leaf: Array, axis: int | None, size: int, at: int) -> Array:
    """Join a mapped axis with the axis of the rows."""
    if axis is None:
        leaf = jnp.broadcast_to(
            jnp.expand_dims(leaf, at), (*leaf.shape[:at], size, *leaf.shape[at:])
        )
    else:
        leaf = jnp.moveaxis(leaf, axis, at)
    rows = leaf.shape[at] * leaf.shape[at + 1]
    return leaf.reshape(*leaf.shape[:at], rows, *leaf.shape[at + 2 :])


def _split(leaf: Array, size: int, at: int) -> Array:
    rows = leaf.shape[at] // size
    return leaf.reshape(*leaf.shape[:at], size, rows, *leaf.shape[at + 1 :])
