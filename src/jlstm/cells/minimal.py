"""The minimal GRU and LSTM: gates of the input alone, so that all steps run at once."""

import abc
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Shape
from jlstm.activations import Activation, resolve
from jlstm.cell import LinearCell
from jlstm.cells.hidden import HiddenCarry
from jlstm.initializers import (
    Chrono,
    Constant,
    GateInitializer,
    Glorot,
    add_forget_bias,
    init_gates,
)


class MinGRUParams(NamedTuple):
    """Parameters of :class:`MinGRUCell`; the gate axis is in the order z, n."""

    w_ih: Float[Array, "x 2 h"]
    b: Float[Array, "2 h"] | None

    __repr__ = shapes_repr


class MinLSTMParams(NamedTuple):
    """Parameters of :class:`MinLSTMCell`; the gate axis is in the order i, f, g."""

    w_ih: Float[Array, "x 3 h"]
    b: Float[Array, "3 h"] | None

    __repr__ = shapes_repr


class MinGRUGates(NamedTuple):
    """Gates of one step: update and candidate."""

    z: Float[Array, "*b h"]
    n: Float[Array, "*b h"]

    __repr__ = shapes_repr


class MinLSTMGates(NamedTuple):
    """Gates of one step: input and forget gate, whose sum is one, and candidate."""

    i: Float[Array, "*b h"]
    f: Float[Array, "*b h"]
    g: Float[Array, "*b h"]

    __repr__ = shapes_repr


def positive(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return ``z + 1/2`` where ``z`` is positive, ``sigmoid(z)`` elsewhere.

    The candidate's activation in the version of the paper that computes in log space.
    """
    return jnp.where(z >= 0, z + 0.5, jax.nn.sigmoid(z))


@dataclass(frozen=True, repr=False)
class MinimalCell(LinearCell):
    """Options and carry of the minimal cells.

    Args:
        activation: of the candidate: a name or a function.
    """

    hidden_size: int
    use_bias: bool = True
    activation: Activation = "identity"
    w_ih_init: GateInitializer = Glorot()
    b_init: GateInitializer = Constant(0.0)

    @abc.abstractmethod
    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32): ...

    @final
    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> HiddenCarry:
        """Return a zero hidden state."""
        return HiddenCarry(jnp.zeros((*batch_shape, self.hidden_size), dtype))

    @final
    def project(
        self, params: MinGRUParams | MinLSTMParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b g h"]:
        """Map the input to the pre-activations."""
        return affine(x, params.w_ih, params.b)

    @final
    def state(self, carry: HiddenCarry) -> Float[Array, "*b h"]:
        """Return the hidden state."""
        return carry.h

    @final
    def draw(
        self, key: Key, input_size: int, dtype: DType, gates: tuple[str, ...]
    ) -> tuple[Array, Array | None]:
        """Draw ``w_ih`` and ``b`` with a block for each of ``gates``."""
        k_ih, k_b = jax.random.split(key)
        n = self.hidden_size
        w_ih = init_gates(self.w_ih_init, k_ih, gates, (input_size, n), dtype)
        if not self.use_bias:
            return w_ih, None
        return w_ih, init_gates(self.b_init, k_b, gates, (n,), dtype)


@dataclass(frozen=True, repr=False)
class MinGRUCell(MinimalCell):
    r"""Minimal GRU: no gate reads the past.

    .. math::
        z_t &= \sigma(W_z x_t + b_z) && \text{update gate} \\
        n_t &= \phi(W_n x_t + b_n) && \text{candidate} \\
        h_t &= (1 - z_t) \odot h_{t-1} + z_t \odot n_t

    As in the paper an open update gate writes, where that of :class:`~jlstm.GRUCell`
    keeps. :math:`\phi` is the identity (the paper's Section 3);
    :func:`jlstm.cells.minimal.positive` makes it the version in log space (its
    Appendix B), whose states are positive.

    Source: L. Feng et al., "Were RNNs all we needed?", 2024 (arXiv:2410.01201).

    Example:
        >>> cell = MinGRUCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h,), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(h, gates.z * gates.n))
        True
    """

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> MinGRUParams:
        """Draw parameters for inputs of ``input_size`` features."""
        return MinGRUParams(*self.draw(key, input_size, dtype, ("z", "n")))

    def coefficients(
        self, params: MinGRUParams, zx: Float[Array, "*b 2 h"]
    ) -> tuple[Array, Array]:
        """Return what is kept of the hidden state, and what is added."""
        z, n = self._gates(zx)
        return 1 - z, z * n

    def readout(
        self, params: MinGRUParams, state: Array, zx: Float[Array, "*b 2 h"]
    ) -> tuple[HiddenCarry, MinGRUGates]:
        """Return the state as it is."""
        return HiddenCarry(state), self._gates(zx)

    def _gates(self, zx: Array) -> MinGRUGates:
        zz, zn = jnp.unstack(zx, axis=-2)
        return MinGRUGates(jax.nn.sigmoid(zz), resolve(self.activation)(zn))


@dataclass(frozen=True, repr=False)
class MinLSTMCell(MinimalCell):
    r"""Minimal LSTM: no gate reads the past, and input and forget gate share one.

    .. math::
        \bar\imath_t &= \sigma(W_i x_t + b_i) \qquad
        \bar f_t = \sigma(W_f x_t + b_f) \\
        i_t &= \bar\imath_t / (\bar f_t + \bar\imath_t) && \text{input gate} \\
        f_t &= \bar f_t / (\bar f_t + \bar\imath_t) && \text{forget gate} \\
        g_t &= \phi(W_g x_t + b_g) && \text{candidate} \\
        h_t &= f_t \odot h_{t-1} + i_t \odot g_t

    :math:`\phi` is the identity (the paper's Section 3, with its gates made
    independent of time); :func:`jlstm.cells.minimal.positive` makes it the version in
    log space (its Appendix B), whose states are positive. There is no output gate and
    no separate cell state.

    Source: L. Feng et al., "Were RNNs all we needed?", 2024 (arXiv:2410.01201).

    Args:
        forget_bias: added to the forget gate's bias.

    Example:
        >>> cell = MinLSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h,), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(gates.i + gates.f, 1.0))
        True
    """

    forget_bias: float | Chrono = 1.0

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> MinLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, k_f = jax.random.split(key)
        gates = ("i", "f", "g")
        w_ih, b = self.draw(k_maps, input_size, dtype, gates)
        if b is not None:
            b = add_forget_bias(b, self.forget_bias, k_f, gates)
        return MinLSTMParams(w_ih, b)

    def coefficients(
        self, params: MinLSTMParams, zx: Float[Array, "*b 3 h"]
    ) -> tuple[Array, Array]:
        """Return what is kept of the hidden state, and what is added."""
        i, f, g = self._gates(zx)
        return f, i * g

    def readout(
        self, params: MinLSTMParams, state: Array, zx: Float[Array, "*b 3 h"]
    ) -> tuple[HiddenCarry, MinLSTMGates]:
        """Return the state as it is."""
        return HiddenCarry(state), self._gates(zx)

    def _gates(self, zx: Array) -> MinLSTMGates:
        zi, zf, zg = jnp.unstack(zx, axis=-2)
        # The ratio of two sigmoids would be 0 / 0 where both underflow.
        odds = jax.nn.softplus(-zi) - jax.nn.softplus(-zf)
        i, f = jax.nn.sigmoid(-odds), jax.nn.sigmoid(odds)
        return MinLSTMGates(i, f, resolve(self.activation)(zg))
