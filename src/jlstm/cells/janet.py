"""JANET: an LSTM that is just another network with a forget gate only."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key
from jlstm.activations import Activation, resolve
from jlstm.cell import AffineCell
from jlstm.cells.hidden import HiddenCarry, HiddenCell
from jlstm.initializers import (
    Chrono,
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    add_forget_bias,
    init_gates,
)

GATES = ("f", "g")


class JANETParams(NamedTuple):
    """Parameters of :class:`JANETCell`; the gate axis is in the order f, g."""

    w_ih: Float[Array, "x 2 h"]
    w_hh: Float[Array, "h 2 h"]
    b: Float[Array, "2 h"] | None

    __repr__ = shapes_repr


class JANETGates(NamedTuple):
    """Gates of one step: forget, write (one minus the shifted forget gate), candidate.

    Without the shift by ``beta`` forget and write sum to one.
    """

    f: Float[Array, "*b h"]
    i: Float[Array, "*b h"]
    g: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class JANETCell(AffineCell, HiddenCell):
    r"""LSTM with a forget gate and no other; half the parameters of an LSTM.

    .. math::
        s_t &= W_f [h_{t-1}, x_t] + b_f \\
        g_t &= \tanh(W_g [h_{t-1}, x_t] + b_g) && \text{candidate} \\
        h_t &= \sigma(s_t) \odot h_{t-1} + (1 - \sigma(s_t - \beta)) \odot g_t

    With :math:`\beta > 0` a unit may keep and write more than it forgets. With
    :math:`\beta = 0` this is the UGRNN of J. Collins et al., "Capacity and trainability
    in recurrent neural networks", 2017 (arXiv:1611.09913).

    Source: J. van der Westhuizen and J. Lasenby, "The unreasonable effectiveness of the
    forget gate", 2018 (arXiv:1804.04849).

    Args:
        hidden_size: units in ``h``.
        forget_bias: added to the forget gate's bias; the paper uses
            :class:`~jlstm.initializers.Chrono` with the length of the sequences.
        beta: shift of the gate that writes; 1 in the paper.

    Example:
        >>> cell = JANETCell(3, forget_bias=Chrono(784))
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> bool((params.b[0] > 0).all()), params.b[1].tolist()
        (True, [0.0, 0.0, 0.0])
    """

    hidden_size: int
    forget_bias: float | Chrono = 1.0
    beta: float = 1.0
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> JANETParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b, k_f = jax.random.split(key, 4)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        b = add_forget_bias(b, self.forget_bias, k_f, GATES)
        return JANETParams(
            w_ih=init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            w_hh=init_gates(self.w_hh_init, k_hh, GATES, (n, n), dtype),
            b=b if self.use_bias else None,
        )

    def gate(
        self,
        params: JANETParams,
        carry: HiddenCarry,
        zx: Float[Array, "*b 2 h"],
        zh: Float[Array, "*b 2 h"],
    ) -> tuple[HiddenCarry, JANETGates]:
        """Apply the equations of JANET."""
        s, zg = jnp.unstack(zx + zh, axis=-2)
        gate = resolve(self.gate_activation)
        f = gate(s)
        i = 1 - gate(s - self.beta)
        g = resolve(self.activation)(zg)
        h = f * carry.h + i * g
        return HiddenCarry(h), JANETGates(f, i, g)
