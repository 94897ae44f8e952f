"""Initialisers: frozen, hashable, picklable objects that draw one gate block at a time.

An initialiser is called as ``init(key, shape, dtype)``. A cell draws each gate's block
on its own (:func:`init_gates`), so ``Orthogonal()`` makes every gate orthogonal, and a
tuple of initialisers gives each gate its own. Draws are made in float32 or wider and
then cast, so 16-bit parameters initialise too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.options import Drawn, Limit, Options, Positive
from jlstm._internal.repr import shown
from jlstm._internal.types import DType, Key, Shape, accumulator_dtype


@runtime_checkable
class Initializer(Protocol):
    """Anything hashable that is called as ``init(key, shape, dtype)``."""

    def __call__(self, key: Key, shape: Shape, dtype: DType) -> Array: ...


class Draw(Drawn, Options):
    """An initialiser of the library: its options and its arguments are checked."""

    CHECKED = ("__call__",)


GateInitializer = (
    Initializer
    | Annotated[tuple[Initializer, ...], Limit("one for each gate in a tuple", bool)]
)
"""One initialiser for every gate, or a tuple with one for each."""


@dataclass(frozen=True)
class Constant(Draw):
    """Fill with ``value``."""

    value: float = 0.0

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        return jnp.full(shape, self.value, dtype)


@dataclass(frozen=True)
class Uniform(Draw):
    """Draw from U(-limit, limit); Zaremba et al. (2014) do so for all parameters."""

    limit: Positive

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        wide = accumulator_dtype(dtype)
        draw = jax.random.uniform(key, shape, wide, -self.limit, self.limit)
        return draw.astype(dtype)


@dataclass(frozen=True)
class Between(Draw):
    """Draw from U(low, high), such as the recurrent weights of an IndRNN."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(
                f"Between: low is {self.low} and high {self.high}; give low < high."
            )

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        wide = accumulator_dtype(dtype)
        return jax.random.uniform(key, shape, wide, self.low, self.high).astype(dtype)


@dataclass(frozen=True)
class HiddenUniform(Draw):
    """Draw from U(-1/√H, 1/√H), H the last axis: the default of ``torch.nn.LSTM``."""

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        return Uniform(1.0 / math.sqrt(shape[-1]))(key, shape, dtype)


@dataclass(frozen=True)
class Glorot(Draw):
    """Draw from U(-a, a), a = √(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        _check_matrix(self, shape)
        fan_in, fan_out = shape
        return Uniform(math.sqrt(6.0 / (fan_in + fan_out)))(key, shape, dtype)


@dataclass(frozen=True)
class Orthogonal(Draw):
    """Draw orthonormal rows or columns, times ``gain`` (Saxe et al., 2013)."""

    gain: float = 1.0

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        _check_matrix(self, shape)
        draw = jax.nn.initializers.orthogonal(self.gain)
        return draw(key, shape, accumulator_dtype(dtype)).astype(dtype)


@dataclass(frozen=True)
class Identity(Draw):
    """The identity times ``gain``: recurrent weight of an IRNN (Le et al., 2015)."""

    gain: float = 1.0

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        _check_matrix(self, shape)
        return self.gain * jnp.eye(*shape, dtype=dtype)


ChronoSteps = Annotated[int, Limit("3 or more whole steps", lambda n: n >= 3)]


@dataclass(frozen=True)
class Chrono(Draw):
    """Forget bias log U[1, t_max - 1], input bias minus it (Tallec and Ollivier, 2018).

    Give it as ``forget_bias`` of a cell: units then remember for up to ``t_max`` steps.
    """

    t_max: ChronoSteps

    def __call__(self, key: Key, shape: Shape, dtype: DType = jnp.float32) -> Array:
        wide = accumulator_dtype(dtype)
        spread = jax.random.uniform(key, shape, wide, 1.0, self.t_max - 1.0)
        return jnp.log(spread).astype(dtype)


def _check_matrix(init: Draw, shape: Shape) -> None:
    """Raise ValueError for a shape of more or less than rows and columns."""
    if len(shape) != 2:
        raise ValueError(
            f"{type(init).__name__}: shape is {shape}; give (rows, columns). For "
            f"several gates: init_gates({init!r}, key, gates, (rows, columns), dtype)."
        )


def draw_from(init: Initializer, key: Key, shape: Shape, dtype: DType) -> Array:
    """Draw from any initialiser, and require what was asked for.

    Raises:
        ValueError: it returned no array of that shape, as a function does that makes
            initialisers and is none itself.

    Example:
        >>> draw_from(lambda *_: jnp.eye(2), jax.random.key(0), (3, 2), jnp.float32)
        Traceback (most recent call last):
        ValueError: An initialiser returned f32[2,2] for the shape (3, 2); give one \
that returns an array of the shape in init(key, shape, dtype).
    """
    drawn = init(key, shape, dtype)
    if getattr(drawn, "shape", None) != tuple(shape):
        raise ValueError(
            f"An initialiser returned {shown(drawn)} for the shape {shape}; give one "
            "that returns an array of the shape in init(key, shape, dtype)."
        )
    return drawn


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
    blocks = [
        draw_from(one, k, shape, dtype) for one, k in zip(each, keys, strict=True)
    ]
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
