"""How many steps a cell remembers, from its gates and from its gradients."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


class MemoryLength(NamedTuple):
    """Steps of memory, of each unit and of all together."""

    units: Float[Array, " h"]
    whole: Float[Array, ""]


@jax.jit
def time_constants(
    forget: Float[Array, "t *b h"], mask: Bool[Array, "t *b"] | None = None
) -> Float[Array, " h"]:
    r"""Return in how many steps each unit forgets down to 1/e, by its forget gates.

    .. math:: \tau = -1 / \overline{\log f}

    What a unit holds is multiplied by :math:`\prod_t f_t`, which is :math:`\exp(T\,
    \overline{\log f})`, so the logarithm is what is averaged. (The average of
    :math:`-1/\log f_t` would be ruled by a single gate near 1.) A gate that is always 1
    never forgets: :math:`\tau` is infinite. One that is 0 at any step has forgotten
    all: it is 0. Where gates are above 1 on average, as exponential ones may be, the
    memory grows and the number is negative. What is remembered by way of ``h`` and the
    weights is not in it; it is in :func:`memory_lengths`.

    Args:
        forget: forget gates of :func:`jlstm.trace`; of a GRU, its ``z``.
        mask: which steps count, such as those within the lengths of padded rows.

    Source: C. Tallec and Y. Ollivier, "Can recurrent neural networks warp time?", 2018
    (arXiv:1804.11188).

    Example:
        >>> gates = jnp.exp(-1 / jnp.array([2.0, 50.0]))
        >>> [f"{steps:.2f}" for steps in time_constants(jnp.tile(gates, (9, 1)))]
        ['2.00', '50.00']
    """
    counted = jnp.ones(forget.shape[:-1], bool) if mask is None else mask
    axes = tuple(range(forget.ndim - 1))
    logs = jnp.log(jnp.where(counted[..., None], forget, 1))
    total = jnp.sum(logs, axis=axes)
    # Of a gate that is always 1 the total is 0, and -0 would make this -infinite.
    return jnp.sum(counted).astype(forget.dtype) / (0 - total)


@jax.jit
def fall_lag(norms: Float[Array, "n *b"]) -> Float[Array, "*b"]:
    """Return the first lag at which each curve has fallen to 1/e of its start.

    Between two lags the curve is taken as exponential, so that of a curve
    ``exp(-lag / tau)`` it is ``tau``. It is infinite where the curve does not fall so
    far, and NaN where its start is zero.

    Args:
        norms: lags first.

    Example:
        >>> fall_lag(jnp.array([4.0, 3.0, 2.0, 1.0])).round(3).item()
        2.443...
    """
    logs = jnp.log(norms) - jnp.log(norms[:1])
    low = logs <= -1
    after = jnp.argmax(low, axis=0)[None]
    last = jnp.take_along_axis(logs, jnp.maximum(after - 1, 0), axis=0)[0]
    first = jnp.take_along_axis(logs, after, axis=0)[0]
    part = (last + 1) / (last - first)
    lag = after[0].astype(norms.dtype) - 1 + part
    lag = jnp.where(jnp.any(low, axis=0), lag, jnp.asarray(math.inf, norms.dtype))
    return jnp.where(norms[0] > 0, lag, jnp.asarray(math.nan, norms.dtype))


def mean_lag(norms: Float[Array, "n *b"]) -> Float[Array, "*b"]:
    """Return the mean lag, each weighted by its norm: the center of each curve.

    Lags beyond those that are given are not in it, so give more than the memory has.
    Of ``r ** lag`` without end it is ``r / (1 - r)``.

    Args:
        norms: lags first.

    Example:
        >>> mean_lag(jnp.array([1.0, 1.0, 2.0])).item()
        1.25
    """
    lags = jnp.arange(len(norms), dtype=norms.dtype)
    weights = lags.reshape(-1, *(1,) * (norms.ndim - 1))
    return jnp.sum(weights * norms, axis=0) / jnp.sum(norms, axis=0)


@partial(jax.jit, static_argnums=1)
def memory_lengths(
    gradients: Float[Array, "n *b h"],
    measure: Callable[[Array], Array] = fall_lag,
) -> MemoryLength:
    """Return for how many lags the gradient by a part of the carry lasts.

    A unit's curve is the root mean square over the rows of the gradient by it; that of
    the whole is the norm over the units as well. Any cell has them, whether it has
    gates or not.

    Args:
        gradients: a leaf of :func:`~jlstm.analysis.gradients.gradients_by_lag`, lags
            first, from the first lag at which it is not zero: ``found.h``, but
            ``found.c[1:]``, as the last cell state is no output.
        measure: :func:`fall_lag` or :func:`mean_lag`.

    Example:
        >>> rates = jnp.exp(-1 / jnp.array([2.0, 10.0]))
        >>> gradients = rates ** jnp.arange(60.0)[:, None]
        >>> found = memory_lengths(gradients)
        >>> [f"{steps:.2f}" for steps in (*found.units, found.whole)]
        ['2.00', '10.00', '6.56']
    """
    rows = tuple(range(1, gradients.ndim - 1))
    squares = jnp.mean(gradients**2, axis=rows)
    whole = jnp.sum(squares, axis=-1)
    return MemoryLength(measure(jnp.sqrt(squares)), measure(jnp.sqrt(whole)))
