"""Long short-term memory: the cell that the library is named after."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key
from jlstm.cell import AffineCell
from jlstm.cells.family import LSTMCarry, LSTMFamily, LSTMGates


class LSTMParams(NamedTuple):
    """Parameters of :class:`LSTMCell`; the gate axis is in the order i, f, g, o.

    With heads ``w_hh`` holds one block for each of them.
    """

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"] | Float[Array, "k d 4 d"]
    b: Float[Array, "4 h"] | None

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class LSTMCell(AffineCell, LSTMFamily):
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
    Computation 9, 1997; the forget gate is from F. A. Gers et al., "Learning to
    forget", 2000.

    Args:
        hidden_size: units in ``h`` and ``c``.
        forget_bias: added to the forget gate's bias; 1 after Jozefowicz et al. (2015),
            or :class:`~jlstm.initializers.Chrono` for a known range of dependencies.
        gate_activation: of the three gates; these options take a name or a function.
        activation: of the candidate.
        output_activation: of the cell state where it is shown.
        cell_clip: hold the cell state within ± this value (Sak et al., 2014, use 50).
        num_heads: blocks of the recurrent weight, each on the diagonal.

    Example:
        >>> import jax
        >>> cell = LSTMCell(hidden_size=3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h, c), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(c, gates.i * gates.g))  # nothing to forget yet
        True
    """

    num_heads: Size = 1

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> LSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        return LSTMParams(*self.draw(key, input_size, dtype))

    def gate(
        self,
        params: LSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the LSTM."""
        zi, zf, zg, zo = jnp.unstack(zx + zh, axis=-2)
        gate, candidate, output = self.activations()
        i = gate(zi)  # input gate: what of the candidate to write
        f = gate(zf)  # forget gate: what of the cell state to keep
        g = candidate(zg)  # candidate: what could be written
        o = gate(zo)  # output gate: what of the cell state to show
        c = self.clip(f * carry.c + i * g)
        h = o * output(c)
        return LSTMCarry(h, c), LSTMGates(i, f, g, o)
