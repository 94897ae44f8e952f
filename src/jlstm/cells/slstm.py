"""The sLSTM: an LSTM with an exponential input gate and a normalised cell state."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Shape
from jlstm.activations import Activation, resolve
from jlstm.cell import AffineCell, check_heads
from jlstm.cells.family import GATES, LSTMGates
from jlstm.initializers import (
    Chrono,
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    add_forget_bias,
    init_gates,
    init_recurrent,
)

FORGET_GATES = {"sigmoid": jax.nn.log_sigmoid, "exp": lambda z: z}
"""The logarithm of each kind of forget gate, as a function of its pre-activation."""


class SLSTMParams(NamedTuple):
    """Parameters of :class:`SLSTMCell`; the gate axis is in the order i, f, g, o.

    With heads ``w_hh`` holds one block for each of them.
    """

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"] | Float[Array, "k d 4 d"]
    b: Float[Array, "4 h"] | None

    __repr__ = shapes_repr


class SLSTMCarry(NamedTuple):
    """Carry of :class:`SLSTMCell`: output, cell state, normaliser, stabiliser.

    ``c`` and ``n`` are those of the equations, divided by ``exp(m)``. After a step
    ``n`` is at least 1; where it is 0 nothing was before.
    """

    h: Float[Array, "*b h"]
    c: Float[Array, "*b h"]
    n: Float[Array, "*b h"]
    m: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class SLSTMCell(AffineCell):
    r"""LSTM with exponential gates: a later input can outweigh all that came before.

    .. math::
        i_t &= \exp(W_i x_t + R_i h_{t-1} + b_i) && \text{input gate} \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) && \texttt{forget\_gate="sigmoid"} \\
        f_t &= \exp(W_f x_t + R_f h_{t-1} + b_f) && \texttt{forget\_gate="exp"} \\
        g_t &= \tanh(W_g x_t + R_g h_{t-1} + b_g) && \text{candidate} \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) && \text{output gate} \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t && \text{cell state} \\
        n_t &= f_t \odot n_{t-1} + i_t && \text{normaliser} \\
        h_t &= o_t \odot c_t / n_t && \text{hidden state}

    The exponentials would overflow, so ``c`` and ``n`` are kept divided by
    :math:`\exp(m_t)`, with the stabiliser :math:`m_t = \max(\log f_t + m_{t-1}, \log
    i_t)`, and ``trace`` shows the gates that are so scaled; the outputs do not depend
    on it. Where :math:`n_{t-1} = 0`, in each unit for itself, nothing was before and
    :math:`m_t = \log i_t`.

    Source: M. Beck et al., "xLSTM: extended long short-term memory", 2024
    (arXiv:2405.04517).

    Args:
        hidden_size: units in ``h``, ``c``, ``n`` and ``m``.
        forget_gate: which of the two; the exponential one may also amplify.
        forget_bias: added to the forget gate's bias.
        activation: of the candidate; a name or a function.
        num_heads: blocks of the recurrent weight, each on the diagonal.

    Example:
        >>> cell = SLSTMCell(4, num_heads=2)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.full(2, 1e4))  # exp(1e4) is infinite
        >>> carry, gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(carry.h, gates.o * gates.g))  # nothing else to average
        True
    """

    hidden_size: int
    forget_gate: Literal["sigmoid", "exp"] = "sigmoid"
    forget_bias: float | Chrono = 1.0
    use_bias: bool = True
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)
    num_heads: Size = 1

    def __post_init__(self) -> None:
        check_heads(self)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> SLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b, k_f = jax.random.split(key, 4)
        n = self.hidden_size
        w_ih = init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype)
        w_hh = init_recurrent(self.w_hh_init, k_hh, GATES, n, self.num_heads, dtype)
        if not self.use_bias:
            return SLSTMParams(w_ih, w_hh, None)
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        return SLSTMParams(w_ih, w_hh, add_forget_bias(b, self.forget_bias, k_f, GATES))

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> SLSTMCarry:
        """Return zeros: an empty cell state."""
        shape = (*batch_shape, self.hidden_size)
        return SLSTMCarry(*(jnp.zeros(shape, dtype) for _ in SLSTMCarry._fields))

    def gate(
        self,
        params: SLSTMParams,
        carry: SLSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[SLSTMCarry, LSTMGates]:
        """Apply the equations of the sLSTM, scaled by the stabiliser."""
        zi, zf, zg, zo = jnp.unstack(zx + zh, axis=-2)
        begun = carry.n != 0
        kept = FORGET_GATES[self.forget_gate](zf) + carry.m
        m = jnp.where(begun, jnp.maximum(kept, zi), zi)
        i = jnp.exp(zi - m)
        # In a unit that has not begun `kept` means nothing: exp could overflow.
        f = jnp.where(begun, jnp.exp(jnp.where(begun, kept - m, 0.0)), 0.0)
        g, o = resolve(self.activation)(zg), jax.nn.sigmoid(zo)
        c = f * carry.c + i * g
        n = f * carry.n + i
        return SLSTMCarry(o * c / n, c, n, m), LSTMGates(i, f, g, o)
