"""Stacks of one kind of cell, with the names and arguments of ``torch.nn.LSTM``.

Dropout acts on what goes from one layer to the next, so a single layer has none;
``variational`` draws one mask for all time steps (Gal and Ghahramani, 2016). The carry
is a tuple with one entry a layer. For other stacks (widths that differ, residual, mixed
cells) give :class:`jlstm.nnx.RNN` a :class:`jlstm.Stack`.
"""

from typing import Literal

import jax.numpy as jnp
from flax import nnx

from jlstm._internal import flax as _flax
from jlstm._internal.types import DType
from jlstm.cells import GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell
from jlstm.initializers import Chrono
from jlstm.nnx.rnn import RNN


class LSTM(RNN):
    """Layers of :class:`jlstm.LSTMCell`.

    Example:
        >>> model = LSTM(3, 4, num_layers=2, bidirectional=True, rngs=nnx.Rngs(0))
        >>> carry, ys = model(jnp.ones((5, 7, 3)))
        >>> ys.shape, len(carry), carry[1].forward.c.shape
        ((5, 7, 8), 2, (5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        *,
        rngs: nnx.Rngs,
        variational: bool = False,
        forget_bias: float | Chrono = 1.0,
        use_bias: bool = True,
        dtype: DType | None = None,
        param_dtype: DType = jnp.float32,
        time_major: bool = False,
    ):
        cell = LSTMCell(hidden_size, forget_bias=forget_bias, use_bias=use_bias)
        super().__init__(
            _flax.stack(cell, num_layers, bidirectional, dropout, variational),
            input_size, rngs=rngs, dtype=dtype, param_dtype=param_dtype,
            time_major=time_major,
        )  # fmt: skip


class PeepholeLSTM(RNN):
    """Layers of :class:`jlstm.PeepholeLSTMCell`, whose gates see the cell state.

    Example:
        >>> model = PeepholeLSTM(3, 4, rngs=nnx.Rngs(0))
        >>> model(jnp.ones((5, 7, 3)))[1].shape
        (5, 7, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        *,
        rngs: nnx.Rngs,
        variational: bool = False,
        forget_bias: float | Chrono = 1.0,
        use_bias: bool = True,
        dtype: DType | None = None,
        param_dtype: DType = jnp.float32,
        time_major: bool = False,
    ):
        cell = PeepholeLSTMCell(hidden_size, forget_bias, use_bias)
        super().__init__(
            _flax.stack(cell, num_layers, bidirectional, dropout, variational),
            input_size, rngs=rngs, dtype=dtype, param_dtype=param_dtype,
            time_major=time_major,
        )  # fmt: skip


class GRU(RNN):
    """Layers of :class:`jlstm.GRUCell`.

    Example:
        >>> model = GRU(3, 4, reset="before", rngs=nnx.Rngs(0))
        >>> model(jnp.ones((5, 7, 3)))[1].shape
        (5, 7, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        *,
        rngs: nnx.Rngs,
        variational: bool = False,
        reset: Literal["after", "before"] = "after",
        use_bias: bool = True,
        dtype: DType | None = None,
        param_dtype: DType = jnp.float32,
        time_major: bool = False,
    ):
        cell = GRUCell(hidden_size, reset, use_bias)
        super().__init__(
            _flax.stack(cell, num_layers, bidirectional, dropout, variational),
            input_size, rngs=rngs, dtype=dtype, param_dtype=param_dtype,
            time_major=time_major,
        )  # fmt: skip


class SimpleRNN(RNN):
    """Layers of :class:`jlstm.RNNCell`: Elman's network, ``torch.nn.RNN``.

    Example:
        >>> model = SimpleRNN(3, 4, activation="relu", rngs=nnx.Rngs(0))
        >>> model(jnp.ones((5, 7, 3)))[1].shape
        (5, 7, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        *,
        rngs: nnx.Rngs,
        variational: bool = False,
        activation: Literal["tanh", "relu"] = "tanh",
        use_bias: bool = True,
        dtype: DType | None = None,
        param_dtype: DType = jnp.float32,
        time_major: bool = False,
    ):
        cell = RNNCell(hidden_size, activation, use_bias)
        super().__init__(
            _flax.stack(cell, num_layers, bidirectional, dropout, variational),
            input_size, rngs=rngs, dtype=dtype, param_dtype=param_dtype,
            time_major=time_major,
        )  # fmt: skip
