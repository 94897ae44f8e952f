"""The quasi-recurrent network: convolutions over time, and a pooling that remembers."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import cast, cast_like
from jlstm._internal.types import DType, Key, Shape, accumulator_dtype
from jlstm.activations import Activation, resolve
from jlstm.cell import ParallelCell
from jlstm.cell.parallel import held_before, last_carry, linear_states
from jlstm.cells.family import LSTMGates
from jlstm.initializers import Constant, GateInitializer, Glorot, init_gates

GATES = {"f": ("f", "g"), "fo": ("f", "g", "o"), "ifo": ("i", "f", "g", "o")}
"""The gates of each pooling, in the order of the gate axis."""


class QRNNParams(NamedTuple):
    """Parameters of :class:`QRNNCell`: ``w_ih[:, j]`` reads the input of j steps ago.

    The gate axis is in the order i, f, g, o, without those that the pooling lacks.
    """

    w_ih: Float[Array, "x k g h"]
    b: Float[Array, "g h"] | None

    __repr__ = shapes_repr


class QRNNCarry(NamedTuple):
    """Carry of :class:`QRNNCell`.

    ``window[j]`` is what past inputs add to the pre-activations of the step that comes
    after j others.
    """

    h: Float[Array, "*b h"]
    c: Float[Array, "*b h"]
    window: Float[Array, "*b w g h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class QRNNCell(ParallelCell):
    r"""Quasi-recurrent network: gates see a window of inputs, and never the state.

    .. math::
        f_t &= \sigma(\textstyle\sum_{j<k} W_{fj} x_{t-j} + b_f)
            && \text{forget gate} \\
        g_t &= \tanh(\textstyle\sum_{j<k} W_{gj} x_{t-j} + b_g)
            && \text{candidate} \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t && \text{cell state} \\
        h_t &= o_t \odot c_t && \text{hidden state}

    and the gates :math:`i` and :math:`o` are made like :math:`f`, as far as the pooling
    has them: in ``"fo"`` and ``"f"`` :math:`i_t = 1 - f_t`, in ``"f"`` :math:`o_t = 1`.
    Inputs before the start are zero. They are also before a reset; a step that is
    skipped leaves no place in the window.

    Source: J. Bradbury et al., "Quasi-recurrent neural networks", 2016
    (arXiv:1611.01576).

    Args:
        hidden_size: units in ``h`` and ``c``.
        window: inputs that a gate sees, the present one included.
        pooling: which gates there are.
        gate_activation: of the gates; a name or a function.
        activation: of the candidate.

    Example:
        >>> cell = QRNNCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> (h, c, window), gates = cell.step(params, cell.init_carry(), zx)
        >>> bool(jnp.allclose(h, gates.o * c)), window.shape
        (True, (1, 3, 3))
    """

    hidden_size: int
    window: Size = 2
    pooling: Literal["f", "fo", "ifo"] = "fo"
    use_bias: bool = True
    gate_activation: Activation = "sigmoid"
    activation: Activation = "tanh"
    w_ih_init: GateInitializer = Glorot()
    b_init: GateInitializer = Constant(0.0)

    def init(self, key: Key, input_size: int, dtype: DType = jnp.float32) -> QRNNParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_ih, k_b = jax.random.split(key)
        gates, n = GATES[self.pooling], self.hidden_size
        taps = [
            init_gates(self.w_ih_init, k, gates, (input_size, n), dtype)
            for k in jax.random.split(k_ih, self.window)
        ]
        b = init_gates(self.b_init, k_b, gates, (n,), dtype)
        return QRNNParams(jnp.stack(taps, axis=1), b if self.use_bias else None)

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> QRNNCarry:
        """Return zero states and an empty window."""
        gates, n = len(GATES[self.pooling]), self.hidden_size
        shapes = ((n,), (n,), (self.window - 1, gates, n))
        return QRNNCarry(*(jnp.zeros((*batch_shape, *s), dtype) for s in shapes))

    def project(
        self, params: QRNNParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b k g h"]:
        """Map the input to its share of the pre-activations of this and later steps."""
        if params.b is None:
            return affine(x, params.w_ih)
        later = ((0, self.window - 1), (0, 0), (0, 0))
        return affine(x, params.w_ih, jnp.pad(params.b[None], later))

    def step(
        self,
        params: QRNNParams,
        carry: QRNNCarry,
        zx: Float[Array, "*b k g h"],
        key: Key | None = None,
    ) -> tuple[QRNNCarry, LSTMGates]:
        """Advance one step, computed in float32 or wider."""
        zx, old = (cast(z, accumulator_dtype(zx.dtype)) for z in (zx, carry))
        none_yet = [(0, 0)] * (zx.ndim - 3) + [(0, 1), (0, 0), (0, 0)]
        sums = zx + jnp.pad(old.window, none_yet)
        gates = self._gates(sums[..., 0, :, :])
        c = gates.f * old.c + gates.i * gates.g
        return cast_like(QRNNCarry(gates.o * c, c, sums[..., 1:, :, :]), carry), gates

    def run(
        self,
        params: QRNNParams,
        carry: QRNNCarry,
        fresh: QRNNCarry,
        zxs: Float[Array, "t *b k g h"],
        live: Bool[Array, "t *b"],
        resets: Bool[Array, "t *b"],
    ) -> tuple[QRNNCarry, QRNNCarry]:
        """Fill the windows by shifts over time, pool by a linear recurrence."""
        zxs, old, blank = (
            cast(z, accumulator_dtype(zxs.dtype)) for z in (zxs, carry, fresh)
        )
        sums = [zxs[..., -1, :, :]]
        for j in reversed(range(self.window - 1)):
            first, start = (tree.window[..., j, :, :] for tree in (old, blank))
            past = held_before(sums[0], first, start, live, resets)
            sums.insert(0, zxs[..., j, :, :] + past)
        gates = self._gates(sums[0])
        drive = gates.i * gates.g
        c = linear_states(gates.f, drive, old.c, blank.c, live, resets)
        carries = QRNNCarry(gates.o * c, c, jnp.stack(sums, axis=-3)[..., 1:, :, :])
        carries = cast_like(carries, carry)
        return last_carry(carries, carry, fresh, live, resets), carries

    def _gates(self, z: Float[Array, "*b g h"]) -> LSTMGates:
        parts = dict(zip(GATES[self.pooling], jnp.unstack(z, axis=-2), strict=True))
        gate = resolve(self.gate_activation)
        f = gate(parts["f"])
        i = gate(parts["i"]) if "i" in parts else 1 - f
        o = gate(parts["o"]) if "o" in parts else jnp.ones_like(f)
        return LSTMGates(i, f, resolve(self.activation)(parts["g"]), o)
