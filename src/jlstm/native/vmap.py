"""How the primitives of the kernel are mapped over an axis by ``jax.vmap``.

An axis of the data alone joins the batch. Where there are several models, one runs
after the other, each on all threads. Forward mode, and gradients of every row by
itself, are the formula's.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jaxtyping import Array

from jlstm.native.inputs import Inputs

WEIGHTS = ("w_ih", "w_hh", "b", "b_hn")
TIMED = ("xs", "live", "resets")


def batch_formula(run: Callable) -> Callable:
    """Return the rule that maps the formula ``run``."""

    def rule(args: Sequence, dims: Sequence, **params: Any) -> tuple[list, list]:
        out = jax.vmap(partial(run, **params), tuple(dims))(*args)
        return out, [0] * len(out)

    return rule


def batch_sequence(
    primitive: Primitive, args: Sequence, dims: Sequence, *, tree: Any, **params: Any
) -> tuple[list, list]:
    """Fold the axis into the batch, unless there are several models."""
    axes = jax.tree.unflatten(tree, dims)
    bind = partial(primitive.bind, tree=tree, **params)
    if _several_models(axes):
        return _one_by_one(bind, args, dims)
    size = next(
        arg.shape[dim] for arg, dim in zip(args, dims, strict=True) if dim is not None
    )
    inputs = jax.tree.unflatten(tree, args)._asdict()
    folded = {
        name: leaf
        if leaf is None or name in WEIGHTS
        else _fold(leaf, getattr(axes, name), size, name in TIMED)
        for name, leaf in inputs.items()
    }
    out = bind(*jax.tree.leaves(Inputs(**folded)))
    split = [_split(leaf, size) for leaf in out]
    return split, [leaf.ndim - 3 for leaf in split]


def batch_backward(
    primitive: Primitive,
    by_formula: Callable,
    args: Sequence,
    dims: Sequence,
    *,
    tree: Any,
    **params: Any,
) -> tuple[list, list]:
    """Run several models one by one; else the formula: weights sum over the rows."""
    inputs, _, _ = jax.tree.unflatten(tree, dims)
    if _several_models(inputs):
        return _one_by_one(partial(primitive.bind, tree=tree, **params), args, dims)
    return by_formula(args, dims, tree=tree, **params)


def _several_models(axes: Inputs) -> bool:
    return any(getattr(axes, name) is not None for name in WEIGHTS)


def _one_by_one(bind: Callable, args: Sequence, dims: Sequence) -> tuple[list, list]:
    mapped = [n for n, dim in enumerate(dims) if dim is not None]

    def run(slices: list[Array]) -> list[Array]:
        full = list(args)
        for n, leaf in zip(mapped, slices, strict=True):
            full[n] = leaf
        return bind(*full)

    out = jax.lax.map(run, [jnp.moveaxis(args[n], dims[n], 0) for n in mapped])
    return out, [0] * len(out)


def _fold(leaf: Array, axis: int | None, size: int, timed: bool) -> Array:
    """Join a mapped axis with the batch axis, which follows the time axis if any."""
    at = int(timed)
    if axis is None:
        leaf = jnp.broadcast_to(
            jnp.expand_dims(leaf, at), (*leaf.shape[:at], size, *leaf.shape[at:])
        )
    else:
        leaf = jnp.moveaxis(leaf, axis, at)
    rows = leaf.shape[at] * leaf.shape[at + 1]
    return leaf.reshape(*leaf.shape[:at], rows, *leaf.shape[at + 2 :])


def _split(leaf: Array, size: int) -> Array:
    *times, rows, width = leaf.shape
    return leaf.reshape(*times, size, rows // size, width)
