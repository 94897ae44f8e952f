"""The GRU for sequences of images: convolutions in place of matrix products."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Shape
from jlstm.activations import Activation, resolve
from jlstm.cells.conv import ConvCell
from jlstm.cells.gru import GATES, GRUCarry, GRUGates
from jlstm.initializers import init_gates


class ConvGRUParams(NamedTuple):
    """Parameters of :class:`ConvGRUCell`; the gate axis is in the order r, z, n.

    The axes of a kernel's positions come first. ``b_hn`` is the bias inside the reset
    product; it exists only for ``reset="after"``.
    """

    w_ih: Float[Array, "*k x 3 h"]
    w_hh: Float[Array, "*k h 3 h"]
    b: Float[Array, "3 h"] | None
    b_hn: Float[Array, "h"] | None

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class ConvGRUCell(ConvCell):
    r"""Convolutional GRU in one, two or three dimensions of space.

    .. math::
        r_t &= \sigma(W_{xr} * x_t + W_{hr} * h_{t-1} + b_r) && \text{reset gate} \\
        z_t &= \sigma(W_{xz} * x_t + W_{hz} * h_{t-1} + b_z) && \text{update gate} \\
        n_t &= \tanh(W_{xn} * x_t + b_n + W_{hn} * (r_t \odot h_{t-1}))
            && \texttt{reset="before"} \\
        n_t &= \tanh(W_{xn} * x_t + b_n + r_t \odot (W_{hn} * h_{t-1} + b_{hn}))
            && \texttt{reset="after"} \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    with :math:`*` the convolution, not flipped; the input is ``(*batch, *input_shape,
    channels)``. ``"before"`` is the paper's, ``"after"`` makes one convolution of the
    state in place of two. The update gate is one minus the paper's, to keep what
    :class:`~jlstm.GRUCell` keeps.

    Source: N. Ballas et al., "Delving deeper into convolutional networks for learning
    video representations", 2016 (arXiv:1511.06432).

    Args:
        reset: where the reset gate acts; the two are different models.
        gate_activation: of the two gates; a name or a function.
        activation: of the candidate.

    The others are those of :class:`~jlstm.cells.conv.ConvCell`.

    Example:
        >>> cell = ConvGRUCell(8, input_shape=(9,), kernel_size=5, padding="VALID")
        >>> params = cell.init(jax.random.key(0), input_size=3)
        >>> zx = cell.project(params, jnp.ones((9, 3)))
        >>> (h,), gates = cell.step(params, cell.init_carry(), zx)
        >>> h.shape, bool(jnp.allclose(h, (1 - gates.z) * gates.n))
        ((5, 8), True)
    """

    reset: Literal["before", "after"] = "before"
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> ConvGRUParams:
        """Draw parameters for inputs of ``input_size`` channels."""
        k_maps, k_b = jax.random.split(key)
        w_ih, w_hh, b = self.draw(k_maps, input_size, dtype, GATES)
        if b is None or self.reset == "before":
            return ConvGRUParams(w_ih, w_hh, b, None)
        b_h = init_gates(self.b_init, k_b, GATES, (self.hidden_size,), dtype)
        return ConvGRUParams(w_ih, w_hh, b, b_h[2])

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> GRUCarry:
        """Return a zero hidden state."""
        return GRUCarry(self.zeros(batch_shape, dtype))

    def project(
        self, params: ConvGRUParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*bs 3 h"]:
        """Convolve the input to its share of the three pre-activations."""
        return self.convolve_input(x, params.w_ih, params.b)

    def recur(
        self, params: ConvGRUParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b g h"]:
        """Convolve the previous output: r, z and, for ``reset="after"``, n."""
        gates = 3 if self.reset == "after" else 2
        return self.convolve_state(h, params.w_hh[..., :gates, :])

    def gate(
        self,
        params: ConvGRUParams,
        carry: GRUCarry,
        zx: Float[Array, "*b 3 h"],
        zh: Float[Array, "*b g h"],
    ) -> tuple[GRUCarry, GRUGates]:
        """Apply the equations of the convolutional GRU."""
        gate = resolve(self.gate_activation)
        r = gate(zx[..., 0, :] + zh[..., 0, :])
        z = gate(zx[..., 1, :] + zh[..., 1, :])
        zn = self._recurrent_candidate(params, carry.h, zh, r)
        n = resolve(self.activation)(zx[..., 2, :] + zn)
        h = (1 - z) * n + z * carry.h
        return GRUCarry(h), GRUGates(r, z, n)

    def _recurrent_candidate(
        self, params: ConvGRUParams, h: Array, zh: Array, r: Array
    ) -> Array:
        if self.reset == "before":
            return self.convolve_state(r * h, params.w_hh[..., 2:, :])[..., 0, :]
        zn = zh[..., 2, :]
        return r * (zn if params.b_hn is None else zn + like(params.b_hn, zn))
