"""The mLSTM: an LSTM whose cell state is a matrix of keys and values."""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jlstm._internal.affine import affine
from jlstm._internal.options import Size
from jlstm._internal.repr import shapes_repr
from jlstm._internal.tree import cast, cast_like
from jlstm._internal.types import DType, Key, Shape, accumulator_dtype
from jlstm.cell import ParallelCell, check_heads
from jlstm.cell.parallel import last_carry
from jlstm.cells.mlstm_chunks import MatrixMemory, run_chunks
from jlstm.cells.slstm import FORGET_GATES
from jlstm.initializers import (
    Chrono,
    Constant,
    GateInitializer,
    Glorot,
    add_forget_bias,
    init_gates,
)


class MLSTMParams(NamedTuple):
    """Parameters of :class:`MLSTMCell`; the middle axes are q, k; v, o; and i, f."""

    w_qk: Float[Array, "x 2 q"]
    w_vo: Float[Array, "x 2 h"]
    w_if: Float[Array, "x 2 n"]
    b_qk: Float[Array, "2 q"] | None
    b_vo: Float[Array, "2 h"] | None
    b_if: Float[Array, "2 n"] | None

    __repr__ = shapes_repr


class MLSTMInput(NamedTuple):
    """What the input gives to a step, by head: all of it but the memory."""

    q: Float[Array, "*b n k"]
    k: Float[Array, "*b n k"]
    v: Float[Array, "*b n d"]
    o: Float[Array, "*b h"]
    i: Float[Array, "*b n"]
    f: Float[Array, "*b n"]

    __repr__ = shapes_repr


class MLSTMCarry(NamedTuple):
    """Carry of :class:`MLSTMCell`: output, matrix memory, normaliser, stabiliser.

    ``c`` and ``n`` are those of the equations, divided by ``exp(m)``.
    """

    h: Float[Array, "*b h"]
    c: Float[Array, "*b n d k"]
    n: Float[Array, "*b n k"]
    m: Float[Array, "*b n"]

    __repr__ = shapes_repr


class MLSTMGates(NamedTuple):
    """Gates of one step: input and forget gate of each head, and output gate."""

    i: Float[Array, "*b n"]
    f: Float[Array, "*b n"]
    o: Float[Array, "*b h"]

    __repr__ = shapes_repr


@dataclass(frozen=True, repr=False)
class MLSTMCell(ParallelCell):
    r"""LSTM with a matrix for a cell state: it stores values under keys.

    .. math::
        q_t &= W_q x_t + b_q \quad k_t = \tfrac{1}{\sqrt d} W_k x_t + b_k \quad
            v_t = W_v x_t + b_v && \text{query, key, value} \\
        i_t &= \exp(w_i x_t + b_i) && \text{input gate, a number} \\
        f_t &= \sigma(w_f x_t + b_f) \text{ or } \exp(w_f x_t + b_f)
            && \text{forget gate, a number} \\
        o_t &= \sigma(W_o x_t + b_o) && \text{output gate} \\
        C_t &= f_t C_{t-1} + i_t v_t k_t^\top && \text{cell state} \\
        n_t &= f_t n_{t-1} + i_t k_t && \text{normaliser} \\
        h_t &= o_t \odot C_t q_t / \max(|n_t^\top q_t|, 1) && \text{hidden state}

    in each head for itself; :math:`d` is the length of its keys. The exponentials would
    overflow, so :math:`C` and :math:`n` are kept divided by :math:`\exp(m_t)`, with the
    stabiliser :math:`m_t = \max(\log f_t + m_{t-1}, \log i_t)`, and ``trace`` shows the
    gates that are so scaled; the outputs do not depend on it.

    No gate reads the past, so a whole sequence can run at once: in chunks, within which
    all pairs of steps meet as in attention, and between which the memory is handed on.

    Source: M. Beck et al., "xLSTM: extended long short-term memory", 2024
    (arXiv:2405.04517).

    Args:
        hidden_size: units in ``h``; each head has an equal share.
        num_heads: memories.
        key_size: features of all queries together, and of all keys; default:
            ``hidden_size``.
        forget_gate: which of the two; the exponential one may also amplify.
        forget_bias: added to the forget gate's bias.
        chunk_size: steps in a chunk of the parallel backend; changes cost only.
        w_init: draws all weights.
        b_init: draws all biases.

    Example:
        >>> cell = MLSTMCell(4, num_heads=2, key_size=6)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> zx = cell.project(params, jnp.ones(2))
        >>> carry, gates = cell.step(params, cell.init_carry(), zx)
        >>> carry.h.shape, carry.c.shape
        ((4,), (2, 2, 3))
    """

    hidden_size: int
    num_heads: Size = 1
    key_size: Size | None = None
    forget_gate: Literal["sigmoid", "exp"] = "sigmoid"
    forget_bias: float | Chrono = 1.0
    use_bias: bool = True
    chunk_size: Size = 64
    w_init: GateInitializer = Glorot()
    b_init: GateInitializer = Constant(0.0)

    def __post_init__(self) -> None:
        check_heads(self)
        if (self.key_size or 0) % self.num_heads:
            raise ValueError(
                f"MLSTMCell: {self.num_heads} heads cannot share "
                f"key_size={self.key_size}; give a multiple of num_heads."
            )

    def init(
        self, key: Key, input_size: int, dtype: DType = jnp.float32
    ) -> MLSTMParams:
        """Draw parameters for inputs of ``input_size`` features."""
        k_w, k_b, k_f = jax.random.split(key, 3)
        blocks = (("qk", self._key_size()), ("vo", self.hidden_size))
        blocks += (("if", self.num_heads),)
        weights = [
            init_gates(self.w_init, k, names, (input_size, size), dtype)
            for k, (names, size) in zip(jax.random.split(k_w, 3), blocks, strict=True)
        ]
        if not self.use_bias:
            return MLSTMParams(*weights, None, None, None)
        b_qk, b_vo, b_if = (
            init_gates(self.b_init, k, names, (size,), dtype)
            for k, (names, size) in zip(jax.random.split(k_b, 3), blocks, strict=True)
        )
        b_if = add_forget_bias(b_if, self.forget_bias, k_f, "if")
        return MLSTMParams(*weights, b_qk, b_vo, b_if)

    def init_carry(
        self, batch_shape: Shape = (), dtype: DType = jnp.float32
    ) -> MLSTMCarry:
        """Return zeros: an empty memory."""
        heads, width = self.num_heads, self.hidden_size // self.num_heads
        keys = self._key_size() // heads
        shapes = ((self.hidden_size,), (heads, width, keys), (heads, keys), (heads,))
        return MLSTMCarry(*(jnp.zeros((*batch_shape, *s), dtype) for s in shapes))

    def project(self, params: MLSTMParams, x: Float[Array, "*b x"]) -> MLSTMInput:
        """Map the input to query, key, value and the pre-activations of the gates."""
        scale = 1 / math.sqrt(self._key_size() // self.num_heads)
        w_q, w_k = jnp.unstack(params.w_qk, axis=1)
        w_qk = jnp.stack([w_q, scale * w_k], axis=1)
        q, k = jnp.unstack(affine(x, w_qk, params.b_qk), axis=-2)
        v, o = jnp.unstack(affine(x, params.w_vo, params.b_vo), axis=-2)
        i, f = jnp.unstack(affine(x, params.w_if, params.b_if), axis=-2)
        return MLSTMInput(self._by_head(q), self._by_head(k), self._by_head(v), o, i, f)

    def step(
        self,
        params: MLSTMParams,
        carry: MLSTMCarry,
        zx: MLSTMInput,
        key: Key | None = None,
    ) -> tuple[MLSTMCarry, MLSTMGates]:
        """Advance one step, computed in float32 or wider."""
        zx, old = self._widened(zx, carry)
        kept = FORGET_GATES[self.forget_gate](zx.f) + old.m
        m = jnp.maximum(kept, zx.i)
        i, f, o = jnp.exp(zx.i - m), jnp.exp(kept - m), jax.nn.sigmoid(zx.o)
        written = (i[..., None] * zx.v)[..., None] * zx.k[..., None, :]
        c = f[..., None, None] * old.c + written
        n = f[..., None] * old.n + i[..., None] * zx.k
        found = jnp.sum(c * zx.q[..., None, :], axis=-1)
        h = o * read(found, jnp.sum(n * zx.q, axis=-1), m).reshape(o.shape)
        return cast_like(MLSTMCarry(h, c, n, m), carry), MLSTMGates(i, f, o)

    def run(
        self,
        params: MLSTMParams,
        carry: MLSTMCarry,
        fresh: MLSTMCarry,
        zxs: MLSTMInput,
        live: Bool[Array, "t *b"],
        resets: Bool[Array, "t *b"],
    ) -> tuple[MLSTMCarry, MLSTMCarry]:
        """Compute chunk by chunk, all pairs of steps of a chunk at once.

        Of the carries over time only ``h`` is returned: the memories are never made.
        """
        zxs, old, blank = self._widened(zxs, carry, fresh)
        log_f = FORGET_GATES[self.forget_gate](zxs.f)
        inputs = (zxs.q, zxs.k, zxs.v, zxs.i, log_f)
        first, start = MatrixMemory(*old[1:]), MatrixMemory(*blank[1:])
        last, read_out = run_chunks(inputs, first, start, live, resets, self.chunk_size)
        o = jax.nn.sigmoid(zxs.o)
        hs = (o * read(*read_out).reshape(o.shape)).astype(carry.h.dtype)
        h = last_carry(hs, carry.h, fresh.h, live, resets)
        held = cast_like(tuple(last), carry[1:])
        return MLSTMCarry(h, *held), MLSTMCarry(hs, None, None, None)

    def _widened(self, zx: MLSTMInput, *carries: MLSTMCarry) -> list[Any]:
        wide = accumulator_dtype(zx.q.dtype)
        return [cast(tree, wide) for tree in (zx, *carries)]

    def _by_head(self, x: Float[Array, "*b x"]) -> Float[Array, "*b n k"]:
        return x.reshape(*x.shape[:-1], self.num_heads, x.shape[-1] // self.num_heads)

    def _key_size(self) -> int:
        return self.hidden_size if self.key_size is None else self.key_size


def read(
    found: Float[Array, "*b d"], weight: Float[Array, "*b"], m: Float[Array, "*b"]
) -> Float[Array, "*b d"]:
    """Divide what was found by its weight, or by 1; all are divided by ``exp(m)``."""
    # exp(-m) may overflow where m is far below 0. What was found is then next to
    # nothing, and stays it with a smaller divisor, whose square is still finite.
    low = -0.5 * math.log(jnp.finfo(m.dtype).max)
    one = jnp.exp(-jnp.maximum(m, low))
    return found / jnp.maximum(jnp.abs(weight), one)[..., None]
