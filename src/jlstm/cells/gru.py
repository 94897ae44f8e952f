"""The gated recurrent unit, its reset gate before or after the recurrent product."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Shape
from jlstm.activations import Activation, resolve
from jlstm.cell import GatedCell, check_heads, recurrent_product
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    init_gates,
    init_recurrent,
)

GATES = ("r", "z", "n")


class GRUParams(NamedTuple):
    """Parameters of :class:`GRUCell`; the gate axis is in the order r, z, n.

    ``b_hn`` is the bias inside the reset product; it exists only for ``reset="after"``.
    """

    w_ih: Float[Array, "x 3 h"]
    w_hh: Float[Array, "h 3 h"] | Float[Array, "k d 3 d"]
    b: Float[Array, "3 h"] | None
    b_hn: Float[Array, "h"] | None

    __repr__ = shapes_repr


class GRUCarry(NamedTuple):
    """Carry of :class:`GRUCell`."""

    h: Float[Array, "*b h"]

    __repr__ = shapes_repr


class GRUGates(NamedTuple):
    """Gates of one step: reset, update, candidate."""

    r: Float[Array, "*b h"]
    z: Float[Array, "*b h"]
    n: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class GRUCell(GatedCell):
    r"""Gated recurrent unit: two gates and no separate cell state.

    .. math::
        r_t &= \sigma(W_r [h_{t-1}, x_t] + b_r) && \text{reset gate} \\
        z_t &= \sigma(W_z [h_{t-1}, x_t] + b_z) && \text{update gate} \\
        n_t &= \tanh(W_{xn} x_t + b_n + r_t \odot (W_{hn} h_{t-1} + b_{hn}))
            && \texttt{reset="after"} \\
        n_t &= \tanh(W_{xn} x_t + b_n + W_{hn} (r_t \odot h_{t-1}))
            && \texttt{reset="before"} \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    The two are different models whose weights do not fit each other: ``"after"``
    (torch, cuDNN) is version 1 of the paper and makes one recurrent product a step;
    ``"before"`` is version 3.

    Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder",
    2014 (arXiv:1406.1078).

    Example:
        >>> cell = GRUCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h,), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(h, (1 - gates.z) * gates.n))
        True
    """

    hidden_size: int
    reset: Literal["after", "before"] = "after"
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)
    num_heads: Size = 1

    def __post_init__(self) -> None:
        check_heads(self)

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> GRUParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b, k_bh = jax.random.split(key, 4)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        b_h = init_gates(self.b_init, k_bh, GATES, (n,), dtype)
        has_b_hn = self.use_bias and self.reset == "after"
        return GRUParams(
            w_ih=init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            w_hh=init_recurrent(self.w_hh_init, k_hh, GATES, n, self.num_heads, dtype),
            b=b if self.use_bias else None,
            b_hn=b_h[2] if has_b_hn else None,
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> GRUCarry:
        """Return a zero hidden state."""
        return GRUCarry(jnp.zeros((*batch_shape, self.hidden_size), dtype))

    def project(
        self, params: GRUParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 3 h"]:
        """Map the input to its share of the three pre-activations."""
        return affine(x, params.w_ih, params.b)

    def recur(
        self, params: GRUParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b g h"]:
        """Map the previous output: r, z and, for ``reset="after"``, n."""
        gates = 3 if self.reset == "after" else 2
        return recurrent_product(self, h, params.w_hh[..., :gates, :])

    def gate(
        self,
        params: GRUParams,
        carry: GRUCarry,
        zx: Float[Array, "*b 3 h"],
        zh: Float[Array, "*b g h"],
    ) -> tuple[GRUCarry, GRUGates]:
        """Apply the equations of the GRU."""
        gate, candidate = resolve(self.gate_activation), resolve(self.activation)
        r = gate(zx[..., 0, :] + zh[..., 0, :])
        z = gate(zx[..., 1, :] + zh[..., 1, :])
        zn = self._recurrent_candidate(params, carry.h, zh, r)
        n = candidate(zx[..., 2, :] + zn)
        h = (1 - z) * n + z * carry.h
        return GRUCarry(h), GRUGates(r, z, n)

    def _recurrent_candidate(
        self, params: GRUParams, h: Array, zh: Array, r: Array
    ) -> Array:
        if self.reset == "before":
            return recurrent_product(self, r * h, params.w_hh[..., 2, :])
        zn = zh[..., 2, :]
        return r * (zn if params.b_hn is None else zn + like(params.b_hn, zn))
