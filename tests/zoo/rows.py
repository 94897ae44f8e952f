"""What a row of the table says, and the cells that many rows are made of."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

import jlstm
from jlstm import Recurrent
from tests import oracle


@dataclass(frozen=True)
class Row:
    """One entry: what runs, what it should compute, and what is special about it."""

    name: str
    layer: Any
    oracle: Any
    cell: jlstm.Cell | None = None
    direction: str = "forward"  # where time runs; "both" has no last step to go on from
    variant: bool = False  # differs from another row in a detail; it runs the same way
    feature_shape: tuple = (2,)  # of the input of one step; channels last
    legal: Any = None  # turns a random carry into one that steps could have made
    unread: tuple = ()  # fields of the carry that no step reads
    kinked: bool = False  # has no second derivative everywhere

    @property
    def input_size(self):
        return self.feature_shape[-1]


def shapes_of(cell):
    """Return the shape of each field of a cell's carry, for one row of a batch."""
    carry = jax.eval_shape(cell.init_carry)
    return {name: leaf.shape for name, leaf in carry._asdict().items()}


def cell_row(name, cell, step, fresh=None, **options):
    reference = oracle.Recurrent(step, shapes_of(cell), fresh=fresh)
    return Row(name, Recurrent(cell), reference, cell, **options)


def normalized(carry):
    """Give a random carry a normaliser of at least 1, as every step leaves it."""
    return carry._replace(n=1 + jnp.abs(carry.n))


RNN, LSTM, GRU = jlstm.RNNCell(3), jlstm.LSTMCell(3), jlstm.GRUCell(3)
PEEPHOLE = jlstm.PeepholeLSTMCell(3)
NO_BIAS, VARIANT, KINKED = {"use_bias": False}, {"variant": True}, {"kinked": True}
