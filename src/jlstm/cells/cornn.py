"""coRNN: a network of driven, damped oscillators."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Positive
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Shape
from jlstm.activations import Activation, resolve
from jlstm.cell import AffineCell
from jlstm.initializers import Constant, Glorot, Initializer, Orthogonal, draw_from


class CoRNNParams(NamedTuple):
    """Parameters of :class:`CoRNNCell`; ``w_vh`` leads from the velocity."""

    w_ih: Float[Array, "x h"]
    w_hh: Float[Array, "h h"]
    b: Float[Array, "h"] | None
    w_vh: Float[Array, "h h"]

    __repr__ = shapes_repr


class CoRNNCarry(NamedTuple):
    """Carry of :class:`CoRNNCell`: position, which is the output, and velocity."""

    h: Float[Array, "*b h"]
    v: Float[Array, "*b h"]

    __repr__ = shapes_repr


class CoRNNGates(NamedTuple):
    """What happened in a step of :class:`CoRNNCell`: the force on each oscillator."""

    force: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class CoRNNCell(AffineCell):
    r"""Coupled oscillatory network: its hidden units are oscillators.

    .. math::
        a_t &= \tanh(W_{ih} x_t + W_{hh} h_{t-1} + W_{vh} v_{t-1} + b)
            && \text{force} \\
        v_t &= v_{t-1} + \Delta t \, (a_t - \gamma h_{t-1} - \epsilon v_{t-1})
            && \text{velocity} \\
        h_t &= h_{t-1} + \Delta t \, v_t && \text{position}

    It is :math:`\ddot{h} = a - \gamma h - \epsilon \dot{h}` in explicit steps. The
    energy of the oscillators bounds the hidden state and its gradient over a lag.

    Source: T. K. Rusch and S. Mishra, "Coupled oscillatory recurrent neural network
    (coRNN)", 2021 (arXiv:2010.00951).

    Args:
        hidden_size: oscillators.
        time_step: :math:`\Delta t`. The paper tunes this and the next two to the task.
        gamma: frequency, or stiffness.
        epsilon: damping.

    Example:
        >>> cell = CoRNNCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h, v), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(v, cell.time_step * gates.force))  # from rest
        True
    """

    hidden_size: int
    time_step: Positive = 0.05
    gamma: float = 1.0
    epsilon: float = 1.0
    activation: Activation = "tanh"
    use_bias: bool = True
    w_ih_init: Initializer = Glorot()
    w_hh_init: Initializer = Orthogonal()
    w_vh_init: Initializer = Orthogonal()
    b_init: Initializer = Constant(0.0)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> CoRNNParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_vh, k_b = jax.random.split(key, 4)
        n = self.hidden_size
        return CoRNNParams(
            w_ih=draw_from(self.w_ih_init, k_ih, (input_size, n), dtype),
            w_hh=draw_from(self.w_hh_init, k_hh, (n, n), dtype),
            b=draw_from(self.b_init, k_b, (n,), dtype) if self.use_bias else None,
            w_vh=draw_from(self.w_vh_init, k_vh, (n, n), dtype),
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> CoRNNCarry:
        """Return oscillators at rest."""
        shape = (*batch_shape, self.hidden_size)
        return CoRNNCarry(h=jnp.zeros(shape, dtype), v=jnp.zeros(shape, dtype))

    def gate(
        self,
        params: CoRNNParams,
        carry: CoRNNCarry,
        zx: Float[Array, "*b h"],
        zh: Float[Array, "*b h"],
    ) -> tuple[CoRNNCarry, CoRNNGates]:
        """Move the oscillators."""
        h, v = carry
        force = resolve(self.activation)(zx + zh + affine(v, params.w_vh))
        v = v + self.time_step * (force - self.gamma * h - self.epsilon * v)
        h = h + self.time_step * v
        return CoRNNCarry(h, v), CoRNNGates(force)
