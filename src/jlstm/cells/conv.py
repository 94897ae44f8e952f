"""What the convolutional cells share: images in one to three dimensions, channels last.

Two convolutions take the place of the two matrix products. The one of the input may
stride, dilate or leave out the border, so the state may be smaller than the input; the
one of the state keeps its shape.
"""

import abc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import check_features
from jlstm._internal.options import Limit, Size
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Shape, accumulator_dtype
from jlstm.cell import GatedCell
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    init_gates,
)

Padding = Literal["SAME", "VALID"]
EachAxis = Size | tuple[Size, ...]
"""One number for all axes of space, or one for each."""
Space = Annotated[
    tuple[Size, ...],
    Limit(
        "a tuple of one to three positive integers, such as (height, width)",
        lambda shape: 1 <= len(shape) <= 3,
    ),
]
SPACE = "DHW"


@dataclass(frozen=True, repr=False)
class ConvCell(GatedCell):
    """A cell whose input and state are images of ``hidden_size`` channels.

    Args:
        hidden_size: channels of the state.
        input_shape: the spatial shape of the input, such as ``(height, width)``.
        kernel_size: of the input's convolution; an integer stands for all axes, here
            and below.
        strides: of the input's convolution.
        padding: of the input's convolution; the state's is always ``"SAME"``.
        dilation: of the input's convolution.
        recurrent_kernel_size: of the state's convolution; default: ``kernel_size``.
        w_ih_init: draws a kernel as a matrix, (positions × channels) by channels; so do
            the others.
    """

    hidden_size: int
    input_shape: Space
    kernel_size: EachAxis = 3
    strides: EachAxis = 1
    padding: Padding = "SAME"
    dilation: EachAxis = 1
    recurrent_kernel_size: EachAxis | None = None
    use_bias: bool = True
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def __post_init__(self) -> None:
        check_geometry(self)

    @abc.abstractmethod
    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32): ...

    @property
    def num_feature_axes(self) -> int:
        """The axes of space, and the channels."""
        return 1 + len(self.input_shape)

    @property
    def state_shape(self) -> Shape:
        """The spatial shape of the state: what the input's convolution leaves."""
        axes = (self.input_shape, *map(self.each_axis, _GEOMETRY))
        return tuple(
            -(-n // stride)
            if self.padding == "SAME"
            else (n - dilation * (kernel - 1) - 1) // stride + 1
            for n, kernel, stride, dilation in zip(*axes, strict=True)
        )

    @final
    def each_axis(self, field: str) -> Shape:
        """Return a field with a number for each axis of space."""
        value = getattr(self, field)
        return (value,) * len(self.input_shape) if isinstance(value, int) else value

    @final
    def draw(
        self, key: Key, input_size: int, dtype: DType, gates: Sequence[str]
    ) -> tuple[Array, Array, Array | None]:
        """Draw ``w_ih``, ``w_hh`` and ``b`` with a block for each of ``gates``."""
        k_ih, k_hh, k_b = jax.random.split(key, 3)
        n = self.hidden_size

        def kernel(
            init: GateInitializer, k: Key, size: Shape, channels: int
        ) -> Float[Array, "..."]:
            matrix = (math.prod(size) * channels, n)
            drawn = init_gates(init, k, gates, matrix, dtype)
            return drawn.reshape(*size, channels, len(gates), n)

        w_ih = kernel(self.w_ih_init, k_ih, self.each_axis("kernel_size"), input_size)
        w_hh = kernel(self.w_hh_init, k_hh, self._recurrent_size(), n)
        if not self.use_bias:
            return w_ih, w_hh, None
        return w_ih, w_hh, init_gates(self.b_init, k_b, gates, (n,), dtype)

    @final
    def zeros(self, batch_shape: Shape, dtype: DType) -> Array:
        """Return an empty image of the state's shape."""
        return jnp.zeros((*batch_shape, *self.state_shape, self.hidden_size), dtype)

    @final
    def convolve_input(
        self, x: Float[Array, "*b x"], w: Array, b: Array | None
    ) -> Float[Array, "*bs g h"]:
        """Convolve the input with ``w`` as the options say, and add ``b``."""
        space = x.shape[-self.num_feature_axes : -1]
        if space != self.input_shape:
            raise ValueError(
                f"{type(self).__name__}: the input has spatial shape {space} before "
                f"its channels; the cell was made for input_shape={self.input_shape}."
            )
        strides, dilation = self.each_axis("strides"), self.each_axis("dilation")
        z = convolve(x, w, strides, self.padding, dilation)
        return z if b is None else (z + like(b, z)).astype(x.dtype)

    @final
    def convolve_state(
        self, h: Float[Array, "*b h"], w: Array
    ) -> Float[Array, "*b g h"]:
        """Convolve the state with ``w``; its shape stays."""
        ones = (1,) * len(self.input_shape)
        return convolve(h, w, ones, "SAME", ones)

    def _recurrent_size(self) -> Shape:
        given = self.recurrent_kernel_size
        return self.each_axis(
            "kernel_size" if given is None else "recurrent_kernel_size"
        )


_GEOMETRY = ("kernel_size", "strides", "dilation")


def convolve(
    x: Array, w: Array, strides: Shape, padding: Padding, dilation: Shape
) -> Array:
    """Convolve (without flipping) images of any batch axes with a gate-blocked kernel.

    ``x`` is ``(*batch, *space, in)``, ``w`` is ``(*kernel, in, gate, out)``, the result
    ``(*batch, *space, gate, out)`` with the dtype of ``x``.

    Raises:
        ValueError: ``x`` has not the channels that ``w`` takes.

    Example:
        >>> x, w = jnp.ones((7, 5, 2)), jnp.ones((3, 2, 4, 6))
        >>> convolve(x, w, (1,), "SAME", (1,)).shape
        (7, 5, 4, 6)
    """
    count = len(strides)
    check_features(x, w.shape[count])
    batch = x.shape[: -1 - count]
    images = x.reshape(math.prod(batch), *x.shape[-1 - count :])
    kernel = w.reshape(*w.shape[: count + 1], -1).astype(x.dtype)
    space = SPACE[-count:]
    z = jax.lax.conv_general_dilated(
        images, kernel, strides, padding, rhs_dilation=dilation,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        preferred_element_type=accumulator_dtype(x.dtype),
    )  # fmt: skip
    return z.reshape(*batch, *z.shape[1:-1], *w.shape[-2:]).astype(x.dtype)


def check_geometry(cell: ConvCell) -> None:
    """Raise ValueError unless the shapes of a convolutional cell fit each other."""
    name, shape = type(cell).__name__, cell.input_shape
    for field in (*_GEOMETRY, "recurrent_kernel_size"):
        value = getattr(cell, field)
        if isinstance(value, tuple) and len(value) != len(shape):
            raise ValueError(
                f"{name}: {field} is {value!r}; give a positive integer or a tuple of "
                f"{len(shape)}, one for each axis of input_shape."
            )
    if min(cell.state_shape) < 1:
        raise ValueError(
            f"{name}: nothing is left of input_shape={shape} under kernel_size="
            f'{cell.kernel_size} without padding. Use padding="SAME" or a smaller '
            "kernel."
        )
