"""Recurrent highway network: several highway layers within one step of time."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
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


class RHNParams(NamedTuple):
    """Parameters of :class:`RHNCell`; gates in the order g, t and, uncoupled, k."""

    w_ih: Float[Array, "x g h"]
    w_hh: Float[Array, "l h g h"]
    b: Float[Array, "l g h"] | None

    __repr__ = shapes_repr


class RHNGates(NamedTuple):
    """Gates of one step, layer by layer: candidate, transform, carry (keep)."""

    g: Float[Array, "*b l h"]
    t: Float[Array, "*b l h"]
    k: Float[Array, "*b l h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class RHNCell(HiddenCell):
    r"""Recurrent highway network: a step of time that is several layers deep.

    With :math:`s^0 = h_{t-1}`, in layers :math:`l = 1, ..., L`

    .. math::
        g^l &= \tanh([l = 1] \, W_g x_t + R_g^l s^{l-1} + b_g^l)
            && \text{candidate} \\
        t^l &= \sigma([l = 1] \, W_t x_t + R_t^l s^{l-1} + b_t^l)
            && \text{transform gate} \\
        k^l &= 1 - t^l && \text{carry gate, if coupled} \\
        k^l &= \sigma([l = 1] \, W_k x_t + R_k^l s^{l-1} + b_k^l)
            && \text{carry gate, if not} \\
        s^l &= g^l \odot t^l + s^{l-1} \odot k^l

    and :math:`h_t = s^L`. The input enters the first layer only.

    Source: J. G. Zilly et al., "Recurrent highway networks", 2017 (arXiv:1607.03474).

    Args:
        hidden_size: units in ``h``, and in each layer.
        depth: L, the layers of a step; the paper uses up to 10.
        coupled: one minus the transform gate is the carry gate, as in the paper's
            experiments.
        transform_bias: added to the bias of the transform gate and subtracted from that
            of the carry gate: below zero a layer begins by copying.

    Example:
        >>> cell = RHNCell(3, depth=2)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h,), gates = cell.step(params, cell.init_carry(), zx)
        >>> gates.t.shape  # of each layer
        (2, 3)
    """

    hidden_size: int
    depth: Size = 5
    coupled: bool = True
    transform_bias: float = -2.0
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)

    @property
    def gates(self) -> tuple[str, ...]:
        """The blocks of the gate axis."""
        return ("g", "t") if self.coupled else ("g", "t", "k")

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> RHNParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b = jax.random.split(key, 3)
        n, gates = self.hidden_size, self.gates
        layers = [
            init_gates(self.w_hh_init, k, gates, (n, n), dtype)
            for k in jax.random.split(k_hh, self.depth)
        ]
        return RHNParams(
            w_ih=init_gates(self.w_ih_init, k_ih, gates, (input_size, n), dtype),
            w_hh=jnp.stack(layers),
            b=self._draw_bias(k_b, dtype) if self.use_bias else None,
        )

    def project(
        self, params: RHNParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b g h"]:
        """Map the input to its share of the first layer's pre-activations."""
        return affine(x, params.w_ih, self._bias(params, 0))

    def recur(
        self, params: RHNParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b g h"]:
        """Map the previous output to its share of the first layer's."""
        return affine(h, params.w_hh[0])

    def gate(
        self,
        params: RHNParams,
        carry: HiddenCarry,
        zx: Float[Array, "*b g h"],
        zh: Float[Array, "*b g h"],
    ) -> tuple[HiddenCarry, RHNGates]:
        """Apply the highway layers, one on the other."""
        s, z, happened = carry.h, zx + zh, []
        for n in range(self.depth):
            if n > 0:
                z = affine(s, params.w_hh[n], self._bias(params, n))
            gates = self._open(z)
            s = gates.g * gates.t + s * gates.k
            happened.append(gates)
        layers = jax.tree.map(lambda *gate: jnp.stack(gate, axis=-2), *happened)
        return HiddenCarry(s), layers

    def _open(self, z: Array) -> RHNGates:
        gate = resolve(self.gate_activation)
        g = resolve(self.activation)(z[..., 0, :])
        t = gate(z[..., 1, :])
        return RHNGates(g, t, 1 - t if self.coupled else gate(z[..., 2, :]))

    def _bias(self, params: RHNParams, layer: int) -> Array | None:
        return None if params.b is None else params.b[layer]

    def _draw_bias(self, key: Key, dtype: DType) -> Array:
        keys, n = jax.random.split(key, self.depth), self.hidden_size
        b = jnp.stack(
            [init_gates(self.b_init, k, self.gates, (n,), dtype) for k in keys]
        )
        shift = jnp.asarray(self.transform_bias, dtype)
        b = b.at[:, 1].add(shift)
        return b if self.coupled else b.at[:, 2].add(-shift)
