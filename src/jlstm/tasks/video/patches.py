"""Frames as smaller images whose channels are the pixels of a patch, and back.

A convolution over patches sees further for the same cost (Shi et al., 2015).
"""

from jaxtyping import Array, Float


def to_patches(
    frames: Float[Array, "*b h w"], side: int
) -> Float[Array, "*b rows columns channels"]:
    """Fold patches of ``side`` rows and columns, which divide the frame, into channels.

    Example:
        >>> import jax.numpy as jnp
        >>> to_patches(jnp.arange(8.0).reshape(2, 4), 2).tolist()
        [[[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]]
    """
    *batch, height, width = frames.shape
    cut = frames.reshape(*batch, height // side, side, width // side, side)
    return cut.swapaxes(-3, -2).reshape(*batch, height // side, width // side, -1)


def from_patches(
    patches: Float[Array, "*b rows columns channels"], side: int
) -> Float[Array, "*b h w"]:
    """Undo :func:`to_patches`.

    Example:
        >>> import jax.numpy as jnp
        >>> frames = jnp.arange(32.0).reshape(2, 4, 4)
        >>> bool((from_patches(to_patches(frames, 2), 2) == frames).all())
        True
    """
    *batch, rows, columns, _ = patches.shape
    cut = patches.reshape(*batch, rows, columns, side, side)
    return cut.swapaxes(-3, -2).reshape(*batch, rows * side, columns * side)
