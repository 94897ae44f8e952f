"""Activations: a name, a frozen object with its numbers, or any hashable function.

A cell takes each of these: ``activation="tanh"``, ``activation=LeakyReLU(0.1)``,
``activation=jax.nn.silu``. The names are plain functions or objects with the numbers
that the ONNX operators use by default, so a cell stays comparable and picklable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._internal.options import Options, Positive

Name = Literal[
    "tanh",
    "sigmoid",
    "relu",
    "identity",
    "hard_sigmoid",
    "hard_tanh",
    "softsign",
    "softplus",
    "elu",
    "silu",
    "gelu",
]
Activation: TypeAlias = Name | Callable[[Array], Array]
"""A name of :data:`NAMES`, or a hashable function from an array to an array."""


@dataclass(frozen=True)
class LeakyReLU(Options):
    """``z`` where it is positive, ``alpha * z`` elsewhere."""

    alpha: float = 0.01

    def __call__(self, z: Array) -> Array:
        return jnp.where(z >= 0, z, self.alpha * z)


@dataclass(frozen=True)
class ThresholdedReLU(Options):
    """``z`` where it is at least ``alpha``, zero elsewhere."""

    alpha: float = 1.0

    def __call__(self, z: Array) -> Array:
        return jnp.where(z >= self.alpha, z, jnp.zeros_like(z))


@dataclass(frozen=True)
class ELU(Options):
    """``z`` where it is positive, ``alpha * (exp(z) - 1)`` elsewhere."""

    alpha: float = 1.0

    def __call__(self, z: Array) -> Array:
        # The other branch's exp would overflow, and its gradient with it.
        below = jnp.expm1(jnp.minimum(z, 0.0))
        return jnp.where(z >= 0, z, self.alpha * below)


@dataclass(frozen=True)
class ScaledTanh(Options):
    """``alpha * tanh(beta * z)``."""

    alpha: float = 1.7159
    beta: float = 2.0 / 3.0

    def __call__(self, z: Array) -> Array:
        return self.alpha * jnp.tanh(self.beta * z)


@dataclass(frozen=True)
class HardSigmoid(Options):
    """``alpha * z + beta``, held between 0 and 1."""

    alpha: float = 0.2
    beta: float = 0.5

    def __call__(self, z: Array) -> Array:
        return jnp.clip(self.alpha * z + self.beta, 0.0, 1.0)


@dataclass(frozen=True)
class Affine(Options):
    """``alpha * z + beta``."""

    alpha: float = 1.0
    beta: float = 0.0

    def __call__(self, z: Array) -> Array:
        return self.alpha * z + self.beta


@dataclass(frozen=True)
class Clipped(Options):
    """Another activation of ``z`` held between ``-limit`` and ``limit``.

    Example:
        >>> Clipped("relu", 2.0)(jnp.array([-5.0, 1.0, 5.0])).tolist()
        [0.0, 1.0, 2.0]
    """

    activation: Activation
    limit: Positive

    def __call__(self, z: Array) -> Array:
        return resolve(self.activation)(jnp.clip(z, -self.limit, self.limit))


def identity(z: Array) -> Array:
    """Return ``z``."""
    return z


NAMES: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "identity": identity,
    "hard_sigmoid": HardSigmoid(),
    "hard_tanh": jax.nn.hard_tanh,
    "softsign": jax.nn.soft_sign,
    "softplus": jax.nn.softplus,
    "elu": ELU(),
    "silu": jax.nn.silu,
    "gelu": jax.nn.gelu,
}
"""What each name stands for."""


def resolve(activation: Activation) -> Callable[[Array], Array]:
    """Return the function that a name stands for; a function is returned as it is.

    Example:
        >>> resolve("relu")(jnp.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    return NAMES[activation] if isinstance(activation, str) else activation
