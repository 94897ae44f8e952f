"""LSTM and GRU whose pre-activations are normalised at every step."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Positive
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Shape, accumulator_dtype
from jlstm.activations import Activation, resolve
from jlstm.cell import GatedCell
from jlstm.cells.family import LSTMCarry, LSTMFamily, LSTMGates
from jlstm.cells.gru import GATES as GRU_GATES
from jlstm.cells.gru import GRUCarry, GRUGates
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Glorot,
    Initializer,
    Orthogonal,
    draw_from,
    init_gates,
)


class LayerNormLSTMParams(NamedTuple):
    """Parameters of :class:`LayerNormLSTMCell`; gates in the order i, f, g, o."""

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"]
    b: Float[Array, "4 h"] | None
    gain_ih: Float[Array, "4 h"]
    gain_hh: Float[Array, "4 h"]
    gain_c: Float[Array, "h"]
    b_c: Float[Array, "h"] | None

    __repr__ = shapes_repr


class LayerNormGRUParams(NamedTuple):
    """Parameters of :class:`LayerNormGRUCell`; gates in the order r, z, n."""

    w_ih: Float[Array, "x 3 h"]
    w_hh: Float[Array, "h 3 h"]
    b: Float[Array, "3 h"] | None
    b_hn: Float[Array, "h"] | None
    gain_ih: Float[Array, "3 h"]
    gain_hh: Float[Array, "3 h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class LayerNormLSTMCell(LSTMFamily):
    r"""LSTM with layer normalisation of both products and of the cell state.

    .. math::
        (z_i, z_f, z_g, z_o) &= \gamma_x \odot N(W_x x_t)
            + \gamma_h \odot N(W_h h_{t-1}) + b \\
        c_t &= \sigma(z_f) \odot c_{t-1} + \sigma(z_i) \odot \tanh(z_g) \\
        h_t &= \sigma(z_o) \odot \tanh(\gamma_c \odot N(c_t) + b_c)

    :math:`N` takes mean and variance over all four gates at once, over the :math:`4H`
    numbers of one row, as the paper does; some libraries normalise each gate alone or
    the sum of the products. The paper gives a bias to each norm: those of the first two
    are one with :math:`b`. The norm of the input is part of :meth:`project`, that of
    the recurrence of :meth:`recur`, so no way of running the cell leaves them out.

    Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016
    (arXiv:1607.06450), equations 20 to 22.

    Args:
        hidden_size: units in ``h`` and ``c``.
        gain_init: of the three gains.
        epsilon: added to a variance. The other options are those of
            :class:`~jlstm.LSTMCell`.

    Example:
        >>> cell = LayerNormLSTMCell(3, use_bias=False)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.array([1.0, -2.0]))
        >>> abs(round(zx.mean().item(), 4)), round(zx.var().item(), 3)
        (0.0, 1.0)
    """

    gain_init: Initializer = Constant(1.0)
    epsilon: Positive = 1e-5

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> LayerNormLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, *keys = jax.random.split(key, 4)
        n = self.hidden_size
        gains = (
            draw_from(self.gain_init, k, shape, dtype)
            for k, shape in zip(keys, ((4, n), (4, n), (n,)), strict=True)
        )
        b_c = jnp.zeros(n, dtype) if self.use_bias else None
        maps = self.draw(k_maps, input_size, dtype)
        return LayerNormLSTMParams(*maps, *gains, b_c)

    def project(
        self, params: LayerNormLSTMParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 4 h"]:
        """Map the input to its normalised share of the pre-activations."""
        zx = normalize(affine(x, params.w_ih), params.gain_ih, self.epsilon)
        return add_bias(zx, params.b)

    def recur(
        self, params: LayerNormLSTMParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b 4 h"]:
        """Map the previous output to its normalised share."""
        return normalize(affine(h, params.w_hh), params.gain_hh, self.epsilon)

    def gate(
        self,
        params: LayerNormLSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Apply the equations of the LSTM, the cell state normalised where shown."""
        c, gates = self.write(zx + zh, carry.c)
        shown = add_bias(normalize(c, params.gain_c, self.epsilon), params.b_c)
        h = gates.o * self.activations().output(shown)
        return LSTMCarry(h, c), gates


@dataclass(frozen=True, repr=False)
class LayerNormGRUCell(GatedCell):
    r"""GRU with layer normalisation of both products.

    .. math::
        (z_r, z_z) &= \gamma_x \odot N(W_x x_t) + \gamma_h \odot N(W_h h_{t-1}) + b \\
        n_t &= \tanh(\gamma_{xn} \odot N(W_{xn} x_t) + b_n
            + \sigma(z_r) \odot (\gamma_{hn} \odot N(W_{hn} h_{t-1}) + b_{hn})) \\
        h_t &= (1 - \sigma(z_z)) \odot n_t + \sigma(z_z) \odot h_{t-1}

    :math:`N` takes mean and variance over the two gates at once and over the candidate
    alone, as the paper does; its update gate is ``1 - z`` of this one. The reset gate
    acts after the product, as in ``GRUCell(reset="after")``.

    Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016
    (arXiv:1607.06450), supplementary material.

    Example:
        >>> cell = LayerNormGRUCell(3, use_bias=False)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.array([1.0, -2.0]))
        >>> abs(round(zx[2].mean().item(), 4)), round(zx[2].var().item(), 3)
        (0.0, 1.0)
    """

    hidden_size: int
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    w_hh_init: GateInitializer = Orthogonal()
    b_init: GateInitializer = Constant(0.0)
    gain_init: Initializer = Constant(1.0)
    epsilon: Positive = 1e-5

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> LayerNormGRUParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b, k_bh, k_gih, k_ghh = jax.random.split(key, 6)
        n = self.hidden_size
        b = init_gates(self.b_init, k_b, GRU_GATES, (n,), dtype)
        b_h = init_gates(self.b_init, k_bh, GRU_GATES, (n,), dtype)
        return LayerNormGRUParams(
            w_ih=init_gates(self.w_ih_init, k_ih, GRU_GATES, (input_size, n), dtype),
            w_hh=init_gates(self.w_hh_init, k_hh, GRU_GATES, (n, n), dtype),
            b=b if self.use_bias else None,
            b_hn=b_h[2] if self.use_bias else None,
            gain_ih=draw_from(self.gain_init, k_gih, (3, n), dtype),
            gain_hh=draw_from(self.gain_init, k_ghh, (3, n), dtype),
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> GRUCarry:
        """Return a zero hidden state."""
        return GRUCarry(jnp.zeros((*batch_shape, self.hidden_size), dtype))

    def project(
        self, params: LayerNormGRUParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b 3 h"]:
        """Map the input to its normalised share of the pre-activations."""
        return add_bias(self._norm(affine(x, params.w_ih), params.gain_ih), params.b)

    def recur(
        self, params: LayerNormGRUParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b 3 h"]:
        """Map the previous output to its normalised share."""
        return self._norm(affine(h, params.w_hh), params.gain_hh)

    def gate(
        self,
        params: LayerNormGRUParams,
        carry: GRUCarry,
        zx: Float[Array, "*b 3 h"],
        zh: Float[Array, "*b 3 h"],
    ) -> tuple[GRUCarry, GRUGates]:
        """Apply the equations of the GRU."""
        gate, candidate = resolve(self.gate_activation), resolve(self.activation)
        r, z = jnp.unstack(gate(zx[..., :2, :] + zh[..., :2, :]), axis=-2)
        zn = add_bias(zh[..., 2, :], params.b_hn)
        n = candidate(zx[..., 2, :] + r * zn)
        h = (1 - z) * n + z * carry.h
        return GRUCarry(h), GRUGates(r, z, n)

    def _norm(self, z: Array, gain: Array) -> Array:
        parts = (slice(0, 2), slice(2, 3))
        normed = [normalize(z[..., p, :], gain[p], self.epsilon) for p in parts]
        return jnp.concatenate(normed, axis=-2)


def normalize(z: Array, gain: Float[Array, "*gh"], epsilon: float) -> Array:
    """Give ``z`` mean 0 and variance 1 over the axes of ``gain``, then scale by it.

    Computed in float32 or wider, returned in the dtype of ``z``.
    """
    wide = z.astype(accumulator_dtype(z.dtype))
    axes = tuple(range(-gain.ndim, 0))
    centered = wide - jnp.mean(wide, axes, keepdims=True)
    variance = jnp.mean(jnp.square(centered), axes, keepdims=True)
    normed = centered / jnp.sqrt(variance + epsilon)
    return (normed * like(gain, normed)).astype(z.dtype)


def add_bias(z: Array, b: Array | None) -> Array:
    """Return ``z + b``, or ``z`` where there is no bias."""
    return z if b is None else z + like(b, z)
