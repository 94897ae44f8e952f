"""Putting each window of a series into a frame of its own, and forecasts out of it."""

from typing import Literal, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

Normalization = Literal["none", "last", "revin", "mean_scale"]
_EPSILON = 1e-5


class Frame(NamedTuple):
    """What is subtracted from each column of each window, and what it is divided by.

    Example:
        >>> frame = measure(jnp.array([[[1.0]], [[3.0]]]), "last")
        >>> inner = frame.enter(jnp.array([[[4.0]]]))
        >>> inner.item(), frame.leave(inner).item()
        (1.0, 4.0)
    """

    center: Float[Array, "b c"]
    scale: Float[Array, "b c"]

    def enter(self, values: Float[Array, "*t b c"]) -> Float[Array, "*t b c"]:
        """Return values as they are within the frame."""
        return (values - self._like(self.center, values)) / self._like(
            self.scale, values
        )

    def leave(self, values: Float[Array, "*t b c"]) -> Float[Array, "*t b c"]:
        """Return values from within the frame as they were."""
        return values * self._like(self.scale, values) + self._like(self.center, values)

    def only(self, columns: tuple[int, ...]) -> "Frame":
        """Return the frame of some columns."""
        places = jnp.array(columns)
        return Frame(self.center[:, places], self.scale[:, places])

    def _like(self, own: Array, values: Array) -> Array:
        return own.reshape((1,) * (values.ndim - own.ndim) + own.shape)


def measure(
    xs: Float[Array, "t b c"], how: Normalization, known: tuple[int, ...] = ()
) -> Frame:
    """Return the frame of windows.

    Args:
        xs: the steps to look at.
        how: ``"last"`` subtracts the last step (as NLinear does); ``"revin"`` the mean,
            and divides by the standard deviation (Kim et al., 2022, without its learned
            scale); ``"mean_scale"`` divides by 1 + the mean size (Salinas et al.,
            2020, arXiv:1704.04110, section 3.3); ``"none"`` does nothing.
        known: columns that are left as they are: a flag such as a holiday means the
            same in every window.

    Example:
        >>> xs = jnp.array([[[1.0, 5.0]], [[3.0, 5.0]]])
        >>> measure(xs, "last", known=(1,)).center.tolist()
        [[3.0, 0.0]]
    """
    center, scale = _measured(xs, how)
    if known:
        places = jnp.array(known)
        center, scale = center.at[:, places].set(0), scale.at[:, places].set(1)
    return Frame(center, scale)


def _measured(xs: Float[Array, "t b c"], how: Normalization) -> tuple[Array, Array]:
    zeros, ones = jnp.zeros_like(xs[0]), jnp.ones_like(xs[0])
    if how == "last":
        return (xs[-1], ones)
    if how == "revin":
        return (xs.mean(0), jnp.sqrt(xs.var(0) + _EPSILON))
    if how == "mean_scale":
        return (zeros, 1 + jnp.abs(xs).mean(0))
    return (zeros, ones)
