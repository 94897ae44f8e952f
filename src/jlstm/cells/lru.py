"""The linear recurrent unit: a diagonal linear recurrence of complex numbers."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Positive, Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import like
from jlstm._internal.types import DType, Key, Shape, accumulator_dtype
from jlstm.cell import LinearCell
from jlstm.initializers import Glorot, Initializer, draw_from


class LRUParams(NamedTuple):
    """Parameters of :class:`LRUCell`; ``s`` stands for the state in a weight's name.

    The middle axis of ``w_is`` and ``w_sh`` holds real and imaginary part.
    """

    nu: Float[Array, "n"]
    theta: Float[Array, "n"]
    gamma: Float[Array, "n"]
    w_is: Float[Array, "x 2 n"]
    w_sh: Float[Array, "n 2 h"]
    w_ih: Float[Array, "x h"]

    __repr__ = shapes_repr


class LRUCarry(NamedTuple):
    """Carry of :class:`LRUCell`: the output, and the state in two real parts."""

    h: Float[Array, "*b h"]
    re: Float[Array, "*b n"]
    im: Float[Array, "*b n"]

    __repr__ = shapes_repr


class LRUInput(NamedTuple):
    """What the input gives to a step: to the state, and to the output directly."""

    s: Float[Array, "*b 2 n"]
    h: Float[Array, "*b h"]

    __repr__ = shapes_repr


class LRUGates(NamedTuple):
    """What happened in a step: the drive of the state, in two real parts."""

    re: Float[Array, "*b n"]
    im: Float[Array, "*b n"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class LRUCell(LinearCell):
    r"""Linear recurrent unit: a stable diagonal recurrence, and a linear output.

    .. math::
        \lambda &= \exp(-\exp(\nu) + i \exp(\theta)) && |\lambda| < 1 \\
        s_t &= \lambda \odot s_{t-1} + \exp(\gamma) \odot (B x_t)
            && \text{complex state} \\
        h_t &= \mathrm{Re}(C s_t) + D x_t && \text{output}

    :math:`\gamma` starts at :math:`\log \sqrt{1 - |\lambda|^2}`, which gives the state
    the variance of its drive. There is no nonlinearity in the cell: the paper puts
    one between layers, with a residual connection. In the paper :math:`D` is diagonal
    where it is written as code; here it is a matrix, so widths may differ.

    Source: A. Orvieto et al., "Resurrecting recurrent neural networks for long
    sequences", 2023 (arXiv:2303.06349).

    Args:
        hidden_size: features of the output.
        state_size: complex numbers in the state; default: ``hidden_size``.
        r_min: at the start no eigenvalue is smaller than this; near 1 for long memory.
        r_max: at the start no eigenvalue is larger than this.
        max_phase: at the start the phases lie between 0 and this; small for long
            memory.
        w_ih_init: draws :math:`D`.

    Example:
        >>> cell = LRUCell(3, state_size=8, r_min=0.9, r_max=0.99)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> size = jnp.abs(cell.eigenvalues(params))
        >>> bool((0.9 <= size).all() & (size <= 0.99).all())
        True
    """

    hidden_size: int
    state_size: Size | None = None
    r_min: float = 0.0
    r_max: float = 1.0
    max_phase: Positive = 2 * math.pi
    w_ih_init: Initializer = Glorot()

    def __post_init__(self) -> None:
        if not 0 <= self.r_min < self.r_max <= 1:
            raise ValueError(
                f"LRUCell: r_min is {self.r_min!r} and r_max {self.r_max!r}; give "
                "0 <= r_min < r_max <= 1."
            )

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> LRUParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ring, k_is, k_sh, k_ih = jax.random.split(key, 4)
        n, wide = self._state_size(), accumulator_dtype(dtype)
        w_is = jax.random.normal(k_is, (input_size, 2, n), wide)
        w_sh = jax.random.normal(k_sh, (n, 2, self.hidden_size), wide)
        return LRUParams(
            *(leaf.astype(dtype) for leaf in self._draw_ring(k_ring, wide)),
            w_is=(w_is / math.sqrt(2 * input_size)).astype(dtype),
            w_sh=(w_sh / math.sqrt(n)).astype(dtype),
            w_ih=draw_from(self.w_ih_init, k_ih, (input_size, self.hidden_size), dtype),
        )

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> LRUCarry:
        """Return a zero output and a zero state."""
        n = self._state_size()
        sizes = (self.hidden_size, n, n)
        return LRUCarry(*(jnp.zeros((*batch_shape, size), dtype) for size in sizes))

    def project(self, params: LRUParams, x: Float[Array, "*b x"]) -> LRUInput:
        """Map the input by :math:`B` and by :math:`D`."""
        return LRUInput(affine(x, params.w_is), affine(x, params.w_ih))

    def eigenvalues(self, params: LRUParams) -> Complex[Array, "n"]:
        """Return the factors by which the state decays and turns in a step."""
        wide = accumulator_dtype(params.nu.dtype)
        size = jnp.exp(-jnp.exp(params.nu.astype(wide)))
        phase = jnp.exp(params.theta.astype(wide))
        return jax.lax.complex(size * jnp.cos(phase), size * jnp.sin(phase))

    def coefficients(
        self, params: LRUParams, zx: LRUInput
    ) -> tuple[Complex[Array, "*b n"], Complex[Array, "*b n"]]:
        """Return the eigenvalues, for every step alike, and the scaled drive."""
        drive = jax.lax.complex(*self._drive(params, zx))
        decay = like(self.eigenvalues(params), drive)
        return jnp.broadcast_to(decay, drive.shape), drive

    def state(self, carry: LRUCarry) -> Complex[Array, "*b n"]:
        """Join the two parts of the state."""
        return jax.lax.complex(carry.re, carry.im)

    def readout(
        self, params: LRUParams, state: Complex[Array, "*b n"], zx: LRUInput
    ) -> tuple[LRUCarry, LRUGates]:
        """Map the state to the output and split it into its parts."""
        re, im = state.real, state.imag
        seen = affine(re, params.w_sh[:, 0]) - affine(im, params.w_sh[:, 1])
        return LRUCarry(seen + zx.h, re, im), self._drive(params, zx)

    def _drive(self, params: LRUParams, zx: LRUInput) -> LRUGates:
        scale = jnp.exp(like(params.gamma, zx.s[..., 0, :]))
        return LRUGates(scale * zx.s[..., 0, :], scale * zx.s[..., 1, :])

    def _state_size(self) -> int:
        return self.hidden_size if self.state_size is None else self.state_size

    def _draw_ring(self, key: Key, dtype: DType) -> tuple[Array, Array, Array]:
        """Draw nu, theta and gamma: eigenvalues uniform on a ring, by area."""
        k_size, k_phase = jax.random.split(key)
        shape, tiny = (self._state_size(),), 1e-6
        low, high = self.r_min**2, self.r_max**2
        square = jax.random.uniform(k_size, shape, dtype, low, high)
        phase = jax.random.uniform(k_phase, shape, dtype, 0.0, self.max_phase)
        # At 0 and at 1 the logarithms are infinite.
        square, phase = jnp.clip(square, tiny, 1 - tiny), jnp.maximum(phase, tiny)
        nu = jnp.log(-0.5 * jnp.log(square))
        return nu, jnp.log(phase), 0.5 * jnp.log1p(-square)
