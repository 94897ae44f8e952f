"""What the cells share that carry their output and nothing else."""

from typing import NamedTuple, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Shape
from jlstm.cell import GatedCell


class HiddenCarry(NamedTuple):
    """Carry of a cell without a separate cell state: the hidden state."""

    h: Float[Array, "*b h"]

    __repr__ = shapes_repr


class HiddenCell(GatedCell):
    """A gated cell whose carry is its hidden state."""

    @final
    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> HiddenCarry:
        """Return a zero hidden state."""
        return HiddenCarry(jnp.zeros((*batch_shape, self.hidden_size), dtype))
