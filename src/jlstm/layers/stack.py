"""Layers one upon the other, with dropout and connections between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._internal.arrays import check_key
from jlstm._internal.options import Drawn, Options, Rate, wrong_value
from jlstm._internal.repr import ShortRepr, shown
from jlstm._internal.types import Carry, DType, Key, Params, Shape
from jlstm.cell import Cell
from jlstm.layers.connect import (
    Connect,
    check_widths,
    entering,
    init_highway,
    leaving,
    passing,
)
from jlstm.layers.noise import Kept, PreparedStack, StackNoise, draw_kept
from jlstm.regularizers import drop, dropout


@dataclass(frozen=True, repr=False)
class Stack(ShortRepr, Drawn, Options):
    """Layers one upon the other, with dropout between them.

    Args:
        layers: from the input upwards; widths may differ.
        dropout: rate between layers (not before the first nor after the last).
        variational: one dropout mask for all time steps (Gal and Ghahramani, 2016) in
            place of a new one each step (Zaremba et al., 2014).
        connect: what passes by a layer. ``"residual"`` adds its input to its output,
            ``"highway"`` mixes them by a gate (Srivastava et al., 2015), both from the
            second layer on and for layers of one width; what passes by is not dropped.
            ``"skip"`` gives the input of the stack to every layer, and all their
            outputs to the output (Graves, 2013).

    Example:
        >>> from jlstm import Bidirectional, LSTMCell, Recurrent
        >>> parts = (Recurrent(LSTMCell(4)), Bidirectional(LSTMCell(3)))
        >>> layer = Stack(parts, dropout=0.5)
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> carry, ys = layer.apply(params, jnp.ones((7, 5, 2)), key=jax.random.key(1))
        >>> ys.shape, Stack(parts, connect="skip").output_size(2)
        ((7, 5, 6), 10)
    """

    layers: tuple[Any, ...]
    dropout: Rate = 0.0
    variational: bool = False
    connect: Connect = "plain"

    def __post_init__(self) -> None:
        self._check_layers()
        # A layer whose width follows its input is checked by init, which knows that.
        if self._widths(1) == self._widths(2):
            check_widths(self.connect, self.layers, self._widths(1))

    @property
    def num_feature_axes(self) -> int:
        """The feature axes of the first layer."""
        return self.layers[0].num_feature_axes

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> tuple[Params, ...]:
        """Draw the parameters of every layer."""
        check_widths(self.connect, self.layers, self._widths(input_size))
        keys = jax.random.split(key, len(self.layers))
        params, below = [], 0
        for n, (layer, k) in enumerate(zip(self.layers, keys, strict=True)):
            size = self._input_size(n, input_size, below)
            params.append(self._init_layer(n, k, size, dtype))
            below = layer.output_size(size)
        return tuple(params)

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> tuple[Carry, ...]:
        """Return the carry of every layer before the first step."""
        return tuple(layer.init_carry(batch_shape, dtype) for layer in self.layers)

    def fresh_carry(
        self,
        params: tuple[Params, ...],
        batch_shape: Shape = (),
        dtype: DType = jnp.float32,
    ) -> tuple[Carry, ...]:
        """Return the carry that every layer starts from."""
        return tuple(
            layer.fresh_carry(self.part(n, params[n]), batch_shape, dtype)
            for n, layer in enumerate(self.layers)
        )

    def output_size(self, input_size: int) -> int:
        """Return the number of output features."""
        widths = self._widths(input_size)
        return sum(widths) if self.connect == "skip" else widths[-1]

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
        self._check_tuple("params are", params, "init")
        carry = (None,) * len(self.layers) if carry is None else carry
        self._check_tuple("the carry is", carry, "init_carry")
        keys, drops = self._keys(key)

        carries, outputs = [], [xs]
        for n, layer in enumerate(self.layers):
            below = outputs[-1]
            dropped = self._drop(below, drops[n]) if n else below
            last, ys = layer.apply(
                self.part(n, params[n]), entering(self.connect, n, xs, dropped),
                carry[n],
                lengths=lengths, mask=mask, resets=resets, key=keys[n],
            )  # fmt: skip
            carries.append(last)
            outputs.append(passing(self.connect, n, params[n], below, ys))
        return tuple(carries), leaving(self.connect, outputs[1:])

    def prepare(
        self, params: tuple[Params, ...], xs: Any, key: Key | None = None
    ) -> tuple[PreparedStack, StackNoise | None]:
        """Draw the noise of a sequence that :meth:`step` will run over.

        Args:
            params: made by :meth:`init`.
            xs: the inputs, time first, or their ``jax.ShapeDtypeStruct``: only shapes
                are read. Without a key the number of steps does not matter.
            key: the key that :meth:`apply` would take; ``None`` is no noise.

        Returns:
            The parameters as all steps use them, and the noise of each step, time
            first; ``None`` without a key.

        Raises:
            ValueError: a layer reads from the end.
        """
        self._check_tuple("params are", params, "init")
        keys, drops = self._keys(key)
        layers, noises = [], []
        for n, x in enumerate(self.entering(xs)):
            own = self.part(n, params[n])
            own, noise = self.layers[n].prepare(own, x, keys[n])
            layers.append(params[n]._replace(layer=own) if self._has_gate(n) else own)
            noises.append(noise)
        once, each = self._kept(xs, drops)
        noise = None if key is None else StackNoise(tuple(noises), each)
        return PreparedStack(tuple(layers), once), noise

    def step(
        self,
        params: PreparedStack,
        carry: tuple[Carry, ...],
        x: Float[Array, "*bx"],
        noise: StackNoise | None = None,
    ) -> tuple[tuple[Carry, ...], Float[Array, "*bh"]]:
        """Advance one step: what :meth:`apply` makes of a sequence of one step.

        For loops in which an output decides on the next input. The arrays are not
        checked.

        Args:
            params: made by :meth:`prepare`.
            carry: of the step before.
            x: the input of this step.
            noise: of this step, as :meth:`prepare` draws it; ``None`` is no noise.

        Raises:
            ValueError: a layer reads from the end.

        Example:
            Step by step with noise is :meth:`apply` with the same key:

            >>> from jlstm import LSTMCell, Recurrent
            >>> layer = Stack((Recurrent(LSTMCell(4)),) * 2, 0.5, connect="residual")
            >>> params = layer.init(jax.random.key(0), input_size=2)
            >>> xs, key = jnp.ones((7, 5, 2)), jax.random.key(1)
            >>> prepared, noise = layer.prepare(params, xs, key)
            >>> def step(carry, inputs):
            ...     return layer.step(prepared, carry, *inputs)
            >>> _, ys = jax.lax.scan(step, layer.init_carry((5,)), (xs, noise))
            >>> _, wanted = layer.apply(params, xs, key=key)
            >>> bool(jnp.allclose(ys, wanted, atol=1e-6))
            True
        """
        nothing = (None,) * len(self.layers)
        noise = StackNoise(nothing, nothing) if noise is None else noise
        kept = params.kept if self.variational else noise.kept

        carries, outputs = [], [x]
        for n, (layer, own) in enumerate(zip(self.layers, params.layers, strict=True)):
            below = outputs[-1]
            dropped = below if kept[n] is None else drop(below, kept[n], self.dropout)
            read = entering(self.connect, n, x, dropped)
            last, y = layer.step(self.part(n, own), carry[n], read, noise.layers[n])
            carries.append(last)
            outputs.append(passing(self.connect, n, own, below, y))
        return tuple(carries), leaving(self.connect, outputs[1:])

    def part(self, n: int, params: Params) -> Params:
        """Return what is layer ``n``'s of its entry in the parameters."""
        return params.layer if self._has_gate(n) else params

    def entering(self, x: Any) -> list[jax.ShapeDtypeStruct]:
        """Return the type of what enters each layer; ``x`` enters the stack."""
        size, shape, below, types = x.shape[-1], x.shape[:-1], 0, []
        for n, layer in enumerate(self.layers):
            width = self._input_size(n, size, below)
            types.append(jax.ShapeDtypeStruct((*shape, width), x.dtype))
            below, shape = layer.output_size(width), _places(layer, types[-1])
        return types

    def _keys(self, key: Key | None) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return a key of each layer, and one of the dropout before each."""
        check_key(key)
        count = len(self.layers)
        if key is None:
            return (None,) * count, (None,) * count
        keys = list(jax.random.split(key, 2 * count))
        return keys[:count], keys[count:]

    def _kept(self, xs: Any, keys: Sequence[Key | None]) -> tuple[Kept, Kept]:
        """Draw what is kept between layers: in all steps alike, and in each step."""
        none = (None,) * len(self.layers)
        if keys[0] is None:
            return none, none
        widths = (0, *self._widths(xs.shape[-1]))
        steps = 1 if self.variational else xs.shape[0]
        shapes = [
            (steps, *entering.shape[1:-1], below)
            for entering, below in zip(self.entering(xs), widths, strict=False)
        ]
        kept = draw_kept(keys, self.dropout, shapes)
        if not self.variational:
            return none, kept
        return jax.tree.map(lambda mask: mask[0], kept), none

    def _init_layer(self, n: int, key: Key, size: int, dtype: DType) -> Params:
        if not self._has_gate(n):
            return self.layers[n].init(key, size, dtype)
        k_layer, k_gate = jax.random.split(key)
        layer = self.layers[n].init(k_layer, size, dtype)
        return init_highway(layer, k_gate, size, dtype)

    def _widths(self, input_size: int) -> list[int]:
        widths = [0]
        for n, layer in enumerate(self.layers):
            size = self._input_size(n, input_size, widths[-1])
            widths.append(layer.output_size(size))
        return widths[1:]

    def _input_size(self, n: int, input_size: int, below: int) -> int:
        if n == 0:
            return input_size
        return below + input_size if self.connect == "skip" else below

    def _has_gate(self, n: int) -> bool:
        return self.connect == "highway" and n > 0

    def _drop(self, xs: Array, key: Key | None) -> Array:
        return dropout(xs, self.dropout, key, (0,) if self.variational else ())

    def _check_layers(self) -> None:
        if not self.layers:
            raise ValueError("Stack: layers is (); give at least one layer.")
        for n, layer in enumerate(self.layers):
            if isinstance(layer, Cell):
                raise ValueError(
                    f"Stack: layers[{n}] is {layer!r}; give a layer: "
                    f"Recurrent({layer!r})."
                )
            if isinstance(layer, type) or not hasattr(layer, "apply"):
                wanted = "a layer, such as Recurrent(LSTMCell(64))"
                raise TypeError(wrong_value(f"Stack: layers[{n}]", layer, wanted, True))

    def _check_tuple(self, what: str, given: Any, maker: str) -> None:
        plain = isinstance(given, tuple) and not hasattr(given, "_fields")
        if not plain or len(given) != len(self.layers):
            raise ValueError(
                f"Stack: {what} {shown(given)}; give a tuple of {len(self.layers)}, "
                f"one per layer, as {maker} makes it."
            )


def _places(layer: Any, x: jax.ShapeDtypeStruct) -> Shape:
    """Return the shape of an output without its features: strides shrink space."""
    while isinstance(layer, Stack):
        layer = layer.layers[-1]
    space = layer.num_feature_axes - 1
    if not space:
        return x.shape[:-1]
    batch = x.shape[: x.ndim - 1 - space]
    return jax.eval_shape(lambda: layer.init_carry(batch)).h.shape[:-1]
