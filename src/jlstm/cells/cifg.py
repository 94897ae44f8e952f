"""LSTM whose input and forget gates are coupled: what is written is forgotten."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key
from jlstm.cell import AffineCell
from jlstm.cells.family import LSTMCarry, LSTMFamily, LSTMGates

GATES = ("i", "g", "o")


class CIFGLSTMParams(NamedTuple):
    """Parameters of :class:`CIFGLSTMCell`; the gate axis is in the order i, g, o."""

    w_ih: Float[Array, "x 3 h"]
    w_hh: Float[Array, "h 3 h"]
    b: Float[Array, "3 h"] | None

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class CIFGLSTMCell(AffineCell, LSTMFamily):
    r"""LSTM with coupled input and forget gates: a quarter fewer parameters.

    .. math::
        i_t &= \sigma(W_i [h_{t-1}, x_t] + b_i) && \text{input gate} \\
        f_t &= 1 - i_t && \text{forget gate} \\
        g_t &= \tanh(W_g [h_{t-1}, x_t] + b_g) && \text{candidate} \\
        o_t &= \sigma(W_o [h_{t-1}, x_t] + b_o) && \text{output gate} \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t && \text{cell state} \\
        h_t &= o_t \odot \tanh(c_t) && \text{hidden state}

    The cell state is a moving average of the candidates, so it stays within ±1. ONNX
    calls this ``input_forget``.

    Source: K. Greff et al., "LSTM: a search space odyssey", 2017 (arXiv:1503.04069).

    Args:
        hidden_size: units in ``h`` and ``c``.
        forget_bias: how open the forget gate starts, as in :class:`~jlstm.LSTMCell`:
            since :math:`1 - \sigma(z) = \sigma(-z)`, it is subtracted from :math:`b_i`.

    Example:
        >>> import jax
        >>> cell = CIFGLSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params.b[:, 0].tolist()
        [-1.0, 0.0, 0.0]
        >>> zx = cell.project(params, jnp.ones(2))
        >>> carry, gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(gates.f, 1 - gates.i))
        True
    """

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> CIFGLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        return CIFGLSTMParams(*self.draw_coupled(key, input_size, dtype, GATES))

    def gate(
        self,
        params: CIFGLSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 3 h"],
        zh: Float[Array, "*b 3 h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the coupled LSTM."""
        zi, zg, zo = jnp.unstack(zx + zh, axis=-2)
        gate, candidate, output = self.activations()
        i, g, o = gate(zi), candidate(zg), gate(zo)
        f = 1 - i
        c = self.clip(f * carry.c + i * g)
        h = o * output(c)
        return LSTMCarry(h, c), LSTMGates(i, f, g, o)
