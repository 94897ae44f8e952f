"""The cell that a neural architecture search found."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Shape
from jlstm.cell import GatedCell
from jlstm.cells.family import LSTMCarry
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    init_gates,
)

GATES = tuple(f"u{n}" for n in range(8))


class NASParams(NamedTuple):
    """Parameters of :class:`NASCell`; the gate axis holds the eight leaves in order."""

    w_ih: Float[Array, "x 8 h"]
    w_hh: Float[Array, "h 8 h"]
    b: Float[Array, "8 h"] | None

    __repr__ = shapes_repr


class NASGates(NamedTuple):
    """What the eight leaves of the tree were after their activations."""

    u: Float[Array, "*b 8 h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class NASCell(GatedCell):
    r"""The recurrent cell of neural architecture search, a tree of eight leaves.

    With :math:`x_n = W_n x_t` and :math:`m_n = R_n h_{t-1} + b_n` for the leaves
    :math:`n = 0, ..., 7`

    .. math::
        u_n &= \sigma(x_n + m_n) && n = 0, 2, 5, 7 \\
        u_n &= \tanh(x_n + m_n) && n = 4, 6 \\
        u_1 &= \mathrm{relu}(x_1 + m_1) \\
        u_3 &= \mathrm{relu}(x_3 \odot m_3) \\
        c_t &= \tanh(\tanh(u_0 \odot u_1) + c_{t-1}) \odot \tanh(u_2 + u_3) \\
        h_t &= \tanh(c_t \odot \tanh(\tanh(u_4 \odot u_5) + \sigma(u_6 + u_7)))

    It is the cell of TensorFlow (``contrib.rnn.NASCell``, later in TensorFlow Addons),
    where the bias also goes with :math:`h_{t-1}` and is off by default. The activations
    are what the search chose, so they are no options here.

    Source: B. Zoph and Q. V. Le, "Neural architecture search with reinforcement
    learning", 2017 (arXiv:1611.01578).

    Example:
        >>> cell = NASCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params.w_hh.shape, params.b
        ((3, 8, 3), None)
    """

    hidden_size: int
    use_bias: bool = False
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> NASParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b = jax.random.split(key, 3)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        return NASParams(
            w_ih=init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            w_hh=init_gates(self.w_hh_init, k_hh, GATES, (n, n), dtype),
            b=b if self.use_bias else None,
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        shape = (*batch_shape, self.hidden_size)
        return LSTMCarry(h=jnp.zeros(shape, dtype), c=jnp.zeros(shape, dtype))

    def project(
        self, params: NASParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 8 h"]:
        """Map the input to its share of the leaves."""
        return affine(x, params.w_ih)

    def recur(
        self, params: NASParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b 8 h"]:
        """Map the previous output to its share of the leaves, bias included."""
        return affine(h, params.w_hh, params.b)

    def gate(
        self,
        params: NASParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 8 h"],
        zh: Float[Array, "*b 8 h"],
    ) -> tuple[LSTMCarry, NASGates]:
        """Evaluate the tree from its leaves to its root."""
        u = leaves(zx, zh)
        kept = jnp.tanh(jnp.tanh(u[0] * u[1]) + carry.c)
        c = kept * jnp.tanh(u[2] + u[3])
        shown = jnp.tanh(jnp.tanh(u[4] * u[5]) + jax.nn.sigmoid(u[6] + u[7]))
        h = jnp.tanh(c * shown)
        return LSTMCarry(h, c), NASGates(jnp.stack(u, axis=-2))


def leaves(zx: Float[Array, "*b 8 h"], zh: Float[Array, "*b 8 h"]) -> list[Array]:
    """Return the eight leaves; the fourth one multiplies its shares."""
    z = list(jnp.unstack(zx + zh, axis=-2))
    z[3] = zx[..., 3, :] * zh[..., 3, :]
    sigmoid, tanh, relu = jax.nn.sigmoid, jnp.tanh, jax.nn.relu
    chosen = (sigmoid, relu, sigmoid, relu, tanh, sigmoid, tanh, sigmoid)
    return [activation(one) for activation, one in zip(chosen, z, strict=True)]
