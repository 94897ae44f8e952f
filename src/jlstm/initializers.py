"""Initialisers: frozen, hashable, picklable objects that draw one gate block at a time.

An initialiser is called as ``init(key, shape, dtype)``. A cell draws each gate's block
on its own (:func:`init_gates`), so ``Orthogonal()`` makes every gate orthogonal, and a
tuple of initialisers gives each gate its own. Draws are made in float32 or wider and
then cast, so 16-bit parameters initialise too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._types import DType, Key, Shape, accumulator_dtype


@runtime_checkable
class Initializer(Protocol):
    """Anything hashable that is called as ``init(key, shape, dtype)``."""

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array: ...


GateInitializer = Initializer | tuple[Initializer, ...]
"""One initialiser for every gate, or a tuple with one for each."""


@dataclass(frozen=True)
class Constant:
    """Fill with ``value``."""

    value: float = 0.0

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        return jnp.full(shape, self.value, dtype)


@dataclass(frozen=True)
class Uniform:
    """Draw from U(-limit, limit); Zaremba et al. (2014) do so for all parameters."""

    limit: float

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        wide = accumulator_dtype(dtype)
        draw = jax.random.uniform(key, shape, wide, -self.limit, self.limit)
        return draw.astype(dtype)


@dataclass(frozen=True)
class Between:
    """Draw from U(low, high), such as the recurrent weights of an IndRNN."""

    low: float
    high: float

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        wide = accumulator_dtype(dtype)
        return jax.random.uniform(key, shape, wide, self.low, self.high).astype(dtype)


@dataclass(frozen=True)
class HiddenUniform:
    """Draw from U(-1/√H, 1/√H), H the last axis: the default of ``torch.nn.LSTM``."""

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        return Uniform(1.0 / math.sqrt(shape[-1]))(key, shape, dtype)


@dataclass(frozen=True)
class Glorot:
    """Draw from U(-a, a), a = √(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        fan_in, fan_out = shape
        return Uniform(math.sqrt(6.0 / (fan_in + fan_out)))(key, shape, dtype)


@dataclass(frozen=True)
class Orthogonal:
    """Draw orthonormal rows or columns, times ``gain`` (Saxe et al., 2013)."""

    gain: float = 1.0

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        draw = jax.nn.initializers.orthogonal(self.gain)
        return draw(key, shape, accumulator_dtype(dtype)).astype(dtype)


@dataclass(frozen=True)
class Identity:
    """The identity times ``gain``: recurrent weight of an IRNN (Le et al., 2015)."""

    gain: float = 1.0

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        return self.gain * jnp.eye(*shape, dtype=dtype)


@dataclass(frozen=True)
class Chrono:
    """Forget bias log U[1, t_max - 1], input bias minus it (Tallec and Ollivier, 2018).

    Give it as ``forget_bias`` of a cell: units then remember for up to ``t_max`` steps.
    """

    t_max: int

    def __post_init__(self) -> None:
        if self.t_max < 3:
            raise ValueError(
                f"Chrono(t_max={self.t_max}): t_max must be at least 3 steps."
            )

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array:
        wide = accumulator_dtype(dtype)
        spread = jax.random.uniform(key, shape, wide, 1.0, self.t_max - 1.0)
        return jnp.log(spread).astype(dtype)


def init_gates(
    init: GateInitializer, key: Key, gates: Sequence[str], shape: Shape, dtype: DType
) -> Float[Array, "..."]:
    """Draw one block of ``shape`` a gate, each from its own key; stack them on axis -2.

    Raises:
        ValueError: a tuple of initialisers has not one entry for each gate.

    Example:
        >>> w = init_gates(Orthogonal(), jax.random.key(0), "ifgo", (3, 3), jnp.float32)
        >>> w.shape, bool(jnp.allclose(w[:, 1].T @ w[:, 1], jnp.eye(3), atol=1e-6))
        ((3, 4, 3), True)
    """
    each = init if isinstance(init, tuple) else (init,) * len(gates)
    if len(each) != len(gates):
        raise ValueError(
            f"{len(each)} initialisers came for the {len(gates)} gates "
            f"{', '.join(gates)}. Give one for all, or one for each in this order."
        )
    keys = jax.random.split(key, len(gates))
    blocks = [one(k, shape, dtype) for one, k in zip(each, keys, strict=True)]
    return jnp.stack(blocks, axis=-2)


def init_recurrent(
    init: GateInitializer,
    key: Key,
    gates: Sequence[str],
    hidden_size: int,
    num_heads: int,
    dtype: DType,
) -> Float[Array, "..."]:
    """Draw ``w_hh``: ``(h, gate, h)``, or one ``(d, gate, d)`` for each of k heads.

    Example:
        >>> key, args = jax.random.key(0), ("ifgo", 6, 3, jnp.float32)
        >>> init_recurrent(Orthogonal(), key, *args).shape
        (3, 2, 4, 2)
    """
    if num_heads == 1:
        return init_gates(init, key, gates, (hidden_size, hidden_size), dtype)
    size = hidden_size // num_heads
    keys = jax.random.split(key, num_heads)
    return jnp.stack([init_gates(init, k, gates, (size, size), dtype) for k in keys])


def add_forget_bias(
    b: Float[Array, "g h"],
    forget_bias: float | Chrono,
    key: Key,
    gates: Sequence[str],
) -> Float[Array, "g h"]:
    """Add the forget bias to the row of gate f; :class:`Chrono` also changes i's.

    Example:
        >>> add_forget_bias(jnp.zeros((2, 3)), 1.0, jax.random.key(0), "ifgo"[:2])[1]
        Array([1., 1., 1.], dtype=float32)
    """
    f = list(gates).index("f")
    if not isinstance(forget_bias, Chrono):
        return b.at[f].add(jnp.asarray(forget_bias, b.dtype))
    drawn = forget_bias(key, b.shape[1:], b.dtype)
    b = b.at[f].add(drawn)
    return b.at[list(gates).index("i")].add(-drawn) if "i" in gates else b
