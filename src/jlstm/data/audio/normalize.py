"""What is done to features over the time of one utterance; padding is invisible."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jlstm._internal.tree import align, zero_unless
from jlstm.masking import number_steps, steps_within

REACH = 2
"""Frames on each side that a derivative looks at."""


def normalize(
    xs: Float[Array, "t *bx"], lengths: Int[Array, "*b"], floor: float = 1e-3
) -> Float[Array, "t *bx"]:
    """Shift and scale each feature of each row to mean 0 and variance 1 over its steps.

    Args:
        xs: features over time.
        lengths: steps of each row; what follows becomes zeros.
        floor: the least standard deviation to divide by.

    Example:
        >>> normalize(jnp.array([[1.0], [3.0], [9.0]]), jnp.array(2)).tolist()
        [[-1.0], [1.0], [0.0]]
    """
    live = steps_within(lengths, xs.shape[0])
    count = align(jnp.maximum(lengths, 1), xs[0]).astype(xs.dtype)[None]
    mean = jnp.sum(zero_unless(live, xs), axis=0, keepdims=True) / count
    centered = zero_unless(live, xs - mean)
    variance = jnp.sum(jnp.square(centered), axis=0, keepdims=True) / count
    # The root of a constant has no gradient, so the floor is under the root.
    return centered / jnp.sqrt(jnp.maximum(variance, floor**2))


def add_deltas(
    xs: Float[Array, "t *b x"], lengths: Int[Array, "*b"], order: int
) -> Float[Array, "t *b y"]:
    """Put derivatives over time after the features, up to ``order``.

    Example:
        >>> ramp = jnp.arange(7.0)[:, None]
        >>> add_deltas(ramp, jnp.array(7), 1)[:, 1].tolist()
        [0.5, 0.800000011920929, 1.0, 1.0, 1.0, 0.800000011920929, 0.5]
    """
    parts = [xs]
    for _ in range(order):
        parts.append(slope(parts[-1], lengths))
    return jnp.concatenate(parts, axis=-1)


def slope(
    xs: Float[Array, "t *bx"], lengths: Int[Array, "*b"]
) -> Float[Array, "t *bx"]:
    """Return the slope of the line that fits best to a step and two on each side.

    The first and the last step of a row stand for those before and after it. Source:
    S. Young et al., The HTK Book, section 5.9.
    """
    live = steps_within(lengths, xs.shape[0])
    steps = number_steps(live)
    last = jnp.maximum(lengths, 1)[None].astype(steps.dtype) - 1

    def at(offset: int) -> Array:
        index = jnp.clip(steps + offset, 0, last)
        return jnp.take_along_axis(xs, align(index, xs), axis=0)

    rise = sum(k * (at(k) - at(-k)) for k in range(1, REACH + 1))
    return zero_unless(live, rise / (2 * sum(k * k for k in range(1, REACH + 1))))
