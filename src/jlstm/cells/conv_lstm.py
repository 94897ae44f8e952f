"""The LSTM for sequences of images: convolutions in place of matrix products."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Shape
from jlstm.activations import Activation, resolve
from jlstm.cells.conv import ConvCell
from jlstm.cells.family import GATES, LSTMCarry, LSTMGates
from jlstm.initializers import Chrono, Constant, Initializer, add_forget_bias, draw_from


class ConvLSTMParams(NamedTuple):
    """Parameters of :class:`ConvLSTMCell`; the gate axis is in the order i, f, g, o.

    The axes of a kernel's positions come first. Peepholes have a weight for each
    position and channel of the state.
    """

    w_ih: Float[Array, "*k x 4 h"]
    w_hh: Float[Array, "*k h 4 h"]
    b: Float[Array, "4 h"] | None
    p_i: Float[Array, "*s h"] | None
    p_f: Float[Array, "*s h"] | None
    p_o: Float[Array, "*s h"] | None

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class ConvLSTMCell(ConvCell):
    r"""Convolutional LSTM in one, two or three dimensions of space.

    .. math::
        i_t &= \sigma(W_{xi} * x_t + W_{hi} * h_{t-1} + p_i \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_{xf} * x_t + W_{hf} * h_{t-1} + p_f \odot c_{t-1} + b_f) \\
        g_t &= \tanh(W_{xg} * x_t + W_{hg} * h_{t-1} + b_g) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        o_t &= \sigma(W_{xo} * x_t + W_{ho} * h_{t-1} + p_o \odot c_t + b_o) \\
        h_t &= o_t \odot \tanh(c_t)

    with :math:`*` the convolution, not flipped, as in every library; the input is
    ``(*batch, *input_shape, channels)``. The paper has the peepholes, most code (Keras,
    Haiku, Flax) has not: they are an option here.

    Source: X. Shi et al., "Convolutional LSTM network: a machine learning approach for
    precipitation nowcasting", 2015 (arXiv:1506.04214).

    Args:
        forget_bias: added to the forget gate's bias.
        gate_activation: of the three gates; these options take a name or a function.
        activation: of the candidate.
        output_activation: of the cell state where it is shown.
        peepholes: whether the gates read the cell state.

    The others are those of :class:`~jlstm.cells.conv.ConvCell`.

    Example:
        >>> cell = ConvLSTMCell(8, input_shape=(9, 7), strides=2)
        >>> params = cell.init(jax.random.key(0), input_size=3)
        >>> zx = cell.project(params, jnp.ones((5, 9, 7, 3)))
        >>> (h, c), gates = cell.step(params, cell.init_carry((5,)), zx)
        >>> h.shape, params.w_ih.shape
        ((5, 5, 4, 8), (3, 3, 3, 4, 8))
    """

    forget_bias: float | Chrono = 1.0
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    output_activation: Activation = "tanh"
    peepholes: bool = False
    peephole_init: Initializer = Constant(0.0)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> ConvLSTMParams:
        """Draw parameters for inputs of ``input_size`` channels."""
        k_maps, k_f, *k_p = jax.random.split(key, 5)
        w_ih, w_hh, b = self.draw(k_maps, input_size, dtype, GATES)
        if b is not None:
            b = add_forget_bias(b, self.forget_bias, k_f, GATES)
        if not self.peepholes:
            return ConvLSTMParams(w_ih, w_hh, b, None, None, None)
        shape = (*self.state_shape, self.hidden_size)
        peepholes = (draw_from(self.peephole_init, k, shape, dtype) for k in k_p)
        return ConvLSTMParams(w_ih, w_hh, b, *peepholes)

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        return LSTMCarry(self.zeros(batch_shape, dtype), self.zeros(batch_shape, dtype))

    def project(
        self, params: ConvLSTMParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*bs 4 h"]:
        """Convolve the input to its share of the four pre-activations."""
        return self.convolve_input(x, params.w_ih, params.b)

    def recur(
        self, params: ConvLSTMParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b 4 h"]:
        """Convolve the previous output to its share of the four pre-activations."""
        return self.convolve_state(h, params.w_hh)

    def gate(
        self,
        params: ConvLSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the convolutional LSTM."""
        zi, zf, zg, zo = jnp.unstack(zx + zh, axis=-2)
        gate = resolve(self.gate_activation)
        i = gate(zi + _peep(params.p_i, carry.c))
        f = gate(zf + _peep(params.p_f, carry.c))
        g = resolve(self.activation)(zg)
        c = f * carry.c + i * g
        o = gate(zo + _peep(params.p_o, c))
        h = o * resolve(self.output_activation)(c)
        return LSTMCarry(h, c), LSTMGates(i, f, g, o)


def _peep(weight: Array | None, c: Array) -> Array | float:
    return 0.0 if weight is None else like(weight, c) * c
