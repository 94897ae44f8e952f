"""LSTM whose recurrent map depends on the input: the multiplicative LSTM."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key
from jlstm.cells.family import LSTMCarry, LSTMFamily, LSTMGates
from jlstm.initializers import Glorot, Initializer, Orthogonal, draw_from


class MultiplicativeLSTMParams(NamedTuple):
    """Parameters of :class:`MultiplicativeLSTMCell`; gates in the order i, f, g, o.

    ``w_im`` and ``w_hm`` lead from the input and from the hidden state to the
    intermediate state m, ``w_hh`` from m to the gates.
    """

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"]
    b: Float[Array, "4 h"] | None
    w_im: Float[Array, "x h"]
    w_hm: Float[Array, "h h"]

    __repr__ = shapes_repr


class MultiplicativeShare(NamedTuple):
    """What the input alone gives: its share of the gates and a factor of m."""

    gates: Float[Array, "*b 4 h"]
    m: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class MultiplicativeLSTMCell(LSTMFamily):
    r"""LSTM whose hidden state is first multiplied by a map of the input.

    .. math::
        m_t &= (W_{im} x_t) \odot (W_{hm} h_{t-1}) && \text{intermediate state} \\
        i_t &= \sigma(W_i [m_t, x_t] + b_i) && \text{input gate} \\
        f_t &= \sigma(W_f [m_t, x_t] + b_f) && \text{forget gate} \\
        g_t &= \tanh(W_g [m_t, x_t] + b_g) && \text{candidate} \\
        o_t &= \sigma(W_o [m_t, x_t] + b_o) && \text{output gate} \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t && \text{cell state} \\
        h_t &= o_t \odot \tanh(c_t) && \text{hidden state}

    Each input thus has a recurrent matrix of its own, :math:`W \, \mathrm{diag}(W_{im}
    x_t) \, W_{hm}`, of which only the diagonal differs.

    Source: B. Krause et al., "Multiplicative LSTM for sequence modelling", 2016
    (arXiv:1609.07959).

    Args:
        hidden_size: units in ``h``, ``c`` and m.
        w_im_init: from the input to m.
        w_hm_init: from the hidden state to m. The other options are those of
            :class:`~jlstm.LSTMCell`.

    Example:
        >>> cell = MultiplicativeLSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> cell.project(params, jnp.ones((5, 2))).m.shape
        (5, 3)
    """

    w_im_init: Initializer = Glorot()
    w_hm_init: Initializer = Orthogonal()

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> MultiplicativeLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, k_im, k_hm = jax.random.split(key, 3)
        n = self.hidden_size
        return MultiplicativeLSTMParams(
            *self.draw(k_maps, input_size, dtype),
            w_im=draw_from(self.w_im_init, k_im, (input_size, n), dtype),
            w_hm=draw_from(self.w_hm_init, k_hm, (n, n), dtype),
        )

    def project(
        self, params: MultiplicativeLSTMParams, x: Float[Array, "*b x"]
    ) -> MultiplicativeShare:
        """Map the input to its share of the gates and to a factor of m."""
        gates = affine(x, params.w_ih, params.b)
        return MultiplicativeShare(gates, affine(x, params.w_im))

    def recur(
        self, params: MultiplicativeLSTMParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b h"]:
        """Map the previous output to the other factor of m."""
        return affine(h, params.w_hm)

    def gate(
        self,
        params: MultiplicativeLSTMParams,
        carry: LSTMCarry,
        zx: MultiplicativeShare,
        zh: Float[Array, "*b h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the LSTM to the input and m."""
        z = zx.gates + affine(zx.m * zh, params.w_hh)
        c, gates = self.write(z, carry.c)
        h = gates.o * self.activations().output(c)
        return LSTMCarry(h, c), gates
