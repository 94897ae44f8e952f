"""MinimalRNN: an update gate over embedded inputs, for memory that can be analysed."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, accumulator_dtype
from jlstm.activations import Activation, resolve
from jlstm.cells.hidden import HiddenCarry, HiddenCell
from jlstm.initializers import Constant, Glorot, Initializer, Orthogonal, draw_from


class MinimalRNNParams(NamedTuple):
    """Parameters of :class:`MinimalRNNCell`.

    ``w_ih`` and ``b`` embed the input; ``w_hh``, ``w_zh`` and ``b_u`` make the gate of
    the previous output and of the embedding.
    """

    w_ih: Float[Array, "x h"]
    w_hh: Float[Array, "h h"]
    b: Float[Array, "h"] | None
    w_zh: Float[Array, "h h"]
    b_u: Float[Array, "h"] | None

    __repr__ = shapes_repr


class MinimalRNNGates(NamedTuple):
    """Gates of one step: the update gate (what is kept) and the embedded input.

    This is also what the input alone gives, with the share of ``u`` before its
    activation.
    """

    u: Float[Array, "*b h"]
    z: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class MinimalRNNCell(HiddenCell):
    r"""Network that averages embedded inputs with one gate.

    .. math::
        z_t &= \tanh(W_{ih} x_t + b) && \text{embedded input} \\
        u_t &= \sigma(W_{hh} h_{t-1} + W_{zh} z_t + b_u) && \text{update gate} \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    The hidden state stays in the space of the embedded inputs. Everything but
    :math:`W_{hh} h_{t-1}` is computed for all steps at once.

    Source: M. Chen, "MinimalRNN: toward more interpretable and trainable recurrent
    neural networks", 2017 (arXiv:1711.06788).

    Example:
        >>> cell = MinimalRNNCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h,), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(h, (1 - gates.u) * gates.z))
        True
    """

    hidden_size: int
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: Initializer = Glorot()
    w_hh_init: Initializer = Orthogonal()
    w_zh_init: Initializer = Orthogonal()
    b_init: Initializer = Constant(0.0)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> MinimalRNNParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_zh, k_b, k_u = jax.random.split(key, 5)
        n = self.hidden_size
        return MinimalRNNParams(
            w_ih=draw_from(self.w_ih_init, k_ih, (input_size, n), dtype),
            w_hh=draw_from(self.w_hh_init, k_hh, (n, n), dtype),
            b=draw_from(self.b_init, k_b, (n,), dtype) if self.use_bias else None,
            w_zh=draw_from(self.w_zh_init, k_zh, (n, n), dtype),
            b_u=draw_from(self.b_init, k_u, (n,), dtype) if self.use_bias else None,
        )

    def project(
        self, params: MinimalRNNParams, x: Float[Array, "*b x"]
    ) -> MinimalRNNGates:
        """Embed the input and map it to its share of the gate."""
        z = affine(x, params.w_ih, params.b).astype(accumulator_dtype(x.dtype))
        z = resolve(self.activation)(z).astype(x.dtype)
        return MinimalRNNGates(u=affine(z, params.w_zh, params.b_u), z=z)

    def recur(
        self, params: MinimalRNNParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b h"]:
        """Map the previous output to its share of the gate."""
        return affine(h, params.w_hh)

    def gate(
        self,
        params: MinimalRNNParams,
        carry: HiddenCarry,
        zx: MinimalRNNGates,
        zh: Float[Array, "*b h"],
    ) -> tuple[HiddenCarry, MinimalRNNGates]:
        """Average the past and the embedded input."""
        u = resolve(self.gate_activation)(zx.u + zh)
        h = u * carry.h + (1 - u) * zx.z
        return HiddenCarry(h), MinimalRNNGates(u, zx.z)
