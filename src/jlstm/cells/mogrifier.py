"""LSTM whose input and hidden state gate each other first: the Mogrifier."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.affine import affine, check_features
from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, Shape
from jlstm.cells.family import LSTMCarry, LSTMFamily, LSTMGates
from jlstm.initializers import Glorot, Initializer, draw_from


class LowRank(NamedTuple):
    """Matrices ``left @ right`` of a rank ``k``, one for each round."""

    left: Float[Array, "n d k"]
    right: Float[Array, "n k c"]

    __repr__ = shapes_repr


class MogrifierLSTMParams(NamedTuple):
    """Parameters of :class:`MogrifierLSTMCell`; gates in the order i, f, g, o.

    ``q`` holds the maps from the hidden state to a gate of the input, ``r`` those from
    the input to a gate of the hidden state: one for each of their rounds. ``r`` is None
    if there is one round only.
    """

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"]
    b: Float[Array, "4 h"] | None
    q: Float[Array, "n h x"] | LowRank
    r: Float[Array, "n x h"] | LowRank | None

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class MogrifierLSTMCell(LSTMFamily):
    r"""LSTM that lets input and hidden state modulate each other in rounds.

    With :math:`x^{-1} = x_t` and :math:`h^0 = h_{t-1}`, in rounds
    :math:`n = 1, ..., r`

    .. math::
        x^n &= 2 \sigma(Q^n h^{n-1}) \odot x^{n-2} && \text{for odd } n \\
        h^n &= 2 \sigma(R^n x^{n-1}) \odot h^{n-2} && \text{for even } n

    and then an :class:`~jlstm.LSTMCell` sees the last :math:`x` and :math:`h` in place
    of :math:`x_t` and :math:`h_{t-1}`. The factor 2 makes a gate that knows nothing
    change nothing. No product of the input alone is left to compute outside the loop.

    Source: G. Melis, T. Kočiský and P. Blunsom, "Mogrifier LSTM", 2019
    (arXiv:1909.01792).

    Args:
        hidden_size: units in ``h`` and ``c``.
        rounds: the paper finds 5 or so best; 0 rounds are an LSTM.
        rank: of the matrices Q and R, each a product of two thin ones; None is full.
        q_init: of Q and R, or of their factors.

    Example:
        >>> cell = MogrifierLSTMCell(3, rounds=5, rank=1)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params.q.left.shape, params.r.left.shape
        ((3, 3, 1), (2, 2, 1))
    """

    rounds: Size = 5
    rank: Size | None = None
    q_init: Initializer = Glorot()

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> MogrifierLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, k_q, k_r = jax.random.split(key, 3)
        n = self.hidden_size
        odd, even = (self.rounds + 1) // 2, self.rounds // 2
        return MogrifierLSTMParams(
            *self.draw(k_maps, input_size, dtype),
            q=self._draw_maps(k_q, odd, (n, input_size), dtype),
            r=self._draw_maps(k_r, even, (input_size, n), dtype) if even else None,
        )

    def project(
        self, params: MogrifierLSTMParams, x: Float[Array, "*b x"]
    ) -> Float[Array, "*b x"]:
        """Return the input: the hidden state gates it before it is mapped."""
        check_features(x, params.w_ih.shape[0])
        return x

    def recur(
        self, params: MogrifierLSTMParams, h: Float[Array, "*b h"]
    ) -> Float[Array, "*b x"]:
        """Map the previous output to the gate of the first round."""
        return through(params.q, 0, h)

    def gate(
        self,
        params: MogrifierLSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b x"],
        zh: Float[Array, "*b x"],
    ) -> tuple[LSTMCarry, LSTMGates]:
        """Modulate in rounds, then apply the equations of the LSTM."""
        x, h = self._mogrify(params, zx, carry.h, zh)
        z = affine(x, params.w_ih, params.b) + affine(h, params.w_hh)
        c, gates = self.write(z, carry.c)
        h = gates.o * self.activations().output(c)
        return LSTMCarry(h, c), gates

    def _mogrify(
        self, params: MogrifierLSTMParams, x: Array, h: Array, first: Array
    ) -> tuple[Array, Array]:
        x = 2 * jax.nn.sigmoid(first) * x
        for n in range(1, self.rounds):
            if n % 2:
                h = 2 * jax.nn.sigmoid(through(params.r, n // 2, x)) * h
            else:
                x = 2 * jax.nn.sigmoid(through(params.q, n // 2, h)) * x
        return x, h

    def _draw_maps(
        self, key: Key, count: int, shape: Shape, dtype: DType
    ) -> Array | LowRank:
        rows, columns = shape
        if self.rank is None:
            return self._draw_each(key, count, shape, dtype)
        k_left, k_right = jax.random.split(key)
        return LowRank(
            left=self._draw_each(k_left, count, (rows, self.rank), dtype),
            right=self._draw_each(k_right, count, (self.rank, columns), dtype),
        )

    def _draw_each(self, key: Key, count: int, shape: Shape, dtype: DType) -> Array:
        keys = jax.random.split(key, count)
        return jnp.stack([draw_from(self.q_init, k, shape, dtype) for k in keys])


def through(maps: Array | LowRank, n: int, value: Array) -> Array:
    """Multiply by map ``n``, by its two factors if it has low rank."""
    if isinstance(maps, LowRank):
        return affine(affine(value, maps.left[n]), maps.right[n])
    return affine(value, maps[n])
