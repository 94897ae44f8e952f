"""Independently recurrent network: each unit sees its own past alone."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key
from jlstm.activations import Activation, resolve
from jlstm.cells.hidden import HiddenCarry, HiddenCell
from jlstm.cells.rnn import RNNGates
from jlstm.initializers import Between, Constant, Glorot, Initializer, draw_from


class IndRNNParams(NamedTuple):
    """Parameters of :class:`IndRNNCell`; ``w_hh`` is a weight a unit."""

    w_ih: Float[Array, "x h"]
    w_hh: Float[Array, "h"]
    b: Float[Array, "h"] | None

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class IndRNNCell(HiddenCell):
    r"""Plain network whose recurrent weight is a vector, one number per unit.

    .. math:: h_t = \phi(W_{ih} x_t + w_{hh} \odot h_{t-1} + b)

    The gradient of a unit over a lag of :math:`k` steps is a product of :math:`k`
    slopes times :math:`w_{hh}^k`, so with slopes up to 1 :math:`|w_{hh}| \leq
    \gamma^{1/T}` bounds it by :math:`\gamma` for sequences of T steps. Units mix from
    layer to layer: stack it.

    Source: S. Li et al., "Independently recurrent neural network (IndRNN)", 2018
    (arXiv:1803.04831).

    Args:
        hidden_size: units in ``h``.
        activation: of the sum.
        w_hh_init: by default U(0, 1); for a layer that must remember all T steps the
            paper draws close to 1.

    Example:
        >>> cell = IndRNNCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params.w_hh.shape
        (3,)
    """

    hidden_size: int
    activation: Activation = "relu"
    use_bias: bool = True
    w_ih_init: Initializer = Glorot()
    w_hh_init: Initializer = Between(0.0, 1.0)
    b_init: Initializer = Constant(0.0)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> IndRNNParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b = jax.random.split(key, 3)
        n = self.hidden_size
        return IndRNNParams(
            w_ih=draw_from(self.w_ih_init, k_ih, (input_size, n), dtype),
            w_hh=draw_from(self.w_hh_init, k_hh, (n,), dtype),
            b=draw_from(self.b_init, k_b, (n,), dtype) if self.use_bias else None,
        )

    def project(
        self, params: IndRNNParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b h"]:
        """Map the input to its share of the pre-activation."""
        return affine(x, params.w_ih, params.b)

    def recur(
        self, params: IndRNNParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b h"]:
        """Scale the previous output, unit by unit."""
        return like(params.w_hh, h) * h

    def gate(
        self,
        params: IndRNNParams,
        carry: HiddenCarry,
        zx: Float[Array, "*b h"],
        zh: Float[Array, "*b h"],
    ) -> tuple[HiddenCarry, RNNGates]:
        """Apply the activation."""
        z = zx + zh
        return HiddenCarry(resolve(self.activation)(z)), RNNGates(z)
