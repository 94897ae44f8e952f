"""A carry to start from that is learned."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import Carry, DType, Key, Params, Shape
from jlstm.wrappers.wrapper import Wrapper


class LearnedCarryParams(NamedTuple):
    """Parameters of the inner cell, and the carry that every sequence starts from."""

    cell: Params
    carry: Carry

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class LearnedCarry(Wrapper):
    """Start from a learned carry where no carry is given, and after every reset.

    It is drawn as zeros, so that an untrained cell starts as the inner one does, and is
    the same for every row.

    Example:
        >>> from jlstm import LSTMCell
        >>> cell = LearnedCarry(LSTMCell(3))
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> start = params.carry._replace(c=jnp.array([1.0, 2.0, 3.0]))
        >>> params = params._replace(carry=start)
        >>> cell.fresh_carry(params, (5,)).c[4].tolist()
        [1.0, 2.0, 3.0]
    """

    def inner(self, params: LearnedCarryParams) -> Params:
        """Return the parameters of the inner cell."""
        return params.cell

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> LearnedCarryParams:
        """Draw the parameters of the inner cell; the carry is zero."""
        inner = self.cell.init(key, input_size, dtype)
        return LearnedCarryParams(inner, self.cell.fresh_carry(inner, (), dtype))

    def fresh_carry(
        self,
        params: LearnedCarryParams,
        batch_shape: Shape = (),
        dtype: DType = jnp.float32,
    ) -> Carry:
        """Return the learned carry, once for each row."""

        def spread(leaf: Array) -> Array:
            return jnp.broadcast_to(leaf.astype(dtype), (*batch_shape, *leaf.shape))

        return jax.tree.map(spread, params.carry)

    def prepare(
        self, params: LearnedCarryParams, x: jax.ShapeDtypeStruct, key: Key | None
    ) -> LearnedCarryParams:
        """Return the parameters as the inner cell uses them over a sequence."""
        return params._replace(cell=self.cell.prepare(params.cell, x, key))
