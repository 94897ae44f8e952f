"""Two cells over the same sequence, one from each end."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jlstm._backends import BackendName
from jlstm._internal.arrays import check_key
from jlstm._internal.options import Drawn, Options, Size
from jlstm._internal.repr import ShortRepr, shapes_repr, shown
from jlstm._internal.types import Checkpoint, DType, Key, Shape
from jlstm.cell import Cell
from jlstm.layers.recurrent import Recurrent
from jlstm.masking import steps_within

Merge = Literal["concat", "sum", "mul", "mean"]


class BidirectionalParams(NamedTuple):
    """Parameters, or carries, of the two directions."""

    forward: Any
    backward: Any

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class Bidirectional(ShortRepr, Drawn, Options):
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
    backend: BackendName = "auto"
    unroll: Size = 1
    checkpoint: Checkpoint = None

    def __post_init__(self) -> None:
        left, right = (half.output_size(0) for half in self._halves())
        if self.merge != "concat" and left != right:
            raise ValueError(
                f"Bidirectional: merge={self.merge!r} needs equal sizes; forward has "
                f"{left} units and backward {right}. Use merge='concat'."
            )

    @property
    def num_feature_axes(self) -> int:
        """The feature axes of both cells."""
        return self.forward.num_feature_axes

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

    def fresh_carry(
        self,
        params: BidirectionalParams,
        batch_shape: Shape = (),
        dtype: DType = jnp.float32,
    ) -> BidirectionalParams:
        """Return the carries that both cells start from."""
        return BidirectionalParams(
            *(
                half.fresh_carry(own, batch_shape, dtype)
                for half, own in zip(self._halves(), params, strict=True)
            )
        )

    def output_size(self, input_size: int) -> int:
        """Return the number of output features."""
        sizes = [half.output_size(input_size) for half in self._halves()]
        return sum(sizes) if self.merge == "concat" else sizes[0]

    def prepare(self, params: Any, xs: Any, key: Key | None = None) -> Any:
        """Refuse, as :meth:`step` does.

        Raises:
            ValueError: always.
        """
        raise self._no_steps()

    def step(self, params: Any, carry: Any, x: Array, noise: Any = None) -> Any:
        """Refuse: the backward cell starts at the end.

        Raises:
            ValueError: always.
        """
        raise self._no_steps()

    def apply(
        self,
        params: BidirectionalParams,
        xs: Float[Array, "t *bx"],
        carry: BidirectionalParams | None = None,
        *,
        lengths: Int[Array, "*b"] | None = None,
        mask: Bool[Array, "t *b"] | None = None,
        resets: Bool[Array, "t *b"] | None = None,
        key: Key | None = None,
    ) -> tuple[BidirectionalParams, Float[Array, "t *bh"]]:
        """Run both cells over ``xs``; the arguments are as in :func:`jlstm.unroll`."""
        carry = BidirectionalParams(None, None) if carry is None else carry
        self._check_both("params are", params, "init")
        self._check_both("the carry is", carry, "init_carry")
        check_key(key)
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

    def _no_steps(self) -> ValueError:
        return ValueError(
            f"{self!r} reads from both ends, so it cannot run step by step; use apply, "
            "or a Recurrent layer."
        )

    def _check_both(self, what: str, given: Any, maker: str) -> None:
        if not isinstance(given, BidirectionalParams):
            raise ValueError(
                f"Bidirectional: {what} {shown(given)}; give "
                f"BidirectionalParams(forward, backward), as {maker} makes it."
            )

    def _halves(self) -> tuple[Recurrent, Recurrent]:
        backward = self.forward if self.backward is None else self.backward
        options = (self.backend, self.unroll, self.checkpoint)
        return Recurrent(self.forward, False, *options), Recurrent(
            backward, True, *options
        )


def _ends(resets: Array, lengths: Array | None) -> Array:
    """Mark where segments end; what follows the last step is the given carry."""
    if lengths is not None:
        resets = resets & steps_within(lengths, resets.shape[0])
    return jnp.concatenate([resets[1:], jnp.zeros_like(resets[:1])])


def _merge(left: Array, right: Array, merge: Merge) -> Array:
    if merge == "concat":
        return jnp.concatenate([left, right], axis=-1)
    if merge == "mul":
        return left * right
    return left + right if merge == "sum" else (left + right) / 2
