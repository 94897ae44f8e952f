"""What the NNX and the Linen modules share: layouts, compute dtype, stacks."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.arrays import check_array
from jlstm._internal.types import Carry, DType, Key, Params, Shape
from jlstm._internal.validate import check_flags, check_lengths
from jlstm.cell import Cell
from jlstm.layers import Bidirectional, BidirectionalParams, Layer, Recurrent, Stack
from jlstm.wrappers.wrapper import CellWrapper


def as_layer(layer: Any) -> Layer:
    """Return ``layer`` itself, or :class:`~jlstm.layers.Recurrent` of a bare cell.

    Raises:
        TypeError: it is neither a layer nor a cell, or a class instead of an object.

    Example:
        >>> from jlstm import RNNCell
        >>> as_layer(RNNCell(3)).output_size(2)
        3
    """
    if isinstance(layer, Cell):
        return Recurrent(layer)
    if isinstance(layer, type):
        raise TypeError(
            f"layer is the class {layer.__name__}; give an object, such as "
            "LSTMCell(64)."
        )
    if not isinstance(layer, Layer):
        raise TypeError(
            f"layer is {layer!r}; give a cell or a layer of jlstm, such as "
            "LSTMCell(64)."
        )
    return layer


def stack(
    cell: Cell, num_layers: int, bidirectional: bool, dropout: float, variational: bool
) -> Stack:
    """Return ``num_layers`` equal layers of ``cell``, as ``torch.nn.LSTM`` stacks them.

    Raises:
        ValueError: there is no layer, or ``dropout`` is no probability below 1.

    Example:
        >>> from jlstm import RNNCell
        >>> stack(RNNCell(3), 2, True, 0.0, False).output_size(5)
        6
    """
    if num_layers < 1:
        raise ValueError(
            f"num_layers is {num_layers}; give a positive number of layers."
        )
    layer = Bidirectional(cell) if bidirectional else Recurrent(cell)
    return Stack((layer,) * num_layers, dropout, variational)


def apply(
    layer: Layer,
    params: Params,
    xs: Float[Array, "*btx"],
    carry: Carry | None,
    *,
    time_major: bool,
    dtype: DType | None,
    lengths: Int[Array, "*b"] | None,
    mask: Bool[Array, "*bt"] | None,
    resets: Bool[Array, "*bt"] | None,
    key: Key | None,
) -> tuple[Carry, Float[Array, "*bth"]]:
    """Run a time-major ``layer`` on the layout and in the dtype that the caller wants.

    ``"*bt"`` stands for ``"t *b"`` if ``time_major``, else for ``"*b t"``; ``"*btx"``
    has the feature axes of the layer after it, one for most.
    """
    check_inputs(layer, xs, time_major, lengths=lengths, mask=mask, resets=resets)
    check_key(key)
    time = -1 - layer.num_feature_axes
    xs = jnp.asarray(xs, dtype)
    if not time_major:
        xs = jnp.moveaxis(xs, time, 0)
        mask, resets = (
            None if flags is None else jnp.moveaxis(flags, -1, 0)
            for flags in (mask, resets)
        )
    carry, ys = layer.apply(
        params, xs, carry, lengths=lengths, mask=mask, resets=resets, key=key
    )
    return carry, ys if time_major else jnp.moveaxis(ys, 0, time)


def check_inputs(
    layer: Layer,
    xs: Any,
    time_major: bool,
    *,
    lengths: Any = None,
    mask: Any = None,
    resets: Any = None,
) -> None:
    """Require arrays that fit each other; the advice speaks of the caller's layout.

    Raises:
        TypeError: one is no array, or has another dtype.
        ValueError: a shape does not fit, or a length is out of range.
    """
    check_array("xs", xs)
    space, axes = check_features(layer, xs, time_major)
    shape = xs.shape[:-space]
    layout = f"where xs is {axes} with shape {xs.shape} (time_major={time_major})"
    for name, flags in (("mask", mask), ("resets", resets)):
        if flags is not None:
            check_flags(name, flags, shape, layout)
    if lengths is not None:
        steps, batch = (shape[0], shape[1:]) if time_major else (shape[-1], shape[:-1])
        check_array("lengths", lengths)
        check_lengths(jnp.asarray(lengths), steps, batch, layout)


def check_features(layer: Layer, xs: Any, time_major: bool) -> tuple[int, str]:
    """Return how many axes the features of ``xs`` have, and the layout it must have.

    Raises:
        TypeError: ``xs`` has no floating-point numbers.
        ValueError: it has too few axes.
    """
    space = layer.num_feature_axes
    features = "x" if space == 1 else "*space, channels"
    axes = f"(t, *batch, {features})" if time_major else f"(*batch, t, {features})"
    if len(xs.shape) < 1 + space:
        raise ValueError(
            f"xs has shape {xs.shape}; time_major={time_major} wants {axes}."
        )
    if not jnp.issubdtype(xs.dtype, jnp.floating):
        raise TypeError(
            f"xs has dtype {xs.dtype}; give floating-point features "
            "(embed token ids first)."
        )
    return space, axes


def prepare(
    layer: Layer,
    params: Params,
    xs: Any,
    key: Key | None,
    *,
    time_major: bool,
    dtype: DType | None,
) -> tuple[Params, Any]:
    """Prepare the steps of a time-major ``layer``, by the shape of inputs.

    ``xs`` has the layout that the caller wants; what comes back leads with time.
    """
    if not isinstance(xs, jax.ShapeDtypeStruct):
        check_array("xs", xs)
    space, _ = check_features(layer, xs, time_major)
    check_key(key)
    shape = list(xs.shape)
    if not time_major:
        shape.insert(0, shape.pop(-1 - space))
    dtype = xs.dtype if dtype is None else dtype
    return layer.prepare(params, jax.ShapeDtypeStruct(tuple(shape), dtype), key)


def check_key(key: Any) -> None:
    """Require a key, where Flax's own modules would take its streams of keys."""
    if key is not None and not isinstance(key, jax.Array | np.ndarray):
        raise TypeError(
            f"key is a {type(key).__name__}; give jax.random.key(0), of nnx.Rngs a key "
            "such as rngs.dropout(), or None for no noise."
        )


def check_options(
    time_major: Any, dtype: DType | None, param_dtype: DType, input_size: Any = 1
) -> None:
    """Require what a module is made with, apart from its layer.

    Raises:
        TypeError: an option is of another kind.
        ValueError: there is no feature.
    """
    if not isinstance(time_major, bool):
        raise TypeError(f"time_major is {time_major!r}; give True or False.")
    if isinstance(input_size, bool) or not isinstance(input_size, int):
        raise TypeError(f"input_size is {input_size!r}; give a positive integer.")
    if input_size < 1:
        raise ValueError(f"input_size is {input_size}; give a positive integer.")
    for name, value in (("dtype", dtype), ("param_dtype", param_dtype)):
        if not (name == "dtype" and value is None) and not _is_floating(value):
            raise TypeError(f"{name} is {value!r}; give a float, such as jnp.float32.")


def _is_floating(dtype: Any) -> bool:
    try:
        return dtype is not None and jnp.issubdtype(jnp.dtype(dtype), jnp.floating)
    except TypeError:
        return False


def start_without_params(layer: Layer, batch_shape: Shape, dtype: DType) -> Carry:
    """Return the carry that a layer starts from, ``None`` where its parameters tell.

    Given back to a call, ``None`` stands for the carry that the part starts from.

    Example:
        >>> from jlstm import GRUCell, LearnedCarry
        >>> parts = Recurrent(GRUCell(2)), Recurrent(LearnedCarry(GRUCell(2)))
        >>> start_without_params(Stack(parts), (), jnp.float32)
        (GRUCarry(h=f32[2]), None)
    """
    if isinstance(layer, Stack):
        return tuple(
            start_without_params(one, batch_shape, dtype) for one in layer.layers
        )
    if isinstance(layer, Bidirectional):
        backward = layer.forward if layer.backward is None else layer.backward
        return BidirectionalParams(
            *(
                start_without_params(Recurrent(cell), batch_shape, dtype)
                for cell in (layer.forward, backward)
            )
        )
    if isinstance(layer, Recurrent) and _learns_start(layer.cell):
        return None
    return layer.init_carry(batch_shape, dtype)


def learns_start(layer: Layer) -> bool:
    """Whether parameters of a layer, or of one inside it, tell where it starts.

    Example:
        >>> from jlstm import GRUCell, LearnedCarry
        >>> learned = Recurrent(LearnedCarry(GRUCell(2)))
        >>> learns_start(learned), learns_start(Stack((Recurrent(GRUCell(2)),)))
        (True, False)
    """
    start = start_without_params(layer, (), jnp.float32)
    return None in jax.tree.leaves(start, is_leaf=lambda leaf: leaf is None)


def _learns_start(cell: Cell) -> bool:
    """Whether a cell, or one inside it, has a ``fresh_carry`` of its own."""
    own = type(cell).fresh_carry
    if own is CellWrapper.fresh_carry:
        return _learns_start(cell.cell)
    return own is not Cell.fresh_carry
