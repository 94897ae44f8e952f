"""LSTM with peephole connections: the gates see the cell state."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import sigmoid
from jaxtyping import Array, Float

from jlstm._affine import affine
from jlstm._tree import like
from jlstm._types import DType, Key, Shape
from jlstm.cell import GatedCell, check_size
from jlstm.cells.lstm import GATES, F, I, LSTMCarry, LSTMGates
from jlstm.initializers import (
    Chrono,
    Constant,
    GateInitializer,
    Glorot,
    Initializer,
    Orthogonal,
    add_forget_bias,
    init_gates,
)


class PeepholeLSTMParams(NamedTuple):
    """Parameters of :class:`PeepholeLSTMCell`; gates in the order i, f, g, o."""

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"]
    b: Float[Array, "4 h"] | None
    p_i: Float[Array, "h"]
    p_f: Float[Array, "h"]
    p_o: Float[Array, "h"]


@dataclass(frozen=True, repr=False)
class PeepholeLSTMCell(GatedCell):
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

    hidden_size: int
    forget_bias: float | Chrono = 1.0
    use_bias: bool = True
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)
    peephole_init: Initializer = Constant(0.0)

    def __post_init__(self) -> None:
        check_size(self)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> PeepholeLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b, k_f, *k_p = jax.random.split(key, 7)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        return PeepholeLSTMParams(
            init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            init_gates(self.w_hh_init, k_hh, GATES, (n, n), dtype),
            add_forget_bias(b, self.forget_bias, k_f, i=I, f=F)
            if self.use_bias
            else None,
            *(self.peephole_init(k, (n,), dtype) for k in k_p),
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        shape = (*batch_shape, self.hidden_size)
        # Two buffers: a carry with one buffer twice cannot be donated to a jitted step.
        return LSTMCarry(h=jnp.zeros(shape, dtype), c=jnp.zeros(shape, dtype))

    def project(
        self, params: PeepholeLSTMParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 4 h"]:
        """Map the input to its share of the four pre-activations."""
        return affine(x, params.w_ih, params.b)

    def recur(
        self, params: PeepholeLSTMParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b 4 h"]:
        """Map the previous output to its share of the four pre-activations."""
        return affine(h, params.w_hh)

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
        i = sigmoid(zi + p_i * carry.c)
        f = sigmoid(zf + p_f * carry.c)
        g = jnp.tanh(zg)
        c = f * carry.c + i * g
        o = sigmoid(zo + p_o * c)
        h = o * jnp.tanh(c)
        return LSTMCarry(h, c), LSTMGates(i, f, g, o)
