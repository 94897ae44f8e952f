"""LSTM with peephole connections: the gates see the cell state."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key
from jlstm.cell import AffineCell
from jlstm.cells.family import LSTMCarry, LSTMFamily, LSTMGates
from jlstm.initializers import Constant, Initializer, draw_from


class PeepholeLSTMParams(NamedTuple):
    """Parameters of :class:`PeepholeLSTMCell`; gates in the order i, f, g, o."""

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"]
    b: Float[Array, "4 h"] | None
    p_i: Float[Array, "h"]
    p_f: Float[Array, "h"]
    p_o: Float[Array, "h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class PeepholeLSTMCell(AffineCell, LSTMFamily):
    r"""LSTM whose gates also read the cell state, one weight a unit.

    .. math::
        i_t &= \sigma(W_i [h_{t-1}, x_t] + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_f [h_{t-1}, x_t] + p_f \odot c_{t-1} + b_f) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot \tanh(W_g [h_{t-1}, x_t] + b_g) \\
        o_t &= \sigma(W_o [h_{t-1}, x_t] + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot \tanh(c_t)

    The output gate sees the *new* cell state. With the peepholes at zero this is
    :class:`~jlstm.LSTMCell`.

    Source: F. A. Gers and J. Schmidhuber, "Recurrent nets that time and count", IJCNN
        2000.

    Example:
        >>> cell = PeepholeLSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> cell.project(params, jnp.ones((5, 2))).shape
        (5, 4, 3)
    """

    peephole_init: Initializer = Constant(0.0)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> PeepholeLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, *k_p = jax.random.split(key, 4)
        peepholes = (
            draw_from(self.peephole_init, k, (self.hidden_size,), dtype) for k in k_p
        )
        return PeepholeLSTMParams(*self.draw(k_maps, input_size, dtype), *peepholes)

    def gate(
        self,
        params: PeepholeLSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the peephole LSTM."""
        zi, zf, zg, zo = jnp.unstack(zx + zh, axis=-2)
        p_i, p_f, p_o = (like(p, zi) for p in (params.p_i, params.p_f, params.p_o))
        gate, candidate, output = self.activations()
        i = gate(zi + p_i * carry.c)
        f = gate(zf + p_f * carry.c)
        g = candidate(zg)
        c = self.clip(f * carry.c + i * g)
        o = gate(zo + p_o * c)
        h = o * output(c)
        return LSTMCarry(h, c), LSTMGates(i, f, g, o)
