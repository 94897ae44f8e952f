"""Distributions of one number, as a network gives them: density and draws."""

from typing import NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.types import Key

_LEAST = 1e-3  # of a scale, in units of the frame


@runtime_checkable
class Distribution(Protocol):
    """A distribution of each of some numbers."""

    def nll(self, values: Array) -> Array:
        """Return the nats of values."""

    def draw(self, key: Key) -> Array:
        """Draw one number of each."""


class Gaussian(NamedTuple):
    """Normal distributions.

    Example:
        >>> normal = Gaussian(mean=jnp.zeros(2), std=jnp.ones(2))
        >>> [round(nats, 2) for nats in normal.nll(jnp.array([0.0, 2.0])).tolist()]
        [0.92, 2.92]
    """

    mean: Float[Array, "*b"]
    std: Float[Array, "*b"]

    @classmethod
    def read(cls, z: Float[Array, "*b 2"]) -> "Gaussian":
        """Return the distributions that a linear map has given."""
        return cls(z[..., 0], jax.nn.softplus(z[..., 1]) + _LEAST)

    def nll(self, values: Float[Array, "*b"]) -> Float[Array, "*b"]:
        """Return the nats of values."""
        z = (values - self.mean) / self.std
        return 0.5 * (z**2 + jnp.log(2 * jnp.pi)) + jnp.log(self.std)

    def draw(self, key: Key) -> Float[Array, "*b"]:
        """Draw one number of each."""
        noise = jax.random.normal(key, self.mean.shape, self.mean.dtype)
        return self.mean + self.std * noise


class StudentT(NamedTuple):
    """Student's t distributions, of more than two degrees of freedom."""

    mean: Float[Array, "*b"]
    scale: Float[Array, "*b"]
    freedom: Float[Array, "*b"]

    @classmethod
    def read(cls, z: Float[Array, "*b 3"]) -> "StudentT":
        """Return the distributions that a linear map has given."""
        scale = jax.nn.softplus(z[..., 1]) + _LEAST
        return cls(z[..., 0], scale, 2 + jax.nn.softplus(z[..., 2]))

    def nll(self, values: Float[Array, "*b"]) -> Float[Array, "*b"]:
        """Return the nats of values."""
        z = (values - self.mean) / self.scale
        half = (self.freedom + 1) / 2
        norm = jax.lax.lgamma(half) - jax.lax.lgamma(self.freedom / 2)
        norm -= 0.5 * jnp.log(jnp.pi * self.freedom)
        return half * jnp.log1p(z**2 / self.freedom) + jnp.log(self.scale) - norm

    def draw(self, key: Key) -> Float[Array, "*b"]:
        """Draw one number of each, from two uniform ones.

        Source: Bailey, 1994, "Polar generation of random variates with the
        t-distribution".
        """
        least = jnp.finfo(self.mean.dtype).eps  # what is smaller is drawn as zero
        shape = (2, *self.mean.shape)
        u, v = jax.random.uniform(key, shape, self.mean.dtype, minval=least)
        radius = jnp.sqrt(self.freedom * jnp.expm1(-2 / self.freedom * jnp.log(u)))
        return self.mean + self.scale * radius * jnp.cos(2 * jnp.pi * v)
