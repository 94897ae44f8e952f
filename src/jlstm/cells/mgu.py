"""The minimal gated unit: one gate that forgets and resets."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key
from jlstm.activations import Activation, resolve
from jlstm.cells.hidden import HiddenCarry, HiddenCell
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Glorot,
    Orthogonal,
    init_gates,
)

GATES = ("f", "n")


class MGUParams(NamedTuple):
    """Parameters of :class:`MGUCell`; the gate axis is in the order f, n.

    ``b_hn`` is the bias inside the reset product; it exists only for ``reset="after"``.
    """

    w_ih: Float[Array, "x 2 h"]
    w_hh: Float[Array, "h 2 h"]
    b: Float[Array, "2 h"] | None
    b_hn: Float[Array, "h"] | None

    __repr__ = shapes_repr


class MGUGates(NamedTuple):
    """Gates of one step: forget, candidate."""

    f: Float[Array, "*b h"]
    n: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class MGUCell(HiddenCell):
    r"""Minimal gated unit: a GRU with one gate in place of two.

    .. math::
        f_t &= \sigma(W_f [h_{t-1}, x_t] + b_f) && \text{gate} \\
        n_t &= \tanh(W_{xn} x_t + b_n + W_{hn} (f_t \odot h_{t-1}))
            && \texttt{reset="before"} \\
        n_t &= \tanh(W_{xn} x_t + b_n + f_t \odot (W_{hn} h_{t-1} + b_{hn}))
            && \texttt{reset="after"} \\
        n_t &= \tanh(W_{xn} x_t + b_n + W_{hn} h_{t-1}) && \texttt{reset="none"} \\
        h_t &= (1 - f_t) \odot h_{t-1} + f_t \odot n_t && \texttt{update="write"} \\
        h_t &= (1 - f_t) \odot n_t + f_t \odot h_{t-1} && \texttt{update="keep"}

    The paper's unit is ``MGUCell(n)``. Flax has ``reset="after", update="keep"`` and,
    with ``reset_gate=False``, ``reset="none", update="keep"``. They are different
    models: the one gate also resets, so ``1 - f`` cannot take the place of ``f``.

    Source: G.-B. Zhou et al., "Minimal gated unit for recurrent neural networks", 2016
    (arXiv:1603.09420).

    Example:
        >>> cell = MGUCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h,), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(h, gates.f * gates.n))
        True
    """

    hidden_size: int
    reset: Literal["before", "after", "none"] = "before"
    update: Literal["write", "keep"] = "write"
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> MGUParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b, k_bh = jax.random.split(key, 4)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GATES, (n,), dtype)
        b_h = init_gates(self.b_init, k_bh, GATES, (n,), dtype)
        has_b_hn = self.use_bias and self.reset == "after"
        return MGUParams(
            w_ih=init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            w_hh=init_gates(self.w_hh_init, k_hh, GATES, (n, n), dtype),
            b=b if self.use_bias else None,
            b_hn=b_h[1] if has_b_hn else None,
        )

    def project(
        self, params: MGUParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 2 h"]:
        """Map the input to its share of the two pre-activations."""
        return affine(x, params.w_ih, params.b)

    def recur(
        self, params: MGUParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b g h"]:
        """Map the previous output: f and, unless the reset comes before, n."""
        gates = 1 if self.reset == "before" else 2
        return affine(h, params.w_hh[:, :gates])

    def gate(
        self,
        params: MGUParams,
        carry: HiddenCarry,
        zx: Float[Array, "*b 2 h"],
        zh: Float[Array, "*b g h"],
    ) -> tuple[HiddenCarry, MGUGates]:
        """Apply the equations of the minimal gated unit."""
        f = resolve(self.gate_activation)(zx[..., 0, :] + zh[..., 0, :])
        zn = self._recurrent_candidate(params, carry.h, zh, f)
        n = resolve(self.activation)(zx[..., 1, :] + zn)
        write = f if self.update == "write" else 1 - f
        h = write * n + (1 - write) * carry.h
        return HiddenCarry(h), MGUGates(f, n)

    def _recurrent_candidate(
        self, params: MGUParams, h: Array, zh: Array, f: Array
    ) -> Array:
        if self.reset == "before":
            return affine(f * h, params.w_hh[:, 1])
        zn = zh[..., 1, :]
        if self.reset == "none":
            return zn
        return f * (zn if params.b_hn is None else zn + like(params.b_hn, zn))
