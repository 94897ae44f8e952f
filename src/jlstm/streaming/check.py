"""What a stream is given, checked before anything is computed."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jlstm._internal.repr import shown
from jlstm._internal.types import Carry, Params, Shape
from jlstm.cell import Cell
from jlstm.layers import Layer, Recurrent
from jlstm.layers.check import features_of

FREE = 1019
"""A number of features that is the size of nothing else."""


def as_layer(layer: Any) -> Layer:
    """Return a layer, or a cell as one.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(layer, Cell):
        return Recurrent(layer)
    if isinstance(layer, type) or not isinstance(layer, Layer):
        raise TypeError(
            f"layer is {layer!r}; give a cell, such as LSTMCell(64), or a layer, such "
            "as Recurrent(LSTMCell(64)) or a Stack of them."
        )
    return layer


def batch_shape(batch: Any) -> Shape:
    """Return the axes of the batch from their sizes, or from that of the only one.

    Raises:
        ValueError: they are no positive integers.
    """
    sizes = batch if isinstance(batch, tuple) else (batch,)
    whole = (isinstance(n, int | np.integer) and not isinstance(n, bool) for n in sizes)
    if not all(whole) or not all(n > 0 for n in sizes):
        raise ValueError(
            f"batch is {batch!r}; give the rows of a step, such as 8, their axes, such "
            "as (2, 4), or () for a single row without an axis."
        )
    return tuple(int(n) for n in sizes)


def step_shape(layer: Layer, params: Params, input_size: Any) -> Shape:
    """Return the shape of the input of one row, read off the parameters if need be."""
    size = _input_size(layer, params) if input_size is None else input_size
    return features_of(layer, size)


def _input_size(layer: Layer, params: Params) -> int:
    """Return the size of the axis that the features have in the parameters.

    Raises:
        ValueError: it cannot be told.
    """
    try:
        types = jax.eval_shape(lambda: layer.init(jax.random.key(0), FREE))
    except (TypeError, ValueError):  # it takes no such number
        types = ()
    given = dict(_leaves(params))
    for path, like in _leaves(types):
        leaf = given.get(path)
        if FREE in like.shape and len(getattr(leaf, "shape", ())) == len(like.shape):
            return leaf.shape[like.shape.index(FREE)]
    raise ValueError(
        f"params are {shown(params)}, off which the input size of {layer!r} cannot be "
        "read; make params by its init, or give input_size."
    )


def _leaves(tree: Any) -> list[tuple[str, Any]]:
    leaves = jax.tree.leaves_with_path(tree)
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in leaves]


def check_concrete(params: Params) -> None:
    """Require arrays with values: a stream is no part of a traced function."""
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(params)):
        raise TypeError(
            "params are being traced; make a stream outside jax.jit, jax.grad and "
            "jax.vmap. Inside them use prepare and step of a layer."
        )


def checked_carry(carry: Any, like: Carry) -> Carry:
    """Return a carry with the dtypes of another.

    Raises:
        ValueError: it has another structure, or other shapes.
        TypeError: it holds no floating-point numbers.
    """
    advice = "give one as stream.carry returns it, or as init_carry(batch_shape) makes."
    if jax.tree.structure(carry) != jax.tree.structure(like):
        raise ValueError(
            f"The carry is {shown(carry)}; the stream has {shown(like)}: {advice}"
        )
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(carry)]
    wanted = [leaf.shape for leaf in jax.tree.leaves(like)]
    if shapes != wanted:
        raise ValueError(
            f"The carry has shapes {shapes}; the stream has {wanted}: {advice}"
        )
    return jax.tree.map(_as_like, carry, like)


def _as_like(leaf: Any, like: Any) -> np.ndarray:
    array = np.asarray(leaf)
    kind = jnp.complexfloating if like.dtype.kind == "c" else jnp.floating
    if not jnp.issubdtype(array.dtype, kind):
        raise TypeError(
            f"The carry has a leaf of dtype {array.dtype}; the stream has {like.dtype}."
        )
    return array.astype(like.dtype)


def wrong_input(name: str, x: Any, shape: Shape, dtype: np.dtype) -> Exception:
    """Return the error that says what is wrong with an input."""
    if not isinstance(x, np.ndarray | jax.Array):
        return TypeError(
            f"{name} is a {type(x).__name__}; give an array of NumPy or of JAX."
        )
    if x.dtype != dtype:
        return TypeError(
            f"{name} has dtype {x.dtype}; the stream takes {dtype}: {name}.astype"
            f'("{dtype}"), or make the stream with dtype="{x.dtype}".'
        )
    steps = "t, " if name == "xs" else ""
    sizes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 and not steps else "")
    return ValueError(
        f"{name} has shape {x.shape}; the stream takes ({steps}{sizes}): the rows of "
        "its batch, then the features."
    )
