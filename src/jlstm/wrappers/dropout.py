"""Dropout inside the recurrence, with one mask for all steps of a sequence."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.options import Rate
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Params, Shape
from jlstm.regularizers import dropout
from jlstm.wrappers.wrapper import CellWrapper, GatedWrapper, Wrapper, split


class MaskedParams(NamedTuple):
    """Parameters of the inner cell, and the mask while a sequence runs."""

    cell: Params
    mask: Array | None = None

    __repr__ = shapes_repr


class Masked(CellWrapper):
    """A wrapper whose parameters are :class:`MaskedParams`."""

    def inner(self, params: MaskedParams) -> Params:
        """Return the parameters of the inner cell."""
        return params.cell

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> MaskedParams:
        """Draw the parameters of the inner cell."""
        return MaskedParams(self.cell.init(key, input_size, dtype))


@dataclass(frozen=True, repr=False)
class RecurrentDropout(Masked, GatedWrapper):
    """Drop units of ``h`` on their way into the recurrent map, the same at every step.

    What reaches the new state past the map, such as the old ``h`` in a GRU, is not
    dropped. Each row of a batch has its own mask.

    Source: Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout
    in recurrent neural networks", 2016 (arXiv:1512.05287).

    Example:
        >>> from jlstm import LSTMCell, unroll
        >>> cell = RecurrentDropout(LSTMCell(3), rate=0.5)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> xs = jnp.ones((4, 5, 2))
        >>> _, hs = unroll(cell, params, xs, key=jax.random.key(1))
        >>> bool((hs[0] == hs[0, :1]).all()), bool((hs[1] == hs[1, :1]).all())
        (True, False)
    """

    rate: Rate = 0.0

    def prepare(
        self, params: MaskedParams, x: jax.ShapeDtypeStruct, key: Key | None
    ) -> MaskedParams:
        """Draw the mask of each row."""
        inner, own = split(key)
        batch = x.shape[: len(x.shape) - self.num_feature_axes]
        h = jax.eval_shape(lambda: self.init_carry(batch)).h
        return MaskedParams(
            self.cell.prepare(params.cell, x, inner),
            _mask(h.shape, x.dtype, self.rate, own),
        )

    def recur(self, params: MaskedParams, h: Array) -> Any:
        """Map what the mask leaves of the previous output."""
        return self.cell.recur(params.cell, _masked(h, params.mask))


@dataclass(frozen=True, repr=False)
class InputDropout(Masked, Wrapper):
    """Drop features of the input, the same at every step of a sequence.

    Each row of a batch has its own mask.

    Source: Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout
    in recurrent neural networks", 2016 (arXiv:1512.05287).

    Example:
        >>> from jlstm import RNNCell
        >>> cell = InputDropout(RNNCell(3), rate=0.5)
        >>> params = cell.init(jax.random.key(0), input_size=8)
        >>> one_step = jax.ShapeDtypeStruct((8,), "float32")
        >>> prepared = cell.prepare(params, one_step, jax.random.key(1))
        >>> sorted(set(prepared.mask.tolist()))
        [0.0, 2.0]
    """

    rate: Rate = 0.0

    def prepare(
        self, params: MaskedParams, x: jax.ShapeDtypeStruct, key: Key | None
    ) -> MaskedParams:
        """Draw the mask of each row."""
        inner, own = split(key)
        return MaskedParams(
            self.cell.prepare(params.cell, x, inner),
            _mask(x.shape, x.dtype, self.rate, own),
        )

    def project(self, params: MaskedParams, x: Array) -> Any:
        """Map what the mask leaves of the input."""
        return self.cell.project(params.cell, _masked(x, params.mask))


def _mask(shape: Shape, dtype: DType, rate: float, key: Key | None) -> Array | None:
    return None if key is None else dropout(jnp.ones(shape, dtype), rate, key)


def _masked(value: Array, mask: Array | None) -> Array:
    return value if mask is None else value * like(mask, value)
