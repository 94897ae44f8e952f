"""Frames: pieces of a sound that overlap, each seen through a window."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64, Int, Integer


def frame(xs: Float[Array, "n *b"], size: int, hop: int) -> Float[Array, "t *b x"]:
    """Cut frames of ``size`` samples, one every ``hop``; what is left over is dropped.

    Time leads, before and after; the samples of a frame are the last axis.

    Example:
        >>> frame(jnp.arange(7.0), size=3, hop=2).tolist()
        [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
    """
    count = int(count_frames(np.array(xs.shape[:1]), size, hop)[0])
    index = hop * np.arange(count)[:, None] + np.arange(size)
    return jnp.moveaxis(xs[index], 1, -1)


def count_frames(
    samples: Int[Array, "*b"] | Integer[np.ndarray, "*b"], size: int, hop: int
) -> Int[Array, "*b"] | Integer[np.ndarray, "*b"]:
    """Return how many whole frames so many samples hold.

    Example:
        >>> count_frames(np.array([0, 2, 3, 4, 5]), size=3, hop=2).tolist()
        [0, 0, 1, 1, 2]
    """
    # Division rounds down: what is shorter than a frame gives 0 or less.
    return ((samples - size) // hop + 1).clip(0)


def hann(size: int) -> Float64[np.ndarray, " x"]:
    """Return the periodic Hann window, which is what a spectrum wants.

    Example:
        >>> hann(4).round(3).tolist()
        [0.0, 0.5, 1.0, 0.5]
    """
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
