"""The plain recurrent network of Elman (1990)."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Shape
from jlstm.activations import Activation, resolve
from jlstm.cell import AffineCell, check_heads
from jlstm.initializers import (
    Constant,
    Glorot,
    Initializer,
    Orthogonal,
    draw_from,
    init_recurrent,
)


class RNNParams(NamedTuple):
    """Parameters of :class:`RNNCell`."""

    w_ih: Float[Array, "x h"]
    w_hh: Float[Array, "h h"] | Float[Array, "k d d"]
    b: Float[Array, "h"] | None

    __repr__ = shapes_repr


class RNNCarry(NamedTuple):
    """Carry of :class:`RNNCell`."""

    h: Float[Array, "*b h"]

    __repr__ = shapes_repr


class RNNGates(NamedTuple):
    """What happened in a step of :class:`RNNCell`: the pre-activation."""

    z: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class RNNCell(AffineCell):
    r"""Elman cell: no gate, one matrix between past and future.

    .. math:: h_t = \phi(W_{ih} x_t + W_{hh} h_{t-1} + b)

    The gradient over a lag of :math:`k` steps is a product of :math:`k` Jacobians
    :math:`\mathrm{diag}(\phi') W_{hh}`: it vanishes or explodes exponentially (Bengio
    et al., 1994), which is why the gated cells exist. ``activation="relu"`` with
    ``w_hh_init=Identity()`` is the IRNN of Le et al. (2015).

    Source: J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990.

    Example:
        >>> cell = RNNCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> carry, gates = cell.step(
        ...     params, cell.init_carry(), cell.project(params, jnp.ones(2))
        ... )
        >>> bool(jnp.allclose(carry.h, jnp.tanh(gates.z)))
        True
    """

    hidden_size: int
    activation: Activation = "tanh"
    use_bias: bool = True
    w_ih_init: Initializer = Glorot()
    w_hh_init: Initializer = Orthogonal()
    b_init: Initializer = Constant(0.0)
    num_heads: Size = 1

    def __post_init__(self) -> None:
        check_heads(self)

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> RNNParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b = jax.random.split(key, 3)
        n = self.hidden_size
        return RNNParams(
            w_ih=draw_from(self.w_ih_init, k_ih, (input_size, n), dtype),
            w_hh=self._draw_recurrent(k_hh, dtype),
            b=draw_from(self.b_init, k_b, (n,), dtype) if self.use_bias else None,
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> RNNCarry:
        """Return a zero hidden state."""
        return RNNCarry(jnp.zeros((*batch_shape, self.hidden_size), dtype))

    def gate(
        self,
        params: RNNParams,
        carry: RNNCarry,
        zx: Float[Array, "*b h"],
        zh: Float[Array, "*b h"],
    ) -> tuple[RNNCarry, RNNGates]:
        """Apply the activation."""
        z = zx + zh
        return RNNCarry(resolve(self.activation)(z)), RNNGates(z)

    def _draw_recurrent(self, key: Key, dtype: DType) -> Array:
        n = self.hidden_size
        if self.num_heads == 1:
            return draw_from(self.w_hh_init, key, (n, n), dtype)
        one = init_recurrent(self.w_hh_init, key, ("h",), n, self.num_heads, dtype)
        return one[..., 0, :]
