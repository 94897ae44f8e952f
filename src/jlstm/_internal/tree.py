"""Small maps over pytrees: cast, select by mask, slice time, match device axes."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from jlstm._internal.types import DType

Tree = Any


def cast(tree: Tree, dtype: DType) -> Tree:
    """Cast every leaf to ``dtype``."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype), tree)


def cast_like(tree: Tree, other: Tree) -> Tree:
    """Cast every leaf to the dtype of its twin in ``other``."""
    return jax.tree.map(lambda leaf, twin: leaf.astype(twin.dtype), tree, other)


def like(parameter: Array, reference: Array) -> Array:
    """Give a parameter the dtype of ``reference`` and, by axes of 1, its rank."""
    leading = (1,) * (reference.ndim - parameter.ndim)
    return parameter.astype(reference.dtype).reshape(leading + parameter.shape)


def align(flags: Array, leaf: Array) -> Array:
    """Give ``flags`` axes of 1 at its end, up to the rank of ``leaf``."""
    return flags.reshape(flags.shape + (1,) * (leaf.ndim - flags.ndim))


def select(mask: Bool[Array, "*b"], on_true: Tree, on_false: Tree) -> Tree:
    """Choose whole rows of ``on_true`` where ``mask`` holds, else of ``on_false``.

    Every leaf begins with the axes of ``mask``.
    """
    return jax.tree.map(lambda a, b: jnp.where(align(mask, a), a, b), on_true, on_false)


def zero_unless(mask: Bool[Array, "*b"], tree: Tree) -> Tree:
    """Set the rows of every leaf to zero where ``mask`` does not hold, NaN included."""
    return select(mask, tree, jax.tree.map(jnp.zeros_like, tree))


def time_slice(tree: Tree, start: int, stop: int) -> Tree:
    """Slice the leading axis of every leaf."""
    return jax.tree.map(lambda leaf: leaf[start:stop], tree)


def join_chunks(tree: Tree) -> Tree:
    """Make one time axis of the two leading axes, also where a leaf is empty."""
    return jax.tree.map(
        lambda leaf: leaf.reshape(leaf.shape[0] * leaf.shape[1], *leaf.shape[2:]), tree
    )


def concatenate(first: Tree, second: Tree) -> Tree:
    """Join every leaf with its twin along the leading axis."""
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, second)


def vary_like(tree: Tree, *others: Tree) -> Tree:
    """Mark every leaf as varying over the mesh axes that ``others`` vary over.

    Inside ``jax.shard_map`` a loop's carry must enter with the type that it leaves
    with; zeros made on the spot vary over nothing. Outside ``shard_map`` this is the
    identity.
    """
    wanted = frozenset[str]().union(
        *(_varying(leaf) for leaf in jax.tree.leaves(others))
    )

    def mark(leaf: Array) -> Array:
        missing = tuple(sorted(wanted - _varying(leaf)))
        return jax.lax.pcast(leaf, missing, to="varying") if missing else leaf

    return jax.tree.map(mark, tree)


def _varying(leaf: Array) -> frozenset[str]:
    return frozenset(jax.typeof(leaf).manual_axis_type.varying)
