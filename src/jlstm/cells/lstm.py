"""Long short-term memory: the cell that the library is named after."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import sigmoid
from jaxtyping import Array, Float

from jlstm._affine import affine
from jlstm._types import DType, Key, Shape
from jlstm.cell import GatedCell, check_size
from jlstm.initializers import (
    Chrono,
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    add_forget_bias,
    init_gates,
)

GATES = ("i", "f", "g", "o")
I, F, G, O = range(4)  # noqa: E741 - the field's names


class LSTMParams(NamedTuple):
    """Parameters of :class:`LSTMCell`; the gate axis is in the order i, f, g, o."""

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"]
    b: Float[Array, "4 h"] | None


class LSTMCarry(NamedTuple):
    """Carry of :class:`LSTMCell`: the hidden state and the cell state."""

    h: Float[Array, "*b h"]
    c: Float[Array, "*b h"]


class LSTMGates(NamedTuple):
    """Gates of one step: input, forget, candidate, output."""

    i: Float[Array, "*b h"]
    f: Float[Array, "*b h"]
    g: Float[Array, "*b h"]
    o: Float[Array, "*b h"]


@dataclass(frozen=True, repr=False)
class LSTMCell(GatedCell):
    r"""Long short-term memory with a forget gate.

    .. math::
        i_t &= \sigma(W_i [h_{t-1}, x_t] + b_i) && \text{input gate} \\
        f_t &= \sigma(W_f [h_{t-1}, x_t] + b_f) && \text{forget gate} \\
        g_t &= \tanh(W_g [h_{t-1}, x_t] + b_g) && \text{candidate} \\
        o_t &= \sigma(W_o [h_{t-1}, x_t] + b_o) && \text{output gate} \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t && \text{cell state} \\
        h_t &= o_t \odot \tanh(c_t) && \text{hidden state}

    Along the cell state the gradient over a lag is a product of forget gates, not of
    weight matrices, so a gate near 1 carries it over many steps.

    Sources: S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural
    Computation 9,
    1997; the forget gate is from F. A. Gers et al., "Learning to forget", 2000.

    Args:
        hidden_size: units in ``h`` and ``c``.
        forget_bias: added to the forget gate's bias; 1 after Jozefowicz et al. (2015),
            or :class:`~jlstm.initializers.Chrono` for a known range of dependencies.

    Example:
        >>> cell = LSTMCell(hidden_size=3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h, c), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(c, gates.i * gates.g))  # nothing to forget yet
        True
    """

    hidden_size: int
    forget_bias: float | Chrono = 1.0
    use_bias: bool = True
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def __post_init__(self) -> None:
        check_size(self)

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> LSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b, k_f = jax.random.split(key, 4)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        return LSTMParams(
            w_ih=init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            w_hh=init_gates(self.w_hh_init, k_hh, GATES, (n, n), dtype),
            b=add_forget_bias(b, self.forget_bias, k_f, i=I, f=F)
            if self.use_bias
            else None,
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        shape = (*batch_shape, self.hidden_size)
        # Two buffers: a carry with one buffer twice cannot be donated to a jitted step.
        return LSTMCarry(h=jnp.zeros(shape, dtype), c=jnp.zeros(shape, dtype))

    def project(
        self, params: LSTMParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 4 h"]:
        """Map the input to its share of the four pre-activations."""
        return affine(x, params.w_ih, params.b)

    def recur(
        self, params: LSTMParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b 4 h"]:
        """Map the previous output to its share of the four pre-activations."""
        return affine(h, params.w_hh)

    def gate(
        self,
        params: LSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the LSTM."""
        zi, zf, zg, zo = jnp.unstack(zx + zh, axis=-2)
        i = sigmoid(zi)  # input gate: what of the candidate to write
        f = sigmoid(zf)  # forget gate: what of the cell state to keep
        g = jnp.tanh(zg)  # candidate: what could be written
        o = sigmoid(zo)  # output gate: what of the cell state to show
        c = f * carry.c + i * g
        h = o * jnp.tanh(c)
        return LSTMCarry(h, c), LSTMGates(i, f, g, o)
