"""Maps of sequences: a cell over time, two directions, a stack.

A layer is a frozen dataclass with ``init`` and ``apply``, like a cell. Time leads,
batch is any axes between time and features.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._repr import ShortRepr
from jlstm._types import Carry, Checkpoint, DType, Key, Params, Shape
from jlstm.backends import Backend
from jlstm.cell import Cell
from jlstm.regularize import check_rate, dropout
from jlstm.unroll import steps_within, unroll

Merge = Literal["concat", "sum", "mul", "mean"]


@runtime_checkable
class Layer(Protocol):
    """A map of sequences."""

    def init(self, key: Key, input_size: int, dtype: DType = ...) -> Params: ...

    def init_carry(self, batch_shape: Shape = (), dtype: DType = ...) -> Carry: ...

    def output_size(self, input_size: int) -> int: ...

    def apply(
        self,
        params: Params,
        xs: Array,
        carry: Carry | None = None,
        *,
        lengths: Array | None = None,
        mask: Array | None = None,
        resets: Array | None = None,
        key: Key | None = None,
    ) -> tuple[Carry, Array]: ...


@dataclass(frozen=True, repr=False)
class Recurrent(ShortRepr):
    """One cell over time.

    Example:
        >>> from jlstm import GRUCell
        >>> layer = Recurrent(GRUCell(3))
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> carry, ys = layer.apply(params, jnp.ones((7, 5, 2)))
        >>> ys.shape
        (7, 5, 3)
    """

    cell: Cell
    reverse: bool = False
    backend: Backend = "auto"
    unroll: int = 1
    checkpoint: Checkpoint = None

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> Params:
        """Draw the parameters of the cell."""
        return self.cell.init(key, input_size, dtype)

    def init_carry(self, batch_shape: Shape = (), dtype: DType = jnp.float32) -> Carry:
        """Return the carry of the cell before the first step."""
        return self.cell.init_carry(batch_shape, dtype)

    def output_size(self, input_size: int) -> int:
        """Return the number of output features."""
        return jax.eval_shape(self.cell.init_carry).h.shape[-1]

    def apply(
        self,
        params: Params,
        xs: Float[Array, "t *b x"],
        carry: Carry | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        mask: Bool[Array, "t *b"] | None = None,
        resets: Bool[Array, "t *b"] | None = None,
        key: Key | None = None,
    ) -> tuple[Carry, Float[Array, "t *b h"]]:
        """Run the cell over ``xs``; the arguments are those of :func:`jlstm.unroll`."""
        return unroll(
            self.cell,
            params,
            xs,
            carry,
            lengths=lengths,
            mask=mask,
            resets=resets,
            reverse=self.reverse,
            key=key,
            backend=self.backend,
            unroll=self.unroll,
            checkpoint=self.checkpoint,
        )


class BidirectionalParams(NamedTuple):
    """Parameters, or carries, of the two directions."""

    forward: Any
    backward: Any


@dataclass(frozen=True, repr=False)
class Bidirectional(ShortRepr):
    """Two cells over the same sequence, one from each end (Schuster and Paliwal, 1997).

    ``resets`` mark where segments begin in time; the backward cell starts fresh at
    their ends. The last carry of the backward cell is the one at step 0.

    Args:
        forward: the cell that reads from the left.
        backward: the cell that reads from the right; default: the same kind.
        merge: how the two outputs become one; all but ``"concat"`` need equal sizes.

    Example:
        >>> from jlstm import LSTMCell
        >>> layer = Bidirectional(LSTMCell(3))
        >>> params = layer.init(jax.random.key(0), input_size=2)
        >>> carry, ys = layer.apply(params, jnp.ones((7, 2)))
        >>> ys.shape, bool((carry.backward.h == ys[0, 3:]).all())
        ((7, 6), True)
    """

    forward: Cell
    backward: Cell | None = None
    merge: Merge = "concat"
    backend: Backend = "auto"
    unroll: int = 1
    checkpoint: Checkpoint = None

    def __post_init__(self) -> None:
        if self.merge not in ("concat", "sum", "mul", "mean"):
            raise ValueError(
                f"Bidirectional: merge is {self.merge!r}; "
                "choose concat, sum, mul or mean."
            )
        left, right = (half.output_size(0) for half in self._halves())
        if self.merge != "concat" and left != right:
            raise ValueError(
                f"Bidirectional: merge={self.merge!r} needs equal sizes; forward has "
                f"{left} units and backward {right}. Use merge='concat'."
            )

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> BidirectionalParams:
        """Draw the parameters of both cells."""
        keys = jax.random.split(key)
        return BidirectionalParams(
            *(
                half.init(k, input_size, dtype)
                for half, k in zip(self._halves(), keys, strict=True)
            )
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> BidirectionalParams:
        """Return the carries before the first and after the last step."""
        return BidirectionalParams(
            *(half.init_carry(batch_shape, dtype) for half in self._halves())
        )

    def output_size(self, input_size: int) -> int:
        """Return the number of output features."""
        sizes = [half.output_size(input_size) for half in self._halves()]
        return sum(sizes) if self.merge == "concat" else sizes[0]

    def apply(
        self,
        params: BidirectionalParams,
        xs: Float[Array, "t *b x"],
        carry: BidirectionalParams | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        mask: Bool[Array, "t *b"] | None = None,
        resets: Bool[Array, "t *b"] | None = None,
        key: Key | None = None,
    ) -> tuple[BidirectionalParams, Float[Array, "t *b h"]]:
        """Run both cells over ``xs``; the arguments are as in :func:`jlstm.unroll`."""
        carry = BidirectionalParams(None, None) if carry is None else carry
        self._check_carry(carry)
        keys = (None, None) if key is None else tuple(jax.random.split(key))
        forward, backward = self._halves()
        left, ys_left = forward.apply(
            params[0],
            xs,
            carry[0],
            lengths=lengths,
            mask=mask,
            resets=resets,
            key=keys[0],
        )
        ends = None if resets is None else _ends(resets, lengths)
        right, ys_right = backward.apply(
            params[1],
            xs,
            carry[1],
            lengths=lengths,
            mask=mask,
            resets=ends,
            key=keys[1],
        )
        return BidirectionalParams(left, right), _merge(ys_left, ys_right, self.merge)

    def _check_carry(self, carry: Any) -> None:
        if not isinstance(carry, BidirectionalParams):
            raise ValueError(
                f"Bidirectional: the carry is a {type(carry).__name__}; give "
                "BidirectionalParams(forward, backward), as init_carry makes it."
            )

    def _halves(self) -> tuple[Recurrent, Recurrent]:
        backward = self.forward if self.backward is None else self.backward
        options = (self.backend, self.unroll, self.checkpoint)
        return Recurrent(self.forward, False, *options), Recurrent(
            backward, True, *options
        )


def _ends(resets: Array, lengths: Array | None) -> Array:
    """Mark where segments end: before each begin. A given carry follows the last step."""
    if lengths is not None:
        resets = resets & steps_within(lengths, len(resets))
    return jnp.concatenate([resets[1:], jnp.zeros_like(resets[:1])])


def _merge(left: Array, right: Array, merge: Merge) -> Array:
    if merge == "concat":
        return jnp.concatenate([left, right], axis=-1)
    if merge == "mul":
        return left * right
    return left + right if merge == "sum" else (left + right) / 2


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
        >>> from jlstm import LSTMCell
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
        xs: Float[Array, "t *b x"],
        carry: tuple[Carry, ...] | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        mask: Bool[Array, "t *b"] | None = None,
        resets: Bool[Array, "t *b"] | None = None,
        key: Key | None = None,
    ) -> tuple[tuple[Carry, ...], Float[Array, "t *b h"]]:
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
