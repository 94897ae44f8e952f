"""UR-LSTM: gates that start uniformly spread and can be refined close to 0 and 1."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.repr import shapes_repr
from jlstm._internal.types import DType, Key, accumulator_dtype
from jlstm.cell import AffineCell
from jlstm.cells.family import LSTMCarry, LSTMFamily
from jlstm.initializers import Chrono

GATES = ("f", "r", "g", "o")


class URLSTMParams(NamedTuple):
    """Parameters of :class:`URLSTMCell`; the gate axis is in the order f, r, g, o."""

    w_ih: Float[Array, "x 4 h"]
    w_hh: Float[Array, "h 4 h"]
    b: Float[Array, "4 h"] | None

    __repr__ = shapes_repr


class URLSTMGates(NamedTuple):
    """Gates of one step: forget, refine, effective forget, candidate, output."""

    f: Float[Array, "*b h"]
    r: Float[Array, "*b h"]
    e: Float[Array, "*b h"]
    g: Float[Array, "*b h"]
    o: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class URLSTMCell(AffineCell, LSTMFamily):
    r"""LSTM with uniform gate initialisation and a refine gate (UR).

    .. math::
        f_t &= \sigma(W_f [h_{t-1}, x_t] + b_f) && \text{forget gate} \\
        r_t &= \sigma(W_r [h_{t-1}, x_t] + b_r) && \text{refine gate} \\
        e_t &= r_t \odot (1 - (1 - f_t)^2) + (1 - r_t) \odot f_t^2
            && \text{effective forget gate} \\
        g_t &= \tanh(W_g [h_{t-1}, x_t] + b_g) && \text{candidate} \\
        o_t &= \sigma(W_o [h_{t-1}, x_t] + b_o) && \text{output gate} \\
        c_t &= e_t \odot c_{t-1} + (1 - e_t) \odot g_t && \text{cell state} \\
        h_t &= o_t \odot \tanh(c_t) && \text{hidden state}

    The refine gate moves the forget gate by up to :math:`f (1 - f)` to either side,
    where the sigmoid alone saturates. At the start the forget gates of the units are
    spread evenly: :math:`\sigma(b_f) \sim U(1/H, 1 - 1/H)` and :math:`b_r = -b_f`.

    Source: A. Gu et al., "Improving the gating mechanism of recurrent neural networks",
    2020 (arXiv:1910.09890).

    Args:
        hidden_size: units in ``h`` and ``c``.
        forget_bias: added to the biases of the forget gates where they are spread. The
            other options are those of :class:`~jlstm.LSTMCell`.

    Example:
        >>> cell = URLSTMCell(100)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> f = jax.nn.sigmoid(params.b[0])
        >>> bool(f.min() < 0.1), bool(f.max() > 0.9)
        (True, True)
    """

    forget_bias: float | Chrono = 0.0

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> URLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_maps, k_f = jax.random.split(key)
        w_ih, w_hh, b = self.draw(k_maps, input_size, dtype, GATES)
        if b is None:
            return URLSTMParams(w_ih, w_hh, None)
        return URLSTMParams(w_ih, w_hh, spread(b, k_f))

    def gate(
        self,
        params: URLSTMParams,
        carry: LSTMCarry,
        zx: Float[Array, "*b 4 h"],
        zh: Float[Array, "*b 4 h"],
    ) -> tuple[LSTMCarry, URLSTMGates]:
        """Apply the equations of the UR-LSTM."""
        zf, zr, zg, zo = jnp.unstack(zx + zh, axis=-2)
        gate, candidate, output = self.activations()
        f, r, g, o = gate(zf), gate(zr), candidate(zg), gate(zo)
        e = r * (1 - (1 - f) ** 2) + (1 - r) * f**2
        c = self.clip(e * carry.c + (1 - e) * g)
        h = o * output(c)
        return LSTMCarry(h, c), URLSTMGates(f, r, e, g, o)


def spread(b: Float[Array, "4 h"], key: Key) -> Float[Array, "4 h"]:
    """Spread the forget gates evenly between 0 and 1, the refine gates opposite."""
    wide, size = accumulator_dtype(b.dtype), b.shape[-1]
    # One unit has no room between 1/H and 1 - 1/H: its gate starts half open.
    low = min(1.0 / size, 0.5)
    opened = jax.random.uniform(key, (size,), wide, low, 1.0 - low)
    logit = jnp.log(opened) - jnp.log1p(-opened)
    shifts = jnp.zeros(b.shape, wide).at[:2].set(jnp.stack([logit, -logit]))
    return (b.astype(wide) + shifts).astype(b.dtype)
