"""The simple recurrent unit, without and with gates that read the state."""

import abc
from dataclasses import dataclass
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import cast, cast_like, like
from jlstm._internal.types import DType, Key, Shape, accumulator_dtype
from jlstm.activations import Activation, resolve
from jlstm.cell import Cell, LinearCell
from jlstm.cells.family import LSTMCarry
from jlstm.initializers import (
    Constant,
    GateInitializer,
    Glorot,
    Initializer,
    draw_from,
    init_gates,
)

GATES = ("f", "r", "g")


class SRUParams(NamedTuple):
    """Parameters of :class:`SRUCell`; the gate axis is in the order f, r, g.

    The candidate g has no bias. ``w_skip`` brings the input to the hidden size; it
    exists only where that is another one.
    """

    w_ih: Float[Array, "x 3 h"]
    b: Float[Array, "2 h"] | None
    w_skip: Float[Array, "x h"] | None

    __repr__ = shapes_repr


class PeepholeSRUParams(NamedTuple):
    """Parameters of :class:`PeepholeSRUCell`: those of the SRU, and two peepholes."""

    w_ih: Float[Array, "x 3 h"]
    b: Float[Array, "2 h"] | None
    w_skip: Float[Array, "x h"] | None
    p_f: Float[Array, "h"]
    p_r: Float[Array, "h"]

    __repr__ = shapes_repr


class SRUInput(NamedTuple):
    """What the input gives to a step: pre-activations, and the highway's value."""

    z: Float[Array, "*b 3 h"]
    skip: Float[Array, "*b h"]

    __repr__ = shapes_repr


class SRUGates(NamedTuple):
    """Gates of one step: forget gate, reset gate (of the highway), candidate."""

    f: Float[Array, "*b h"]
    r: Float[Array, "*b h"]
    g: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class SRUFamily(Cell):
    """Options, carry and drawing that both units share.

    Args:
        hidden_size: units in ``h`` and ``c``.
        highway_scale: the factor α of the input that goes past the cell.
        activation: of the cell state where it is shown; a name or a function.
    """

    hidden_size: int
    highway_scale: float = 1.0
    use_bias: bool = True
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    b_init: GateInitializer = Constant(0.0)
    w_skip_init: Initializer = Glorot()

    @abc.abstractmethod
    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32): ...

    @final
    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LSTMCarry:
        """Return a zero hidden state and a zero cell state."""
        shape = (*batch_shape, self.hidden_size)
        return LSTMCarry(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype))

    @final
    def project(
        self, params: SRUParams | PeepholeSRUParams, x: Float[Array, "*b x"]
    ) -> SRUInput:
        """Map the input to the pre-activations and to the highway."""
        b = None if params.b is None else jnp.pad(params.b, ((0, 1), (0, 0)))
        skip = x if params.w_skip is None else affine(x, params.w_skip)
        return SRUInput(affine(x, params.w_ih, b), self.highway_scale * skip)

    @final
    def draw(
        self, key: Key, input_size: int, dtype: DType
    ) -> tuple[Array, Array | None, Array | None]:
        """Draw ``w_ih``, ``b`` and ``w_skip``."""
        k_ih, k_b, k_skip = jax.random.split(key, 3)
        n = self.hidden_size
        return (
            init_gates(self.w_ih_init, k_ih, GATES, (input_size, n), dtype),
            init_gates(self.b_init, k_b, GATES[:2], (n,), dtype)
            if self.use_bias
            else None,
            draw_from(self.w_skip_init, k_skip, (input_size, n), dtype)
            if input_size != n
            else None,
        )

    @final
    def reveal(self, c: Array, r: Array, skip: Array) -> Array:
        """Return the output: the cell state, or the input past it."""
        return r * resolve(self.activation)(c) + (1 - r) * skip


@dataclass(frozen=True, repr=False)
class SRUCell(LinearCell, SRUFamily):
    r"""Simple recurrent unit: gates of the input alone, and a highway past the cell.

    .. math::
        f_t &= \sigma(W_f x_t + b_f) && \text{forget gate} \\
        r_t &= \sigma(W_r x_t + b_r) && \text{reset gate} \\
        g_t &= W_g x_t && \text{candidate} \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot g_t && \text{cell state} \\
        h_t &= r_t \odot \tanh(c_t) + (1 - r_t) \odot \alpha x_t
            && \text{hidden state}

    This is the first version of the paper; :class:`~jlstm.PeepholeSRUCell` is the last.
    Where the input has not ``hidden_size`` features, a matrix brings it there for the
    highway. The last version starts with :math:`\alpha = \sqrt{1 + 2 \exp(b_r)}`, for
    :math:`b_r` the reset gate's first bias; the first has :math:`\alpha = 1`.

    Source: T. Lei et al., "Training RNNs as fast as CNNs", 2017 (arXiv:1709.02755v1).

    Example:
        >>> cell = SRUCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=3)
        >>> zx = cell.project(params, jnp.ones(3))
        >>> (h, c), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(c, (1 - gates.f) * gates.g))
        True
    """

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> SRUParams:
        """Draw parameters for inputs of ``input_size`` features."""
        return SRUParams(*self.draw(key, input_size, dtype))

    def coefficients(self, params: SRUParams, zx: SRUInput) -> tuple[Array, Array]:
        """Return what is kept of the cell state, and what is added."""
        f, _, g = _gates(zx.z)
        return f, (1 - f) * g

    def state(self, carry: LSTMCarry) -> Float[Array, "*b h"]:
        """Return the cell state."""
        return carry.c

    def readout(
        self, params: SRUParams, state: Float[Array, "*b h"], zx: SRUInput
    ) -> tuple[LSTMCarry, SRUGates]:
        """Show the cell state, or the input."""
        gates = _gates(zx.z)
        return LSTMCarry(self.reveal(state, gates.r, zx.skip), state), gates


@dataclass(frozen=True, repr=False)
class PeepholeSRUCell(SRUFamily):
    r"""Simple recurrent unit whose gates also read the cell state, one weight a unit.

    .. math::
        f_t &= \sigma(W_f x_t + p_f \odot c_{t-1} + b_f) && \text{forget gate} \\
        r_t &= \sigma(W_r x_t + p_r \odot c_{t-1} + b_r) && \text{reset gate} \\
        g_t &= W_g x_t && \text{candidate} \\
        c_t &= f_t \odot c_{t-1} + (1 - f_t) \odot g_t && \text{cell state} \\
        h_t &= r_t \odot c_t + (1 - r_t) \odot \alpha x_t && \text{hidden state}

    This is the last version of the paper; its peepholes make it run step by step. The
    cell state is shown as it is, unless ``activation`` says otherwise. See
    :class:`~jlstm.SRUCell` for the highway and its factor.

    Source: T. Lei et al., "Simple recurrent units for highly parallelizable
    recurrence", EMNLP 2018 (arXiv:1709.02755v5).

    Example:
        >>> cell = PeepholeSRUCell(3, highway_scale=3**0.5)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params.w_skip.shape, params.p_f.shape
        ((2, 3), (3,))
    """

    activation: Activation = "identity"
    peephole_init: Initializer = Constant(0.0)

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> PeepholeSRUParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, *k_p = jax.random.split(key, 3)
        peepholes = (
            draw_from(self.peephole_init, k, (self.hidden_size,), dtype) for k in k_p
        )
        return PeepholeSRUParams(*self.draw(k_maps, input_size, dtype), *peepholes)

    def step(
        self,
        params: PeepholeSRUParams,
        carry: LSTMCarry,
        zx: SRUInput,
        key: Key | None = None,
    ) -> tuple[LSTMCarry, SRUGates]:
        """Advance one step, computed in float32 or wider."""
        (z, skip), old = (
            cast(tree, accumulator_dtype(zx.z.dtype)) for tree in (zx, carry)
        )
        peep = jnp.stack([params.p_f, params.p_r, jnp.zeros_like(params.p_f)])
        gates = _gates(z + like(peep, z) * old.c[..., None, :])
        c = gates.f * old.c + (1 - gates.f) * gates.g
        new = LSTMCarry(self.reveal(c, gates.r, skip), c)
        return cast_like(new, carry), gates


def _gates(z: Float[Array, "*b 3 h"]) -> SRUGates:
    zf, zr, g = jnp.unstack(z, axis=-2)
    return SRUGates(jax.nn.sigmoid(zf), jax.nn.sigmoid(zr), g)
