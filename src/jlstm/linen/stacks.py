"""Stacks of one kind of cell, with the names and arguments of ``torch.nn.LSTM``.

The Linen twins of :mod:`jlstm.nnx.stacks`; the input size is that of the first input.
"""

from typing import Literal

from jlstm._internal import flax as _flax
from jlstm.cell import Cell
from jlstm.cells import GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell
from jlstm.initializers import Chrono
from jlstm.layers import Layer
from jlstm.linen.rnn import Sequence


class _Stacked(Sequence):
    """Layers of one kind of cell; subclasses say of which."""

    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0
    variational: bool = False
    use_bias: bool = True

    def cell(self) -> Cell:
        """Return the cell of every layer."""
        raise NotImplementedError

    def sequence_layer(self) -> Layer:
        """Return the layer to run."""
        return _flax.stack(
            self.cell(),
            self.num_layers,
            self.bidirectional,
            self.dropout,
            self.variational,
        )


class LSTM(_Stacked):
    """Layers of :class:`jlstm.LSTMCell`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> model = LSTM(4, num_layers=2, bidirectional=True)
        >>> xs = jnp.ones((5, 7, 3))
        >>> carry, ys = model.apply(model.init(jax.random.key(0), xs), xs)
        >>> ys.shape, carry[1].forward.c.shape
        ((5, 7, 8), (5, 4))
    """

    forget_bias: float | Chrono = 1.0

    def cell(self) -> Cell:
        """Return the cell of every layer."""
        return LSTMCell(self.hidden_size, self.forget_bias, self.use_bias)


class PeepholeLSTM(_Stacked):
    """Layers of :class:`jlstm.PeepholeLSTMCell`, whose gates see the cell state."""

    forget_bias: float | Chrono = 1.0

    def cell(self) -> Cell:
        """Return the cell of every layer."""
        return PeepholeLSTMCell(self.hidden_size, self.forget_bias, self.use_bias)


class GRU(_Stacked):
    """Layers of :class:`jlstm.GRUCell`."""

    reset: Literal["after", "before"] = "after"

    def cell(self) -> Cell:
        """Return the cell of every layer."""
        return GRUCell(self.hidden_size, self.reset, self.use_bias)


class SimpleRNN(_Stacked):
    """Layers of :class:`jlstm.RNNCell`: Elman's network, ``torch.nn.RNN``."""

    activation: Literal["tanh", "relu"] = "tanh"

    def cell(self) -> Cell:
        """Return the cell of every layer."""
        return RNNCell(self.hidden_size, self.activation, self.use_bias)
