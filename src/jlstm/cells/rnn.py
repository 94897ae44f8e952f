"""The plain recurrent network of Elman (1990), with tanh or relu."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._affine import affine
from jlstm._types import DType, Key, Shape
from jlstm.cell import GatedCell, check_size
from jlstm.initializers import Constant, Glorot, Initializer, Orthogonal

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}


class RNNParams(NamedTuple):
    """Parameters of :class:`RNNCell`."""

    w_ih: Float[Array, "x h"]
    w_hh: Float[Array, "h h"]
    b: Float[Array, "h"] | None


class RNNCarry(NamedTuple):
    """Carry of :class:`RNNCell`."""

    h: Float[Array, "*b h"]


class RNNGates(NamedTuple):
    """What happened in a step of :class:`RNNCell`: the pre-activation."""

    z: Float[Array, "*b h"]


@dataclass(frozen=True, repr=False)
class RNNCell(GatedCell):
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
    activation: Literal["tanh", "relu"] = "tanh"
    use_bias: bool = True
    w_ih_init: Initializer = Glorot()
    w_hh_init: Initializer = Orthogonal()
    b_init: Initializer = Constant(0.0)

    def __post_init__(self) -> None:
        check_size(self)
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"RNNCell: activation is {self.activation!r}; "
                f"choose one of {', '.join(ACTIVATIONS)}."
            )

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> RNNParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_hh, k_b = jax.random.split(key, 3)
        n = self.hidden_size
        return RNNParams(
            w_ih=self.w_ih_init(k_ih, (input_size, n), dtype),
            w_hh=self.w_hh_init(k_hh, (n, n), dtype),
            b=self.b_init(k_b, (n,), dtype) if self.use_bias else None,
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> RNNCarry:
        """Return a zero hidden state."""
        return RNNCarry(jnp.zeros((*batch_shape, self.hidden_size), dtype))

    def project(
        self, params: RNNParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b h"]:
        """Map the input: W_ih x + b."""
        return affine(x, params.w_ih, params.b)

    def recur(self, params: RNNParams, h: Float[Array, "*b h"]) -> Float[Array, "*b h"]:
        """Map the previous output: W_hh h."""
        return affine(h, params.w_hh)

    def gate(
        self,
        params: RNNParams,
        carry: RNNCarry,
        zx: Float[Array, "*b h"],
        zh: Float[Array, "*b h"],
    ) -> tuple[RNNCarry, RNNGates]:
        """Apply the activation."""
        z = zx + zh
        return RNNCarry(ACTIVATIONS[self.activation](z)), RNNGates(z)
