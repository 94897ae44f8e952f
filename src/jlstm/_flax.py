"""What the NNX and the Linen modules share: layouts, compute dtype, stacks."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._types import Carry, DType, Key, Params
from jlstm.cell import Cell
from jlstm.layers import Bidirectional, Layer, Recurrent, Stack


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
    has the feature axes of the layer behind it, one for most.
    """
    time = -1 - layer.num_feature_axes
    _check_layout(xs, layer.num_feature_axes, time_major, mask=mask, resets=resets)
    if dtype is not None and jnp.issubdtype(xs.dtype, jnp.floating):
        xs = xs.astype(dtype)
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


def _check_layout(
    xs: Array, num_feature_axes: int, time_major: bool, **flags: Array | None
) -> None:
    features = "x" if num_feature_axes == 1 else "*space, channels"
    axes = f"(t, *batch, {features})" if time_major else f"(*batch, t, {features})"
    if xs.ndim < 1 + num_feature_axes:
        raise ValueError(
            f"xs has shape {xs.shape}; time_major={time_major} wants {axes}."
        )
    shape = xs.shape[:-num_feature_axes]
    for name, flag in flags.items():
        if flag is not None and flag.shape != shape:
            raise ValueError(
                f"{name} has shape {flag.shape}; xs is {axes} with shape {xs.shape} "
                f"(time_major={time_major}): give {name} of shape {shape}."
            )
