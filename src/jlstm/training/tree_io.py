"""The leaves of a state by name: as numpy arrays, compared, and put back in a tree."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from jlstm.training import processes

SCALARS = (bool, int, float)


class LeafSpec(NamedTuple):
    """What a leaf is, apart from its values.

    ``dtype`` is ``key<fry>`` and the like for a typed random key, and ``int``,
    ``float`` or ``bool`` for a Python number.
    """

    shape: tuple[int, ...]
    dtype: str


def named_leaves(tree: PyTree) -> dict[str, Any]:
    """Return the leaves of a tree under their paths, in the order of the tree.

    Raises:
        ValueError: two leaves have one path, as in ``{"a/b": 0, "a": {"b": 0}}``.

    Example:
        >>> named_leaves({"layer": [1, 2], "step": 3})
        {'layer/0': 1, 'layer/1': 2, 'step': 3}
    """
    named = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        if name in named:
            raise ValueError(f"two leaves are named {name!r}; rename a dictionary key.")
        named[name] = leaf
    return named


def leaf_specs(tree: PyTree) -> dict[str, LeafSpec]:
    """Return shape and dtype of every leaf under its path.

    Raises:
        TypeError: a leaf is no array, random key or Python number, or it is an array
            without a dtype of its own (weakly typed), which cannot be stored.

    Example:
        >>> leaf_specs({"b": jnp.zeros(3), "step": 3, "key": jax.random.key(0)})
        {'b': LeafSpec(shape=(3,), dtype='float32'),
         'key': LeafSpec(shape=(), dtype='key<fry>'),
         'step': LeafSpec(shape=(), dtype='int')}
    """
    return {name: _spec(name, leaf) for name, leaf in named_leaves(tree).items()}


def leaves_to_numpy(tree: PyTree) -> dict[str, np.ndarray]:
    """Return every leaf as a numpy array under its path; a random key as its key data.

    Arrays that span processes are gathered: all processes must ask.

    Example:
        >>> leaves_to_numpy({"b": jnp.arange(3), "step": 7})
        {'b': array([0, 1, 2], dtype=int32), 'step': array(7)}
    """
    return {
        name: _to_numpy(jax.random.key_data(leaf) if processes.is_key(leaf) else leaf)
        for name, leaf in named_leaves(tree).items()
    }


def leaves_from_numpy(template: PyTree, arrays: Mapping[str, np.ndarray]) -> PyTree:
    """Rebuild a tree like ``template`` from what :func:`leaves_to_numpy` made.

    The template gives the structure, the kind of each leaf (JAX, numpy, Python number,
    random key) and the devices that JAX arrays are placed on; its values are not read.

    Example:
        >>> template = {"b": jnp.zeros(3, int), "step": 0}
        >>> arrays = leaves_to_numpy({"b": jnp.arange(3), "step": 7})
        >>> leaves_from_numpy(template, arrays)
        {'b': Array([0, 1, 2], dtype=int32), 'step': 7}
    """
    leaves = [
        _like(leaf, arrays[name]) for name, leaf in named_leaves(template).items()
    ]
    return jax.tree.unflatten(jax.tree.structure(template), leaves)


def first_difference(
    wanted: Mapping[str, LeafSpec], found: Mapping[str, LeafSpec]
) -> str | None:
    """Say in one line what the first leaf is that differs, or return None.

    Example:
        >>> wanted, found = LeafSpec((3,), "int32"), LeafSpec((4,), "int32")
        >>> first_difference({"b": wanted}, {"b": found})
        "leaf 'b' has shape (4,) in the checkpoint and (3,) in the template"
    """
    for name, spec in wanted.items():
        if name not in found:
            return f"leaf {name!r} is in the template but not in the checkpoint"
        for field, want, have in zip(spec._fields, spec, found[name], strict=True):
            if want != have:
                return (
                    f"leaf {name!r} has {field} {have} in the checkpoint "
                    f"and {want} in the template"
                )
    for name in found:
        if name not in wanted:
            return f"leaf {name!r} is in the checkpoint but not in the template"
    return None


def _spec(name: str, leaf: Any) -> LeafSpec:
    if isinstance(leaf, SCALARS):
        return LeafSpec((), type(leaf).__name__)
    if getattr(leaf, "weak_type", False):
        raise TypeError(
            f"leaf {name!r} is weakly typed and would not come back so; "
            "give it a dtype, as in jnp.asarray(x, jnp.float32)."
        )
    if not isinstance(leaf, jax.Array | np.ndarray | np.generic):
        raise TypeError(
            f"leaf {name!r} is a {type(leaf).__name__}; "
            "a checkpoint holds arrays, random keys and Python numbers."
        )
    return LeafSpec(tuple(leaf.shape), str(leaf.dtype))


def _to_numpy(leaf: Any) -> np.ndarray:
    return processes.to_host(leaf) if isinstance(leaf, jax.Array) else np.asarray(leaf)


def _like(leaf: Any, array: np.ndarray) -> Any:
    if isinstance(leaf, SCALARS):
        return type(leaf)(array.item())
    if isinstance(leaf, np.ndarray):
        return array
    if isinstance(leaf, np.generic):
        return array[()]
    if processes.is_key(leaf):
        impl = jax.random.key_impl(leaf)
        return _place(leaf, jax.random.wrap_key_data(jnp.array(array), impl=impl))
    # Copied: JAX may otherwise keep the memory of numpy, which cannot be donated.
    return _place(leaf, jnp.array(array, copy=True))


def _place(leaf: Any, array: jax.Array) -> jax.Array:
    # An array that was put nowhere on purpose may follow the arrays it meets.
    if not leaf.committed:
        return array
    if not leaf.is_fully_addressable:
        return processes.spread(array, leaf.sharding)
    return jax.device_put(array, leaf.sharding)
