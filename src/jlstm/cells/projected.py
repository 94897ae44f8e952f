"""LSTM whose output is a projection of its many units to few: LSTMP."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Shape
from jlstm.cell import AffineCell
from jlstm.cells.family import LSTMCarry, LSTMGates, LSTMOptions
from jlstm.initializers import Initializer, Orthogonal, draw_from


class ProjectedLSTMParams(NamedTuple):
    """Parameters of :class:`ProjectedLSTMCell`; gates in the order i, f, g, o."""

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "p 4 h"]
    b: Float[Array, "4 h"] | None
    w_hr: Float[Array, "h p"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class Sizes:
    """The two sizes of :class:`ProjectedLSTMCell`, its first two fields."""

    hidden_size: int
    proj_size: Size


# Fields of the last base come first.
@dataclass(frozen=True, repr=False)
class ProjectedLSTMCell(AffineCell, LSTMOptions, Sizes):
    r"""LSTM with a recurrent projection layer.

    .. math::
        i_t &= \sigma(W_i [h_{t-1}, x_t] + b_i) && \text{input gate} \\
        f_t &= \sigma(W_f [h_{t-1}, x_t] + b_f) && \text{forget gate} \\
        g_t &= \tanh(W_g [h_{t-1}, x_t] + b_g) && \text{candidate} \\
        o_t &= \sigma(W_o [h_{t-1}, x_t] + b_o) && \text{output gate} \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t && \text{cell state} \\
        h_t &= W_{hr} (o_t \odot \tanh(c_t)) && \text{projected hidden state}

    A large cell state at the price of a small one: the recurrent weight has
    ``proj_size`` rows and the next layer sees ``proj_size`` features. This is
    ``torch.nn.LSTM(proj_size=...)``; the paper's cell also has peepholes and a second
    projection that is not fed back.

    Source: H. Sak, A. Senior and F. Beaufays, "Long short-term memory based recurrent
    neural network architectures for large vocabulary speech recognition", 2014
    (arXiv:1402.1128).

    Args:
        hidden_size: units in ``c``.
        proj_size: units in ``h``.
        w_hr_init: of the projection. The other options are those of
            :class:`~jlstm.LSTMCell`.

    Example:
        >>> cell = ProjectedLSTMCell(hidden_size=8, proj_size=3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h, c), gates = cell.step(params, cell.init_carry(), zx)
        >>> h.shape, c.shape
        ((3,), (8,))
    """

    w_hr_init: Initializer = Orthogonal()

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> ProjectedLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, k_hr = jax.random.split(key)
        w_hr = draw_from(
            self.w_hr_init, k_hr, (self.hidden_size, self.proj_size), dtype
        )
        maps = self.draw(k_maps, input_size, dtype, recurrent_size=self.proj_size)
        return ProjectedLSTMParams(*maps, w_hr)

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        sizes = self.proj_size, self.hidden_size
        return LSTMCarry(*(jnp.zeros((*batch_shape, n), dtype) for n in sizes))

    def gate(
        self,
        params: ProjectedLSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the LSTM and project its output."""
        c, gates = self.write(zx + zh, carry.c)
        h = affine(gates.o * self.activations().output(c), params.w_hr)
        return LSTMCarry(h, c), gates
