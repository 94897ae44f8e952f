"""LEM, long expressive memory: each unit has learned time steps of its own."""

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
from jlstm.cell import GatedCell
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Glorot,
    Initializer,
    Orthogonal,
    draw_from,
    init_gates,
)

GATES = ("dc", "dh", "c", "h")


class LEMParams(NamedTuple):
    """Parameters of :class:`LEMCell`.

    The gate axis has the time steps of c and of h and the candidates of c and of h;
    that of ``w_hh`` lacks the last one, which reads c through ``w_ch``.
    """

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 3 h"]
    b: Float[Array, "4 h"] | None
    w_ch: Float[Array, "h h"]

    __repr__ = shapes_repr


class LEMCarry(NamedTuple):
    """Carry of :class:`LEMCell`: the output and the memory."""

    h: Float[Array, "*b h"]
    c: Float[Array, "*b h"]

    __repr__ = shapes_repr


class LEMGates(NamedTuple):
    """Time steps of one step, of the memory and of the output."""

    dc: Float[Array, "*b h"]
    dh: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class LEMCell(GatedCell):
    r"""Long expressive memory: two states that move with learned time steps.

    .. math::
        \delta_t &= \Delta t \, \sigma(W_1 [h_{t-1}, x_t] + b_1)
            && \text{time step of } c \\
        \bar{\delta}_t &= \Delta t \, \sigma(W_2 [h_{t-1}, x_t] + b_2)
            && \text{time step of } h \\
        c_t &= (1 - \delta_t) \odot c_{t-1}
            + \delta_t \odot \tanh(W_c [h_{t-1}, x_t] + b_c) \\
        h_t &= (1 - \bar{\delta}_t) \odot h_{t-1}
            + \bar{\delta}_t \odot \tanh(W_h [c_t, x_t] + b_h)

    The paper calls c and h :math:`z` and :math:`y`: two coupled equations in time, one
    slow and one fast wherever the time steps say so.

    Source: T. K. Rusch et al., "Long expressive memory for sequence modeling", 2022
    (arXiv:2110.04744).

    Args:
        hidden_size: units in ``h`` and in ``c``.
        time_step: :math:`\Delta t`, the longest time step.

    Example:
        >>> cell = LEMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params.w_ih.shape, params.w_hh.shape
        ((2, 4, 3), (3, 3, 3))
    """

    hidden_size: int
    time_step: Positive = 1.0
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    w_ch_init: Initializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> LEMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_ch, k_b = jax.random.split(key, 4)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        return LEMParams(
            w_ih=init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            w_hh=init_gates(self.w_hh_init, k_hh, GATES[:3], (n, n), dtype),
            b=b if self.use_bias else None,
            w_ch=draw_from(self.w_ch_init, k_ch, (n, n), dtype),
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LEMCarry:
        """Return a zero output and a zero memory."""
        shape = (*batch_shape, self.hidden_size)
        return LEMCarry(h=jnp.zeros(shape, dtype), c=jnp.zeros(shape, dtype))

    def project(
        self, params: LEMParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 4 h"]:
        """Map the input to its share of the four pre-activations."""
        return affine(x, params.w_ih, params.b)

    def recur(
        self, params: LEMParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b 3 h"]:
        """Map the previous output to its share of the first three."""
        return affine(h, params.w_hh)

    def gate(
        self,
        params: LEMParams,
        carry: LEMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 3 h"],
    ) -> tuple[LEMCarry, LEMGates]:
        """Move the memory, then the output."""
        gate, candidate = resolve(self.gate_activation), resolve(self.activation)
        z1, z2, zc = jnp.unstack(zx[..., :3, :] + zh, axis=-2)
        dc = self.time_step * gate(z1)
        dh = self.time_step * gate(z2)
        c = (1 - dc) * carry.c + dc * candidate(zc)
        shown = candidate(zx[..., 3, :] + affine(c, params.w_ch))
        h = (1 - dh) * carry.h + dh * shown
        return LEMCarry(h, c), LEMGates(dc, dh)
