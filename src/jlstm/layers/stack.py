"""Layers one upon the other, with dropout and residual connections between them."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._repr import ShortRepr
from jlstm._types import Carry, DType, Key, Params, Shape
from jlstm.regularize import check_rate, dropout


@dataclass(frozen=True, repr=False)
class Stack(ShortRepr):
    """Layers one upon the other, with dropout between them.

    Args:
        layers: from the input upwards; widths may differ.
        dropout: rate between layers (not before the first nor after the last).
        variational: one dropout mask for all time steps (Gal and Ghahramani, 2016) in
            place of a new one each step (Zaremba et al., 2014).
        residual: add a layer's input to its output, from the second layer on; widths
            must then agree.

    Example:
        >>> from jlstm import Bidirectional, LSTMCell, Recurrent
        >>> parts = (Recurrent(LSTMCell(4)), Bidirectional(LSTMCell(3)))
        >>> layer = Stack(parts, dropout=0.5)
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> carry, ys = layer.apply(params, jnp.ones((7, 5, 2)), key=jax.random.key(1))
        >>> ys.shape
        (7, 5, 6)
    """

    layers: tuple[Any, ...]
    dropout: float = 0.0
    variational: bool = False
    residual: bool = False

    def __post_init__(self) -> None:
        check_rate("Stack: dropout", self.dropout)
        if not self.layers:
            raise ValueError("Stack: layers is empty; give at least one layer.")
        if self.residual:
            self._check_residual()

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> tuple[Params, ...]:
        """Draw the parameters of every layer."""
        params = []
        for layer, k in zip(
            self.layers, jax.random.split(key, len(self.layers)), strict=True
        ):
            params.append(layer.init(k, input_size, dtype))
            input_size = layer.output_size(input_size)
        return tuple(params)

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> tuple[Carry, ...]:
        """Return the carry of every layer before the first step."""
        return tuple(layer.init_carry(batch_shape, dtype) for layer in self.layers)

    def output_size(self, input_size: int) -> int:
        """Return the number of output features."""
        for layer in self.layers:
            input_size = layer.output_size(input_size)
        return input_size

    def apply(
        self,
        params: tuple[Params, ...],
        xs: Float[Array, "t *bx"],
        carry: tuple[Carry, ...] | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        mask: Bool[Array, "t *b"] | None = None,
        resets: Bool[Array, "t *b"] | None = None,
        key: Key | None = None,
    ) -> tuple[tuple[Carry, ...], Float[Array, "t *bh"]]:
        """Run all layers; the arguments are those of :func:`jlstm.unroll`."""
        count = len(self.layers)
        carry = (None,) * count if carry is None else carry
        self._check_carry(carry)
        keys = (
            [None] * 2 * count
            if key is None
            else list(jax.random.split(key, 2 * count))
        )
        carries = []
        for n, layer in enumerate(self.layers):
            inputs = self._drop(xs, keys[count + n]) if n else xs
            last, ys = layer.apply(
                params[n],
                inputs,
                carry[n],
                lengths=lengths,
                mask=mask,
                resets=resets,
                key=keys[n],
            )
            xs = xs + ys if self.residual and n else ys
            carries.append(last)
        return tuple(carries), xs

    def _drop(self, xs: Array, key: Key | None) -> Array:
        return dropout(xs, self.dropout, key, (0,) if self.variational else ())

    def _check_carry(self, carry: Any) -> None:
        if not isinstance(carry, tuple) or len(carry) != len(self.layers):
            raise ValueError(
                f"Stack: the carry is a {type(carry).__name__}; give a tuple of "
                f"{len(self.layers)} carries, one a layer, as init_carry makes it."
            )

    def _check_residual(self) -> None:
        sizes = [layer.output_size(0) for layer in self.layers]
        if len(set(sizes)) > 1:
            raise ValueError(
                f"Stack: residual=True needs layers of one width; they have {sizes}."
            )
